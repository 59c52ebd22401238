"""How the answers of a prediction file are to be read: as the user says, else as its sidecar does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from twist_scout.cli import console
from twist_scout.cli.printable import printable

if TYPE_CHECKING:
    from twist_scout.evaluation.reading import AnswerReader

DIALECT = "scout"


def answer_reader(
    predictions: Path, dialect: str | None = None, frame: str | None = None, max_pixels: int | None = None
) -> AnswerReader:
    """A reader of the answers of a file.

    What the user gives counts. Where nothing is given, the sidecar that ``twist-scout predict`` wrote beside the file tells
    the dialect and the frame; without one, answers are in the ``scout`` dialect. What was taken from the sidecar, or goes
    against it, is said on stderr.

    Args:
        predictions: the file.
        dialect: how boxes are written; None if the user did not say.
        frame: how the model saw pictures; None if the user did not say.
        max_pixels: limit on the area of a smart-resized picture.

    Raises:
        BadConfig: there is no such dialect.
        BadInput: the sidecar cannot be read.
    """
    from twist_scout.boxes.dialects import get_dialect
    from twist_scout.evaluation.reading import AnswerReader
    from twist_scout.predicting.sidecar import read_sidecar, sidecar_path

    if dialect is not None:
        get_dialect(dialect)
    sidecar = read_sidecar(predictions)
    if sidecar is None:
        return AnswerReader(dialect or DIALECT, frame, max_pixels)
    name = sidecar_path(predictions).name
    written = f"dialect {sidecar.dialect}, pictures seen {(sidecar.frame or 'as usual').replace('_', '-')}"
    if dialect is None and frame is None and max_pixels is None:
        _say(f"Read as {name} says: {written}.", "dim")
        return sidecar.reader()
    if dialect not in (None, sidecar.dialect) or frame not in (None, sidecar.frame):
        _say(f"{name} says otherwise than you do: {written}.", "yellow")
    elif frame is None and max_pixels is None:
        return sidecar.reader()  # the same dialect was named
    return AnswerReader(dialect or sidecar.dialect, frame or sidecar.frame, max_pixels)


def _say(text: str, style: str) -> None:
    console.err().print(printable(text), style=style, markup=False, soft_wrap=True)
