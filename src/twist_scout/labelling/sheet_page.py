"""The contact sheet as a page: every picture with its boxes, doubtful ones first, and a mark for each box that is wrong.

The page holds all its pictures and asks no network. What is marked on it is saved as a file that ``--review`` takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from twist_scout import __version__
from twist_scout.errors import BadInput
from twist_scout.labelling.labels import LabelledBox, LabelledPicture, Labels
from twist_scout.labelling.report import Report
from twist_scout.pages.drawing import COLORS, Drawn, large_first
from twist_scout.pages.pictures import PictureReader
from twist_scout.pages.rendering import render

_ROOM = "twist_scout.labelling"
#: Pixels of a picture's longer side on the page.
_SIDE = 512
_LONGEST_TAG = 20
_LONGEST_LIST = 50


@dataclass(frozen=True, slots=True)
class ClassBox(Drawn):
    """A box in the colour of its class.

    Attributes:
        label: the number of the class.
        corners: in pixels, as the review names them.
    """

    label: int = 0
    corners: str = ""

    @property
    def color(self) -> int:
        """The number of its colour."""
        return self.label % COLORS


@dataclass(frozen=True, slots=True)
class Chip:
    """A class in a picture.

    Attributes:
        label: its number.
        name: its name.
        boxes: numbers of its boxes.
        score: that of the least sure one, to be read; empty without.
    """

    label: int
    name: str
    boxes: tuple[int, ...]
    score: str

    @property
    def color(self) -> int:
        """The number of its colour."""
        return self.label % COLORS


@dataclass(frozen=True, slots=True)
class Tile:
    """A picture on the sheet.

    Attributes:
        picture: with its labels.
        boxes: large ones first.
        chips: its classes.
        url: the picture; None where there is none, and ``problem`` says why.
        problem: see there.
    """

    picture: LabelledPicture
    boxes: tuple[ClassBox, ...]
    chips: tuple[Chip, ...]
    url: str | None
    problem: str


def doubtful_first(pictures: Sequence[LabelledPicture]) -> list[LabelledPicture]:
    """In the order in which a person should look: two classes in one place, then low scores, then pictures without boxes."""
    return sorted(pictures, key=lambda one: (not one.boxes, not one.contested, one.lowest, one.name))


def write_page(path: Path, labels: Labels, report: Report, pictures: Path, *, most: int) -> None:
    """Write the page.

    Args:
        path: the HTML file.
        labels: of the folder.
        report: its numbers.
        pictures: the user's folder.
        most: pictures to show.

    Raises:
        BadInput: the file cannot be written.
    """
    reader = PictureReader(pictures, _SIDE)
    shown = doubtful_first(labels.pictures)[:most]
    unreadable = sorted(report.unreadable.items())
    page = render(
        _ROOM,
        "sheet",
        scripts=("lighting.js", "sheet.js"),
        title=pictures.resolve().name or "pictures",
        tiles=[_tile(picture, labels, reader) for picture in shown],
        total=len(labels.pictures),
        report=report,
        classes=[(number, one) for number, one in enumerate(report.classes)],
        unreadable=unreadable[:_LONGEST_LIST],
        more_unreadable=max(0, len(unreadable) - _LONGEST_LIST),
        scored=any(box.score is not None for picture in shown for box in picture.boxes),
        version=__version__,
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{path} cannot be written ({error.strerror or error}): give another --sheet.") from error


def _tile(picture: LabelledPicture, labels: Labels, reader: PictureReader) -> Tile:
    boxes = [_drawn(number, box, labels) for number, box in enumerate(picture.boxes)]
    chips = []
    for label in dict.fromkeys(box.label for box in picture.boxes):
        numbers = tuple(number for number, box in enumerate(picture.boxes) if box.label == label)
        scores = [picture.boxes[number].score for number in numbers]
        known = [score for score in scores if score is not None]
        chips.append(Chip(label, labels.classes[label], numbers, f"{100 * min(known):.0f} %" if known else ""))
    return Tile(picture, large_first(boxes), tuple(chips), *reader.url(picture.name))  # type: ignore[arg-type]


def _drawn(number: int, box: LabelledBox, labels: Labels) -> ClassBox:
    x1, y1, x2, y2 = box.box
    name = labels.classes[box.label]
    score = "" if box.score is None else f", {100 * box.score:.0f} % sure"
    contested = "; another class is in the same place" if box.contested else ""
    return ClassBox(
        number,
        x1,
        y1,
        round(x2 - x1, 2),
        round(y2 - y1, 2),
        look="contested" if box.contested else "",
        tag=shortened_tag(name),
        title=f"{name}{score}{contested}",
        label=box.label,
        corners=" ".join(f"{value:g}" for value in box.box),
    )


def shortened_tag(name: str) -> str:
    """A class name as a tag on a picture has room for it."""
    return name if len(name) <= _LONGEST_TAG else f"{name[: _LONGEST_TAG - 1]}…"
