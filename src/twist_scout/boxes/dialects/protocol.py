"""What a text dialect of boxes must be able to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from twist_scout.boxes.box import Box


@dataclass(frozen=True, slots=True)
class BoxSpan:
    """One piece of a text that is, or tries to be, a group of boxes.

    Args:
        start: index of the first character of the piece.
        end: index after its last character.
        boxes: what could be read, in fractions of the picture the model sees, in the order of the
            text.
        problem: in words, what could not be read; None if everything could.
    """

    start: int
    end: int
    boxes: tuple[Box, ...]
    problem: str | None = None


@runtime_checkable
class Dialect(Protocol):
    """A way of writing boxes in text. Boxes on this side are fractions of the picture that the
    *model* sees.

    Laws, for every list of boxes and every text:

    - ``find(render(boxes))`` gives the boxes back, up to the dialect's `resolution`;
    - ``find`` never raises, takes time linear in the text, and returns spans that are in order and
      do not overlap.
    """

    @property
    def name(self) -> str:
        """The name that configuration files and the command line use."""
        ...

    @property
    def resolution(self) -> float:
        """Largest distance between a coordinate and its rendered value, as a fraction of the
        model's picture.
        """
        ...

    def render(self, boxes: Sequence[Box]) -> str:
        """Write one group of boxes; an empty group is the empty string."""
        ...

    def find(self, text: str) -> list[BoxSpan]:
        """Find everything in a text that is or tries to be a group of boxes."""
        ...
