"""Plain pixels: ``[147, 145, 238, 333]``, several boxes ``[[0, 90, 256, 331], [0, 230, 499, 331]]``.

The in-context prompts of the paper (Figures A.5 and A.6) are written so, in pixels of the original
image. A dialect that writes pixels can only be used once the size of the picture is known:
`Pixels.for_size`, or ``get_dialect("pixels", frame)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Self

from twist_scout.boxes.box import Box
from twist_scout.boxes.dialects.brackets import find_single
from twist_scout.boxes.dialects.codec import Codec
from twist_scout.boxes.dialects.numbers import Scale, joined
from twist_scout.boxes.dialects.protocol import BoxSpan
from twist_scout.boxes.frame import Stretched
from twist_scout.errors import BadConfig

SLACK = 0.02
"""Models point a little past the border now and then; so much of the picture's width or height is
cut off, more is an error."""

NO_SIZE = "the box is in pixels, and the size of the picture is not known"


_ANY_SIZE = Scale.of(1e300)


class SizedCodec(Codec):
    """A dialect of pixels, bound to the size of the model's picture or not yet.

    Args:
        size: width and height of the model's picture in pixels; without it, ``find`` reads nothing
            and says why, and ``render`` raises.

    Raises:
        ValueError: the size is not positive.
    """

    needs_size = True

    def __init__(self, size: tuple[int, int] | None = None) -> None:
        if size is not None and not (size[0] > 0 and size[1] > 0):
            raise ValueError(f"the image size must be positive, got {size[0]} x {size[1]}")
        self.size = size
        self.resolution = 1 / min(size) if size else 1.0

    def for_size(self, width: int, height: int) -> Self:
        """The same dialect for a model's picture of this many pixels."""
        return type(self)((width, height))

    def scale(self) -> Scale:
        """What the numbers mean.

        Raises:
            BadConfig: the size is not known.
        """
        if self.size is None:
            raise BadConfig(
                f"the dialect {self.name!r} writes pixels, so it needs the size of the picture: give a frame "
                "that has one"
            )
        return Scale((float(self.size[0]), float(self.size[1])), slack=SLACK)

    def reading_scale(self) -> Scale:
        """The same for reading, where an unknown size is no reason to stop."""
        return self.scale() if self.size else _ANY_SIZE

    def without_size(self, spans: list[BoxSpan]) -> list[BoxSpan]:
        """Take back what was read where the size is not known."""
        if self.size:
            return spans
        return [replace(span, boxes=(), problem=NO_SIZE) for span in spans]


class Pixels(SizedCodec):
    """Codec of plain pixels of the original image."""

    name = "pixels"

    def frame(self, width: int, height: int) -> Stretched:
        """The original image as it is."""
        return Stretched((width, height))

    def render(self, boxes: Sequence[Box]) -> str:
        """Write ``[x1, y1, x2, y2]``, or ``[[..], [..]]`` for several boxes; an empty group is the
        empty string.

        Raises:
            BadConfig: the size is not known.
        """
        if not boxes:
            return ""
        scale = self.scale()
        texts = [f"[{joined(scale.whole_numbers(box), ', ')}]" for box in boxes]
        return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"

    def find(self, text: str) -> list[BoxSpan]:
        """Find all groups of boxes, readable or not; never raises."""
        return self.without_size(find_single(text, self.reading_scale()))
