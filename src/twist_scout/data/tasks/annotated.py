"""What the builders of training records need to know of an annotated picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from twist_scout.data.records import PixelBox

#: An answer with more boxes teaches little but to go on.
MOST_BOXES = 12
#: Boxes whose tops differ by less than this share of the picture's height are in one line of the reading order.
LINE = 0.25


class NamedThing(Protocol):
    """A thing in a picture: a name, and the numbers of its boxes."""

    @property
    def name(self) -> str:
        """A class (``dog``) or a phrase (``a red minivan``)."""

    @property
    def boxes(self) -> Sequence[int]:
        """Indexes into the picture's boxes."""


class AnnotatedPicture(Protocol):
    """A picture with names and boxes, as the readers of annotated data give it.

    ``complete`` lists the names of which every instance is annotated; a class of which some are only marked as a crowd is
    not among them.
    """

    @property
    def id(self) -> str:
        """Unique within its source."""

    @property
    def source(self) -> str:
        """The source's name."""

    @property
    def width(self) -> int:
        """Pixels of the original picture."""

    @property
    def height(self) -> int:
        """Pixels of the original picture."""

    @property
    def boxes(self) -> Sequence[PixelBox]:
        """(x1, y1, x2, y2) in pixels."""

    @property
    def captions(self) -> Sequence[str]:
        """What people wrote; may refer to boxes as records do."""

    @property
    def entities(self) -> Sequence[NamedThing]:
        """What is annotated."""

    @property
    def complete(self) -> Sequence[str]:
        """Names of which every instance is annotated."""


def instances(picture: AnnotatedPicture) -> dict[str, list[int]]:
    """The boxes of each name, in the order of the annotation; things without a box are left out."""
    found: dict[str, list[int]] = {}
    for thing in picture.entities:
        if thing.boxes:
            listed = found.setdefault(thing.name, [])
            listed += [index for index in thing.boxes if index not in listed]
    return found


def reading_order(picture: AnnotatedPicture, boxes: Iterable[int]) -> list[int]:
    """Box numbers as a reader's eye goes: in broad lines from the top, each from the left."""
    tops = sorted((picture.boxes[index][1], index) for index in set(boxes))
    lines: list[list[int]] = []
    first = 0.0
    for top, index in tops:
        if not lines or top - first > LINE * picture.height:
            lines.append([])
            first = top
        lines[-1].append(index)
    return [index for line in lines for index in sorted(line, key=lambda i: (picture.boxes[i], i))]


def area(box: PixelBox) -> float:
    """In square pixels."""
    return (box[2] - box[0]) * (box[3] - box[1])
