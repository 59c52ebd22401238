"""What a text dialect of boxes must be able to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from twist_scout.boxes.box import Box


@dataclass(frozen=True, slots=True)
class BoxSpan:
    """One piece of a text that is, or tries to be, a group of boxes.

    Some formats say which words a box belongs to, and wrap both in tags::

        a <ref>red car</ref><box>(12,30),(400,550)</box> on the road
          |------------------- item --------------------|
               |phrase|      |--- start to end ---------|

    Args:
        start: index of the first character of the piece.
        end: index after its last character.
        boxes: what could be read, in fractions of the picture the model sees, in the order of the
            text.
        problem: in words, what could not be read; None if everything could.
        phrase: start and end of the words that the format itself ties to the boxes; None where the
            format does not name them.
        item: start and end of all that the format writes for this phrase and its boxes, tags and
            separators included; None where that is the piece itself.
    """

    start: int
    end: int
    boxes: tuple[Box, ...]
    problem: str | None = None
    phrase: tuple[int, int] | None = None
    item: tuple[int, int] | None = None

    @property
    def extent(self) -> tuple[int, int]:
        """What has to go when phrase and boxes are written in another dialect."""
        return self.item or (self.start, self.end)


@runtime_checkable
class Dialect(Protocol):
    """A way of writing boxes in text. Boxes on this side are fractions of the picture that the
    *model* sees.

    This is the least that the rest of the project asks of a dialect; those of this package are
    `twist_scout.boxes.dialects.Codec`, which can do more.

    Laws, for every list of boxes and every text:

    - ``find(render(boxes))`` gives the boxes back, up to the dialect's `resolution`;
    - ``find`` never raises, takes time linear in the text, and returns spans whose extents are in
      order and do not overlap.
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
