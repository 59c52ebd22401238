"""``twist-scout boxes doctor``: what is wrong between a model's boxes and the truth, in words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twist_scout.cli import console, options

if TYPE_CHECKING:
    from rich.table import Table

    from twist_scout.boxes.doctor import Diagnosis, Joined, Score


def doctor(
    predictions: Annotated[
        Path, typer.Argument(help='JSONL: {"id", "text"}; width and height if the model was shown another size.')
    ],
    truth: Annotated[
        Path, typer.Argument(help='JSONL: {"id", "boxes", "width", "height"}, boxes x1, y1, x2, y2 in pixels.')
    ],
    dialect: Annotated[str, typer.Option(help="How you read the predictions today.")] = "pixels",
    frame: Annotated[
        str | None,
        typer.Option(
            help="The frame you read them in: stretched, padded or smart_resized. Without it, the dialect's own."
        ),
    ] = None,
    max_pixels: Annotated[
        int | None, typer.Option(min=1, help="Largest area of a smart-resized picture, for that reading.")
    ] = None,
    json: options.Json = False,
) -> None:
    """Say how a model's boxes are written, by comparing them with the truth.

    Every reading is tried: range of the numbers, frame (whole picture, padded,
    cropped, resized), order of x and y, corners or width and height, mirrored;
    then scale and offset. The one that fits best is named in words, next to
    what your reading reaches. Where none is better than chance, that is said.
    "sent_id" is understood for "id", and "bbox" for one box. The exit status
    is 0 where your reading is right, and 1 where it is not.

    Examples:
      twist-scout boxes doctor predictions.jsonl truth.jsonl
      twist-scout boxes doctor predictions.jsonl truth.jsonl --dialect qwen2.5-vl --json
    """
    from twist_scout.boxes.dialects import get_dialect
    from twist_scout.boxes.doctor import Verdict, diagnose
    from twist_scout.boxes.frame import make_frame

    get_dialect(dialect)  # unknown names are found before anything is read
    if frame is not None:
        make_frame(frame, width=1, height=1)
    result = diagnose(_joined(predictions, truth), dialect, frame, max_pixels)
    if json:
        console.print_json(result.to_dict())
    else:
        _show(result)
    raise typer.Exit(0 if result.verdict is Verdict.right else 1)


def _joined(predictions: Path, truth: Path) -> Joined:
    from twist_scout.boxes.doctor import join
    from twist_scout.errors import BadInput

    for path in (predictions, truth):
        try:
            path.open("rb").close()
        except OSError as error:
            raise BadInput(f"{path} cannot be read ({error.strerror or error}): check the path.") from error
    with predictions.open("rb") as written, truth.open("rb") as meant:
        return join(written, meant, (str(predictions), str(truth)))


def _show(result: Diagnosis) -> None:
    from twist_scout.boxes.doctor import Verdict

    screen = console.out()
    style = "green" if result.verdict is Verdict.right else "yellow"
    screen.print(result.sentence, style=style, markup=False, soft_wrap=True)
    if result.best is not None:
        screen.print(_table(result))
    for remark in _remarks(result):
        screen.print(remark, style="dim", markup=False, soft_wrap=True)


def _table(result: Diagnosis) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("reading", overflow="fold")
    table.add_column("mean IoU", justify="right")
    table.add_column("Acc@0.5", justify="right")

    def add(words: str, score: Score, style: str = "") -> None:
        row = (words, f"{score.mean_iou:.3f}", f"{score.accuracy:.3f}")
        table.add_row(*(Text(cell, style=style) for cell in row))

    frame = f" --frame {result.frame}" if result.frame else ""
    add(f"yours: --dialect {result.dialect}{frame}", result.declared, "bold")
    if result.best is not None:
        add(f"best: {result.best.reading}", result.best.score, "bold")
    for candidate in result.alike:
        add(f"as good: {candidate.reading}", candidate.score)
    for candidate in result.others:
        add(f"{candidate.reading}", candidate.score, "dim")
    return table


def _remarks(result: Diagnosis) -> list[str]:
    some = f" (a fixed random choice of {result.joined:,})" if result.joined > result.rows else ""
    remarks = [
        f"{result.boxes:,} true boxes of {result.rows - result.unread:,} rows{some}, {result.tried:,} readings tried; "
        f"boxes of other pictures reach a mean IoU of {result.chance:.3f}."
    ]
    counts = (
        (result.unread, "rows hold no four numbers"),
        (result.problems, f"rows hold numbers and no box that the dialect {result.dialect!r} can read"),
        (result.without_prediction, "ids are only in the truth"),
        (result.without_truth, "ids are only in the predictions"),
    )
    return remarks + [f"{count:,} {words}." for count, words in counts if count]
