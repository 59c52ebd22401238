"""``twist-scout eval referring``: referring accuracy of a prediction file, under any convention."""

from __future__ import annotations

import json as json_module
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twist_scout.cli import console
from twist_scout.cli import eval_options as shared
from twist_scout.cli.eval_reader import answer_reader
from twist_scout.cli.printable import printable

if TYPE_CHECKING:
    from twist_scout.evaluation.referring import Flip, ReferringResult

_SUSPICIOUS = 0.02  # accuracy


class TruthBoxes(StrEnum):
    """Which boxes of a phrase with several count."""

    merged = "merged"
    any = "any"


def referring(
    predictions: shared.Predictions,
    truth: Annotated[
        Path,
        typer.Option(
            "--truth",
            "-t",
            metavar="FILE",
            help="What was meant: RefCOCO's refs(...).p (instances.json beside it) or its folder; files of Shikra, OFA, "
            "Qwen-VL, MDETR, Ferret or lmms-eval; the folder of Flickr30k Entities; truth.jsonl of drawn scenes; your own rows.",
            show_default=False,
        ),
    ],
    dialect: shared.DialectOrSidecar = None,
    convention: Annotated[
        str,
        typer.Option(
            "--convention",
            "-C",
            metavar="NAME",
            help="scout, shikra, ferret, kosmos2, qwen, lmms-eval, lmms-eval-grounding, vlmevalkit, pin or oracle.",
        ),
    ] = "scout",
    all_conventions: Annotated[
        bool, typer.Option("--all-conventions", help="Score under all of them, and say which answers flip and why.")
    ] = False,
    flips: Annotated[
        Path | None,
        typer.Option("--flips", metavar="FILE", help="Write every flip as JSONL; implies --all-conventions."),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain-conventions", help="Print what each convention does, and its source, first.")
    ] = False,
    form: Annotated[
        str | None,
        typer.Option(
            help="The truth's form, where it cannot be told: refer, shikra, qwen, lmms, mdetr, ofa, flickr, phrases, "
            "table, scenes or records."
        ),
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="Which split to score, or all; needed where the truth has several.")
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(help="Which data set to score, such as refcoco+; needed where ids are those of several."),
    ] = None,
    boxes: Annotated[
        TruthBoxes,
        typer.Option(help="Of a phrase with several boxes: the box around them counts, or the best of any."),
    ] = TruthBoxes.merged,
    annotations: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="COCO's instances of the pictures, to tell expressions apart by how many things of the class there are.",
        ),
    ] = None,
    images: shared.Images = None,
    frame: shared.Frame = None,
    max_pixels: shared.MaxPixels = None,
    skip_bad: shared.SkipBad = False,
    json: shared.Json = False,
    html: shared.Html = None,
) -> None:
    """Score answers to referring expressions: Acc@0.5, mIoU, the curve, strata.

    An answer is joined to its expression by "id", which is the truth's sent_id
    where it has one. Expressions without an answer count as misses.

    The same answers score differently from evaluator to evaluator: which box
    counts, what its numbers mean, whether an IoU of exactly 0.5 is a hit. Each
    is a convention here; --all-conventions shows them side by side.

    Examples:
      twist-scout eval referring -p predictions.jsonl -t REC_refcoco_unc_val.jsonl
      twist-scout eval referring -p P.jsonl -t refcoco --split val -d shikra -C shikra
      twist-scout eval referring -p P.jsonl -t refcoco --split val --all-conventions --html report.html --images coco
      twist-scout eval referring -p P.jsonl -t flickr30k_entities --split test --boxes any -d ferret
    """
    from twist_scout.boxes.dialects import get_dialect
    from twist_scout.boxes.frame import make_frame
    from twist_scout.evaluation import referring as room

    if dialect is not None:
        get_dialect(dialect)  # unknown names are found before anything is read
    if frame is not None:
        make_frame(frame, width=1, height=1)
    rule = room.get_convention(convention)
    page = shared.checked_html(html)
    if flips is not None:
        console.make_folder(flips.parent)
    if explain:
        _explain()
    found = shared.read_predictions(predictions, skip_bad=skip_bad)
    meant = room.read_truth(
        truth,
        form=form,
        split=split,
        dataset=dataset,
        images=images,
        annotations=annotations,
        boxes=boxes.value,
        skip_bad=skip_bad,
    )
    if meant.left_out:
        remark = f"{meant.left_out:,} rows of {truth} were left out; the first: {meant.first_problem}"
        console.err().print(printable(remark), style="yellow", markup=False, soft_wrap=True)
    samples = room.from_predictions(meant, found)
    scorer = room.Scorer(samples, answer_reader(predictions, dialect, frame, max_pixels))
    base, others = room.outcomes_of(scorer, rule, all_conventions=all_conventions or flips is not None)
    result = room.result_of(scorer, base, others)
    if flips is not None:
        _write_flips(flips, result.flips)
    _doubt(result, predictions, truth)
    shared.show(
        result,
        json=json,
        html=page,
        title=f"Referring expressions: {predictions.name}",
        cases=lambda: room.referring_cases(samples, base, others, images or truth.parent),
    )


def _doubt(result: ReferringResult, predictions: Path, truth: Path) -> None:
    """Say where to look if a score is so low that the reading may be at fault and not the model."""
    answered = result.total - result.missing
    if 2 * result.reading.failed > answered:
        what = f"Most answers hold no box as the dialect {result.dialect!r} writes them"
    elif result.accuracy < _SUSPICIOUS:
        what = f"Next to nothing is right, read as {result.dialect!r}"
    else:
        return
    remedy = f"twist-scout boxes doctor {predictions} {truth} finds out how the boxes are written"
    console.err().print(printable(f"{what}: {remedy}."), style="yellow", markup=False, soft_wrap=True)


def _explain() -> None:
    """On stderr, so that JSON stays alone on stdout."""
    from rich.padding import Padding
    from rich.text import Text

    from twist_scout.evaluation.referring import CONVENTIONS

    screen = console.err()
    for convention in CONVENTIONS.values():
        screen.print(convention.name, style="bold", markup=False)
        screen.print(Padding(Text(convention.sentence), (0, 0, 0, 2)))
        screen.print(Padding(Text(f"Source: {convention.source}", style="dim"), (0, 0, 0, 2)))


def _write_flips(path: Path, found: Sequence[Flip]) -> None:
    text = "".join(json_module.dumps(flip.to_dict()) + "\n" for flip in found)
    console.write_whole(path, text)
    console.err().print(f"{len(found):,} flips are in {printable(path)}.", markup=False, soft_wrap=True)
