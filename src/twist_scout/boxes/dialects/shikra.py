"""Shikra: ``[0.123,0.456,0.789,0.999]``, fractions with three decimals of a padded square.

Several boxes of one phrase stand in one bracket: ``[a;b]``.
"""

from __future__ import annotations

from collections.abc import Sequence

from twist_scout.boxes.box import Box
from twist_scout.boxes.dialects.brackets import find_single
from twist_scout.boxes.dialects.codec import Codec
from twist_scout.boxes.dialects.numbers import Scale
from twist_scout.boxes.dialects.protocol import BoxSpan

_READ = Scale.of(1)
_WRITTEN = Scale.of(1000)


class Shikra(Codec):
    """Codec of Shikra; stateless."""

    name = "shikra"
    resolution = 1 / 1000
    default_frame = "padded"

    def render(self, boxes: Sequence[Box]) -> str:
        """Write boxes as ``[0.123,0.456,0.789,0.999;...]``; an empty group is the empty string."""
        if not boxes:
            return ""
        return "[" + ";".join(",".join(f"{n / 1000:.3f}" for n in _WRITTEN.whole_numbers(box)) for box in boxes) + "]"

    def find(self, text: str) -> list[BoxSpan]:
        """Find all groups of boxes, readable or not; never raises."""
        return find_single(text, _READ)
