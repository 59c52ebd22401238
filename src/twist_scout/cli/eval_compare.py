"""``twist-scout eval compare``: several prediction files side by side, with paired intervals of their differences."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twist_scout.cli import console, eval_options
from twist_scout.cli.printable import printable

if TYPE_CHECKING:
    from twist_scout.evaluation.reading import AnswerReader


def compare(
    task: Annotated[
        str,
        typer.Argument(
            metavar="TASK",
            help="referring, localization, captioning, rejection; vqa, textvqa, gqa, scienceqa, pope or mme.",
            show_default=False,
        ),
    ],
    predictions: Annotated[
        list[Path],
        typer.Argument(
            metavar="A B...", help="Prediction files; the others are compared with the first.", show_default=False
        ),
    ],
    truth: eval_options.Truth,
    dialect: Annotated[
        list[str] | None,
        typer.Option(
            "--dialect",
            "-d",
            metavar="NAME",
            help="How boxes are written: given once for all files, or once for each, in their order. Without it, as "
            "each file's .meta.json says, else scout.",
        ),
    ] = None,
    frame: eval_options.Frame = None,
    max_pixels: eval_options.MaxPixels = None,
    convention: Annotated[
        str | None,
        typer.Option("--convention", "-C", metavar="NAME", help="Of referring expressions; scout if not given."),
    ] = None,
    split: Annotated[str | None, typer.Option(help="Of the truth, where it has several.")] = None,
    boxes: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Of rejection on POPE: COCO's instances of the same pictures.")
    ] = None,
    mapper: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="Of captioning: the sentence transformer, or 'names' for the list alone."),
    ] = None,
    only_predicted: Annotated[
        bool, typer.Option("--only-predicted", help="Of captioning: compare on images with a caption in every file.")
    ] = False,
    images: eval_options.Images = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the resampling.")] = 0,
    skip_bad: eval_options.SkipBad = False,
    json: eval_options.Json = False,
    html: eval_options.Html = None,
) -> None:
    """Compare models on the same samples: could the difference be an accident?

    Every file is scored as by "twist-scout eval TASK" and compared with the
    first: the difference with its 95 % interval (the samples of both resampled
    together), p, and how many samples differ. Where every sample is right or
    wrong, McNemar's exact test stands beside it; of average precision, whole
    images are resampled. --html shows the samples that flip.

    Examples:
      twist-scout eval compare referring before.jsonl after.jsonl -t REC_refcoco_unc_val.jsonl
      twist-scout eval compare referring ours.jsonl qwen.jsonl -t refcoco --split val -d scout -d qwen2.5-vl
      twist-scout eval compare pope base.jsonl lora.jsonl twist.jsonl -t coco_pope_random.json --html flips.html
    """
    from twist_scout.evaluation.comparison import TaskOptions, compare, compared_cases, open_task

    html = eval_options.checked_html(html)
    names = _names(predictions)
    readers = _readers(predictions, dialect or [], frame, max_pixels)
    options = TaskOptions(
        convention=convention,
        split=split,
        images=images,
        boxes=boxes,
        mapper=mapper,
        only_predicted=only_predicted,
        skip_bad=skip_bad,
    )
    evaluator = open_task(task, truth, options)
    found = [evaluator.read(path, skip_bad=skip_bad) for path in predictions]
    for file in found:
        if file.left_out:
            remark = f"{file.left_out:,} lines of {file.path} were left out; the first: {file.first_problem}"
            console.err().print(printable(remark), style="yellow", markup=False, soft_wrap=True)
    scored = {name: evaluator.score(file, reader) for name, file, reader in zip(names, found, readers, strict=True)}
    result = compare(scored, seed=seed)
    eval_options.show(
        result,
        json=json,
        html=html,
        title=f"{task}: {' and '.join(names)}",
        cases=lambda: compared_cases(result, evaluator, found, readers, images),
    )


def _names(paths: Sequence[Path]) -> list[str]:
    """What to call the files: as short as tells them apart.

    Raises:
        BadInput: there is one file only, or the same one twice.
    """
    from twist_scout.errors import BadInput

    if len(paths) < 2:
        raise BadInput("A comparison needs two prediction files or more.")
    if len({path.resolve() for path in paths}) < len(paths):
        raise BadInput("The same prediction file was given twice: name different ones.")
    for names in ([path.stem for path in paths], [f"{path.parent.name}/{path.stem}" for path in paths]):
        if len(set(names)) == len(names):
            return names
    return [str(path) for path in paths]


def _readers(
    paths: Sequence[Path], dialects: Sequence[str], frame: str | None, max_pixels: int | None
) -> list[AnswerReader]:
    """How the answers of each file are read.

    Raises:
        BadConfig: there are neither one dialect nor one for each file, or there is no such dialect.
    """
    from twist_scout.cli.eval_reader import answer_reader
    from twist_scout.errors import BadConfig

    if len(dialects) not in (0, 1, len(paths)):
        raise BadConfig(f"{len(dialects)} dialects for {len(paths)} files: give one for all, or one for each.")
    each: Sequence[str | None] = (
        list(dialects) * len(paths) if len(dialects) == 1 else list(dialects) or [None] * len(paths)
    )
    return [answer_reader(path, name, frame, max_pixels) for path, name in zip(paths, each, strict=True)]
