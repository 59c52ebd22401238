"""Words of which some name boxes."""

from __future__ import annotations

from dataclasses import dataclass

from twist_scout.pages.drawing import COLORS


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text.

    Attributes:
        text: the words.
        boxes: of the phrase that the words are, by number; empty for words between phrases.
        look: classes of its style, beside its colour.
        marks: what the boxes are marked with; their numbers, counted from 1, where empty.
    """

    text: str
    boxes: tuple[int, ...] = ()
    look: str = ""
    marks: tuple[str, ...] = ()

    @property
    def color(self) -> int:
        """The number of its colour: that of its first box."""
        return self.boxes[0] % COLORS if self.boxes else 0

    @property
    def mark(self) -> str:
        """What its boxes are marked with."""
        return ",".join(self.marks or (str(box + 1) for box in self.boxes))


@dataclass(frozen=True, slots=True)
class Line:
    """A step, or words that belong to none.

    Attributes:
        number: of the step; None for words that belong to none.
        pieces: its text.
    """

    number: int | None
    pieces: tuple[Piece, ...]

    @property
    def boxes(self) -> tuple[int, ...]:
        """All boxes that it mentions."""
        return tuple(dict.fromkeys(box for piece in self.pieces for box in piece.boxes))
