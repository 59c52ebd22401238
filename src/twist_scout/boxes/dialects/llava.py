"""LLaVA-1.5: ``[0.61, 0.36, 0.92, 0.83]``, fractions with two decimals of a padded square.

This is how the region data of its training mixture are written. Several boxes are several brackets:
``[a], [b]``.
"""

from __future__ import annotations

from collections.abc import Sequence

from twist_scout.boxes.box import Box
from twist_scout.boxes.dialects.brackets import find_single
from twist_scout.boxes.dialects.codec import Codec
from twist_scout.boxes.dialects.numbers import Scale
from twist_scout.boxes.dialects.protocol import BoxSpan

_READ = Scale.of(1)
_WRITTEN = Scale.of(100)


class Llava(Codec):
    """Codec of LLaVA-1.5; stateless."""

    name = "llava"
    resolution = 1 / 100
    default_frame = "padded"

    def render(self, boxes: Sequence[Box]) -> str:
        """Write boxes as ``[0.61, 0.36, 0.92, 0.83], ...``; an empty group is the empty string."""
        return ", ".join("[" + ", ".join(f"{n / 100:.2f}" for n in _WRITTEN.whole_numbers(box)) + "]" for box in boxes)

    def find(self, text: str) -> list[BoxSpan]:
        """Find all groups of boxes, readable or not; never raises."""
        return find_single(text, _READ)
