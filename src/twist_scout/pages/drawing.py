"""Boxes as a drawing needs them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

COLORS = 10


@dataclass(frozen=True, slots=True)
class Drawn:
    """A box on a picture, in any one unit; a stage says how wide and high its picture is in that unit.

    Attributes:
        index: its number, by which words name it; from 0.
        x: left edge.
        y: top edge.
        width: of the box.
        height: of the box.
        look: classes of its style, beside its colour.
        tag: what stands in its corner; its number, counted from 1, where empty.
        title: what it is called; ``box N`` where empty.
        place: of the tag, in widths of a tag from the box's left edge; those of several boxes that cover each other need not.
        low: whether the tag is in the lower corner.
    """

    index: int
    x: float
    y: float
    width: float
    height: float
    look: str = ""
    tag: str = ""
    title: str = ""
    place: int = 0
    low: bool = False

    @property
    def color(self) -> int:
        """The number of its colour."""
        return self.index % COLORS

    @property
    def mark(self) -> str:
        """What stands in its corner."""
        return self.tag or str(self.index + 1)

    @property
    def name(self) -> str:
        """What it is called."""
        return self.title or f"box {self.mark}"


def large_first(boxes: Iterable[Drawn]) -> tuple[Drawn, ...]:
    """In an order in which small boxes lie on top, where they can be pointed at."""
    return tuple(sorted(boxes, key=lambda box: -box.width * box.height))
