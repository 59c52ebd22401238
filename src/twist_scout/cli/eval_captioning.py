"""``twist-scout eval captioning``: captions with boxes scored as detections, the paper's protocol (§5.2, Table 2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twist_scout.cli import console, eval_options
from twist_scout.cli.printable import printable

if TYPE_CHECKING:
    from twist_scout.evaluation.captioning import LlmExtraction, PhraseMapper
    from twist_scout.evaluation.captioning.collecting import Extract, Progress
    from twist_scout.evaluation.captioning.disk_cache import DiskCache

_NAMES = "names"  # no sentence transformer
_PROTOCOL, _EXTRACTION = "The protocol", "Finding names with a language model"


class PolicyName(StrEnum):
    """What ranks the boxes."""

    constant = "constant"
    given = "given"
    area = "area"


class ExtractName(StrEnum):
    """Who finds which words name which boxes."""

    rules = "rules"
    llm = "llm"


def captioning(
    predictions: eval_options.Predictions,
    truth: Annotated[
        Path,
        typer.Option(
            "--truth",
            "-t",
            metavar="FILE",
            help="COCO's instances_*.json, or truth.jsonl of drawn scenes.",
            show_default=False,
        ),
    ],
    dialect: eval_options.DialectOrSidecar = None,
    frame: eval_options.Frame = None,
    max_pixels: eval_options.MaxPixels = None,
    only_predicted: Annotated[
        bool,
        typer.Option(
            "--only-predicted", help="Score only images with a prediction; else all objects of the others are missed."
        ),
    ] = False,
    score_policy: Annotated[
        PolicyName,
        typer.Option(
            help="What ranks boxes: constant (ties in the order of image ids, then of mention), given (the predictions' "
            "own score), area (large boxes first).",
            rich_help_panel=_PROTOCOL,
        ),
    ] = PolicyName.constant,
    mapper: Annotated[
        str,
        typer.Option(
            metavar="MODEL",
            help="Sentence transformer that compares names with class labels: a hub name or a folder; or 'names', for the "
            "list of names alone.",
            rich_help_panel=_PROTOCOL,
        ),
    ] = "all-MiniLM-L6-v2",
    threshold: Annotated[
        float, typer.Option(min=-1, max=1, help="Cosine from which a name is a class.", rich_help_panel=_PROTOCOL)
    ] = 0.7,
    names: Annotated[
        bool,
        typer.Option(
            "--names/--no-names",
            help="Look names up in the list (man is person) before they are compared; without it, similarity alone.",
            rich_help_panel=_PROTOCOL,
        ),
    ] = True,
    override: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="YAML or JSON, phrase: class (null for none), before all else.",
            rich_help_panel=_PROTOCOL,
        ),
    ] = None,
    orders: Annotated[
        int, typer.Option(min=0, max=10_000, help="Random orders of equal scores to try.", rich_help_panel=_PROTOCOL)
    ] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Of those orders.", rich_help_panel=_PROTOCOL)] = 0,
    extract: Annotated[
        ExtractName, typer.Option(help="Who finds which words name which boxes.", rich_help_panel=_EXTRACTION)
    ] = ExtractName.rules,
    llm: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="For --extract llm: openai:NAME@URL for any server of that protocol, or hf:FOLDER.",
            rich_help_panel=_EXTRACTION,
        ),
    ] = None,
    prompt: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A prompt of your own for it, YAML.", rich_help_panel=_EXTRACTION),
    ] = None,
    concurrency: Annotated[
        int, typer.Option(min=1, help="Requests under way at an endpoint.", rich_help_panel=_EXTRACTION)
    ] = 16,
    images: eval_options.Images = None,
    skip_bad: eval_options.SkipBad = False,
    json: eval_options.Json = False,
    html: eval_options.Html = None,
) -> None:
    """Score captions with boxes as detections: COCO's AP, and what stands behind it.

    Each phrase with boxes becomes a class: by the list of names, else by the
    similarity of its name to the class labels; a phrase like no class counts
    neither for nor against. The boxes are then scored as a detector's. Captions
    have no confidences, so equal scores are ranked again at random: the spread
    is how much of the number is chance.

    Beside it: precision, recall and F1 without scores, objects per image,
    hallucinated objects (CHAIR), why objects were missed, and the names without
    a class, to be corrected with --override. A prediction's id is the id or the
    file name of its image.

    Examples:
      twist-scout eval captioning -p captions.jsonl -t instances_val2017.json
      twist-scout eval captioning -p shikra.jsonl -t instances_val2014.json -d shikra --only-predicted
      twist-scout eval captioning -p p.jsonl -t instances_val2017.json --override names.yaml --html p.html --images val2017
      twist-scout eval captioning -p p.jsonl -t instances_val2017.json --extract llm --llm openai:NAME@URL --json
    """
    from twist_scout.cli.eval_reader import answer_reader
    from twist_scout.errors import BadConfig
    from twist_scout.evaluation.captioning import (
        captioning_cases,
        captioning_records,
        evaluate_captioning,
        read_annotations,
    )
    from twist_scout.evaluation.captioning.collecting import by_rules

    html = eval_options.checked_html(html)
    if (extract is ExtractName.llm) != (llm is not None):
        raise BadConfig("A language model finds names with --extract llm and --llm MODEL: give both, or neither.")
    reader = answer_reader(predictions, dialect, frame, max_pixels)
    answers = eval_options.read_predictions(predictions, skip_bad=skip_bad)
    annotations = read_annotations(truth)
    records, joined = captioning_records(annotations, answers, only_predicted=only_predicted)
    _say_missing(len(joined.missing), len(annotations.images), only_predicted)
    mapping = _mapper(mapper, annotations.classes, threshold, names, override)
    with _extraction(llm, prompt, concurrency) as asked, _progress() as told:
        found: Extract = by_rules if asked is None else asked
        result = evaluate_captioning(
            records,
            mapping,
            score_policy=score_policy.value,
            reader=reader,
            classes=annotations.classes,
            extract=found,
            orders=orders,
            seed=seed,
            unknown=len(joined.unknown),
            left_aside=len(joined.missing) if only_predicted else 0,
            progress=told,
        )
        _say_cache(mapping.cache, None if asked is None else asked.cache)
    eval_options.show(
        result,
        json=json,
        html=html,
        title="Grounded captioning",
        cases=lambda: captioning_cases(result, records, reader, images),
    )


def _say_missing(missing: int, images: int, only_predicted: bool) -> None:
    if missing and not only_predicted:
        remark = (
            f"{missing:,} of {images:,} images have no prediction, and all their objects count as missed; "
            "--only-predicted leaves them aside."
        )
        console.err().print(remark, style="yellow", markup=False, soft_wrap=True)


def _say_cache(*caches: DiskCache | None) -> None:
    for cache in caches:
        if cache is not None and cache.problem:
            remark = f"Nothing was kept for the next run: {cache.problem}."
            console.err().print(printable(remark), style="dim", markup=False, soft_wrap=True)


def _mapper(model: str, classes: Sequence[str], threshold: float, names: bool, override: Path | None) -> PhraseMapper:
    from twist_scout.errors import BadConfig
    from twist_scout.evaluation.captioning import PhraseMapper, SentenceEncoder, coco_names, read_overrides

    if model == _NAMES and not names:
        raise BadConfig("With --mapper names and --no-names no name has a class: leave one of them out.")
    overrides = None if override is None else read_overrides(override, classes)
    encoder = None if model == _NAMES else SentenceEncoder(model)
    listed = coco_names(tuple(classes)) if names else None
    return PhraseMapper(classes, encoder, threshold=threshold, names=listed, overrides=overrides)


@contextmanager
def _extraction(llm: str | None, prompt: Path | None, concurrency: int) -> Iterator[LlmExtraction | None]:
    """The language model that finds names, where one is wanted; its replies are kept in the user's cache."""
    if llm is None:
        yield None
        return
    from twist_scout.cli.judge_backend import BackendJudge
    from twist_scout.evaluation.captioning import LlmExtraction
    from twist_scout.evaluation.captioning.disk_cache import DiskCache, cache_folder
    from twist_scout.evaluation.captioning.llm_extraction import Turn, read_prompt, reply_tokens
    from twist_scout.evaluation.judging import JudgeRequest
    from twist_scout.scout.backends import BackendOptions, make_backend

    told = None if prompt is None else read_prompt(prompt)
    backend = make_backend(llm, BackendOptions(concurrency=concurrency), sees=False)
    with BackendJudge(backend) as asked:

        def ask(conversations: Sequence[Sequence[Turn]]) -> Iterator[tuple[int, str | None]]:
            requests = [
                JudgeRequest(str(number), tuple(turns), max_tokens=reply_tokens(turns))
                for number, turns in enumerate(conversations)
            ]
            for reply in asked.ask(requests):
                yield int(reply.key), None if reply.problem else reply.text

        yield LlmExtraction(ask, asked.name, told, DiskCache(cache_folder() / "extractions.sqlite"))


@contextmanager
def _progress() -> Iterator[Progress]:
    """A bar for each stage."""
    with console.progress() as bar:
        tasks = {}

        def told(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(printable(stage), total=total)
            bar.update(tasks[stage], completed=done, total=total)

        yield told
