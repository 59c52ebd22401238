"""``twist-scout scout build``: from captioned pictures to verified grounded chain-of-thought data."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from twist_scout.cli import console, options
from twist_scout.cli.build_engine import (
    ChosenEngine,
    CpusPerWorker,
    EngineName,
    GpusPerWorker,
    MaxWorkers,
    RayAddress,
    Workers,
    opened,
    ray_options,
)
from twist_scout.cli.build_settings import chosen_checks, contents_mark
from twist_scout.cli.repeat import command_line
from twist_scout.errors import BadConfig

RULES = "rules"
_MODELS, _DATA, _ENDPOINTS, _RUN = "Models", "Questions and checks", "Endpoints", "The run"
#: Options that have no say in the records.
_BESIDE = frozenset(
    "json restart retry_failed engine ray_address workers max_workers cpus_per_worker gpus_per_worker".split()
)


class FrameName(StrEnum):
    """What a model sees of a picture."""

    stretched = "stretched"
    padded = "padded"
    smart_resized = "smart_resized"


class Instructions(StrEnum):
    """How much the MLLM is told."""

    auto = "auto"
    full = "full"
    none = "none"


def build(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="Captioned or annotated pictures: a path whose kind can be told, or KIND:PATH (flickr30k, coco, vg, "
            "shikra, table, folder, toyworld).",
            show_default=False,
        ),
    ],
    out: options.Out,
    llm: Annotated[
        str,
        typer.Option(
            metavar="MODEL",
            help="Who writes questions: rules (exact, from annotations), openai:NAME@URL, or hf:FOLDER.",
            rich_help_panel=_MODELS,
        ),
    ] = RULES,
    mllm: Annotated[
        str,
        typer.Option(
            metavar="MODEL",
            help="Who sees the picture and answers: rules, openai:NAME@URL, hf:FOLDER, hf:FOLDER+ADAPTER, or pocket.",
            rich_help_panel=_MODELS,
        ),
    ] = RULES,
    dialect: Annotated[
        str | None,
        typer.Option(
            help="How the MLLM writes boxes. Without it, what its backend says, else scout.", rich_help_panel=_MODELS
        ),
    ] = None,
    frame: Annotated[
        FrameName | None,
        typer.Option(
            help="What an endpoint's MLLM sees of a picture; stretched if not given.", rich_help_panel=_MODELS
        ),
    ] = None,
    instructions: Annotated[
        Instructions,
        typer.Option(
            help="Tell the MLLM how to answer (full), or just ask, as one trained on such data needs it (none). auto: "
            "none for pocket and adapters.",
            rich_help_panel=_MODELS,
        ),
    ] = Instructions.auto,
    device: Annotated[
        str | None,
        typer.Option(
            help="For models in this process: cpu, cuda, ...; without it a GPU if any.", rich_help_panel=_MODELS
        ),
    ] = None,
    batch_size: Annotated[
        int, typer.Option(min=1, help="For models in this process: requests per batch.", rich_help_panel=_MODELS)
    ] = 8,
    positives: Annotated[
        int, typer.Option(min=0, help="Questions per picture about what is there.", rich_help_panel=_DATA)
    ] = 4,
    negatives: Annotated[
        int, typer.Option(min=0, help="Questions per picture about what is not there.", rich_help_panel=_DATA)
    ] = 1,
    samples: Annotated[
        int,
        typer.Option(
            min=1,
            help="Answers per question. With more than one, a majority must agree (self-consistency).",
            rich_help_panel=_DATA,
        ),
    ] = 1,
    prompts: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Your own prompts in place of the shipped ones.", rich_help_panel=_DATA),
    ] = None,
    checks: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="all; none, for raw data; names with commas between them; or all but some: all,-annotation.",
            rich_help_panel=_DATA,
        ),
    ] = "all",
    iou: Annotated[
        float,
        typer.Option(
            min=0.01, max=1, help="Overlap that a box needs with the annotation of its phrase.", rich_help_panel=_DATA
        ),
    ] = 0.5,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds for one try.", rich_help_panel=_ENDPOINTS)] = 120.0,
    tries: Annotated[
        int, typer.Option(min=1, help="How often a request is sent at most.", rich_help_panel=_ENDPOINTS)
    ] = 6,
    requests_per_minute: Annotated[
        float | None, typer.Option(min=0.01, help="To each endpoint.", rich_help_panel=_ENDPOINTS)
    ] = None,
    tokens_per_minute: Annotated[
        float | None, typer.Option(min=1, help="To and from each endpoint.", rich_help_panel=_ENDPOINTS)
    ] = None,
    token_budget: Annotated[
        int | None,
        typer.Option(min=1, help="Stop, with a report, when so many tokens are used.", rich_help_panel=_ENDPOINTS),
    ] = None,
    picture_side: Annotated[
        int | None,
        typer.Option(
            min=16, help="Shrink larger pictures to so many pixels before sending.", rich_help_panel=_ENDPOINTS
        ),
    ] = None,
    llm_key_env: Annotated[
        str, typer.Option(metavar="NAME", help="Environment variable with the LLM's key.", rich_help_panel=_ENDPOINTS)
    ] = "OPENAI_API_KEY",
    mllm_key_env: Annotated[
        str, typer.Option(metavar="NAME", help="Environment variable with the MLLM's key.", rich_help_panel=_ENDPOINTS)
    ] = "OPENAI_API_KEY",
    images: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Where the pictures are, if not where the source has them.", rich_help_panel=_RUN
        ),
    ] = None,
    copy_images: Annotated[
        bool,
        typer.Option(
            "--copy-images",
            help="Copy the pictures of records to OUT/images. Without it, records name them by path.",
            rich_help_panel=_RUN,
        ),
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the run.", rich_help_panel=_RUN)] = 0,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="Only the first so many pictures; raise it later to go on.", rich_help_panel=_RUN),
    ] = None,
    concurrency: Annotated[
        int,
        typer.Option(
            min=1,
            help="Pictures under way at once (on Ray, in each worker), and requests to each endpoint.",
            rich_help_panel=_RUN,
        ),
    ] = 16,
    restart: Annotated[
        bool, typer.Option("--restart", help="Throw away what an earlier run left in OUT.", rich_help_panel=_RUN)
    ] = False,
    retry_failed: Annotated[
        bool,
        typer.Option(
            "--retry-failed",
            help="Do pictures again whose model gave no reply in an earlier run.",
            rich_help_panel=_RUN,
        ),
    ] = False,
    engine: ChosenEngine = EngineName.local,
    ray_address: RayAddress = None,
    workers: Workers = None,
    max_workers: MaxWorkers = None,
    cpus_per_worker: CpusPerWorker = None,
    gpus_per_worker: GpusPerWorker = None,
    json: options.Json = False,
) -> None:
    """Make grounded chain-of-thought data from SOURCE: questions, step-by-step answers with boxes, checks.

    Writes to OUT: train.jsonl (records that passed all checks), rejects.jsonl
    (the others, each with its reason), report.json and a card, README.md.
    Killed at any moment, the same command goes on where it was; with models
    that always say the same, the files are those of a run that was never killed.

    Examples:
      twist-scout toyworld sample --out scenes --count 100 --split train
      twist-scout scout build scenes --out data
      twist-scout scout build scenes --out data2 --mllm pocket
      twist-scout scout build flickr30k:FOLDER --out data3
          --llm openai:mixtral@http://localhost:8000 --mllm hf:my-vlm/
      twist-scout scout build scenes --out data4 --engine ray --workers 2
    """
    from twist_scout.cli.build_progress import BuildProgress
    from twist_scout.cli.build_table import show, tell_how_to_go_on
    from twist_scout.scout.backends import BackendDown, BackendOptions, TokenBudget
    from twist_scout.scout.card import write_card
    from twist_scout.scout.checks import DuplicateGuard
    from twist_scout.scout.pipeline import build_with
    from twist_scout.scout.sources import open_source
    from twist_scout.scout.stages_spec import StagesSpec

    if positives + negatives == 0:
        raise BadConfig("There is nothing to do: --positives and --negatives are both 0.")
    chosen = chosen_checks(checks, iou)
    ray = ray_options(engine, ray_address, workers, max_workers, cpus_per_worker, gpus_per_worker, concurrency)
    items = open_source(source, images=images)
    budget = TokenBudget(token_budget)
    common: dict[str, Any] = {
        "concurrency": concurrency,
        "requests_per_minute": requests_per_minute,
        "tokens_per_minute": tokens_per_minute,
        "timeout": timeout,
        "tries": tries,
        "longest_side": picture_side,
        "device": device,
        "batch_size": batch_size,
        "budget": budget,
    }
    asks = BackendOptions(key_variable=llm_key_env, **common)
    sees = BackendOptions(
        key_variable=mllm_key_env, dialect=dialect, frame=frame.value if frame is not None else None, **common
    )
    console.make_folder(out)
    trained = (
        mllm == "pocket" or "+" in mllm if instructions is Instructions.auto else instructions is Instructions.none
    )
    spec = StagesSpec(
        out=out,
        llm=llm,
        mllm=mllm,
        asks=asks,
        sees=sees,
        positives=positives,
        negatives=negatives,
        samples=samples,
        prompts=prompts,
        trained=trained,
        checks=chosen,
        seed=seed,
        copy_images=copy_images,
    )
    settings = {
        "positives": positives,
        "negatives": negatives,
        "samples": samples,
        "checks": chosen.model_dump(mode="json") | {"skip": sorted(chosen.skip)},
        "dialect": dialect,
        "frame": frame,
        "instructions": "none" if trained else "full",
        "picture_side": picture_side,
        "prompt_files": contents_mark(prompts),
    }
    try:
        with BuildProgress() as progress, opened(spec, ray, concurrency, progress.note) as made:
            report = build_with(
                made.stages,
                items,
                out,
                dedupe=(lambda: DuplicateGuard(chosen.similar)) if checks.strip() != "none" else None,
                concurrency=made.capacity,
                limit=limit,
                settings=settings,
                restart=restart,
                retry=retry_failed,
                progress=progress,
                closing=made.closing,
            )
    except BackendDown as error:
        raise BackendDown(f"{error} What is finished is kept in {out}: run the same command again to go on.") from error
    if report.written:
        write_card(out, command_line(context, leave_out=_BESIDE))
    if json:
        console.print_json(report.model_dump(mode="json"))
    elif report.written:
        show(report, out)
    tell_how_to_go_on(report, out)
    if report.stopped == "interrupted":
        raise typer.Exit(130)
