"""``twist-scout scout build``: from captioned pictures to verified grounded chain-of-thought data."""

from __future__ import annotations

from typing import Any

import typer

from twist_scout.cli import build_options, console, options
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
from twist_scout.cli.build_options import RULES, Instructions
from twist_scout.cli.build_settings import chosen_checks, contents_mark
from twist_scout.cli.repeat import command_line
from twist_scout.errors import BadConfig

#: Options that have no say in the records.
_BESIDE = frozenset(
    "json restart retry_failed engine ray_address workers max_workers cpus_per_worker gpus_per_worker".split()
)


def build(
    context: typer.Context,
    source: build_options.Source,
    out: options.Out,
    llm: build_options.Llm = RULES,
    mllm: build_options.Mllm = RULES,
    dialect: build_options.DialectName = None,
    frame: build_options.SeenFrame = None,
    instructions: build_options.HowMuchTold = Instructions.auto,
    device: build_options.DeviceName = None,
    batch_size: build_options.BatchSize = 8,
    positives: build_options.Positives = 4,
    negatives: build_options.Negatives = 1,
    samples: build_options.Samples = 1,
    ask_absence: build_options.AskAbsence = False,
    prompts: build_options.PromptFolder = None,
    checks: build_options.CheckNames = "all",
    iou: build_options.Overlap = 0.5,
    timeout: build_options.Timeout = 120.0,
    tries: build_options.Tries = 6,
    requests_per_minute: build_options.RequestsPerMinute = None,
    tokens_per_minute: build_options.TokensPerMinute = None,
    token_budget: build_options.TokensInAll = None,
    picture_side: build_options.PictureSide = None,
    llm_key_env: build_options.LlmKey = "OPENAI_API_KEY",
    mllm_key_env: build_options.MllmKey = "OPENAI_API_KEY",
    images: build_options.Images = None,
    copy_images: build_options.CopyImages = False,
    seed: build_options.Seed = 0,
    limit: build_options.Limit = None,
    concurrency: build_options.Concurrency = 16,
    restart: build_options.Restart = False,
    retry_failed: build_options.RetryFailed = False,
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
      twist-scout scout build scenes --out data2 --mllm pocket --ask-absence
      twist-scout scout build flickr30k:FOLDER --out data3
          --llm openai:mixtral@http://localhost:8000 --mllm hf:my-vlm/
      twist-scout scout build scenes --out data4 --engine ray --workers 2
    """
    from twist_scout.boxes.dialects import get_dialect
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
    if dialect is not None:
        get_dialect(dialect)  # a wrong name shows before a model is loaded
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
    adapted = mllm == "pocket" or (mllm.startswith("hf:") and "+" in mllm)
    trained = adapted if instructions is Instructions.auto else instructions is Instructions.none
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
        ask_absence=ask_absence,
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
