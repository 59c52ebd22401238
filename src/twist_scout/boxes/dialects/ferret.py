"""Ferret: ``[92, 102, 1000, 809]``, thousandths of the picture's width and height.

Several boxes are several brackets: ``[a], [b]``.
"""

from __future__ import annotations

from collections.abc import Sequence

from twist_scout.boxes.box import Box
from twist_scout.boxes.dialects.brackets import find_single
from twist_scout.boxes.dialects.codec import Codec
from twist_scout.boxes.dialects.numbers import Scale, joined
from twist_scout.boxes.dialects.protocol import BoxSpan

_SCALE = Scale.of(1000)


class Ferret(Codec):
    """Codec of Ferret; stateless."""

    name = "ferret"
    resolution = 1 / 1000

    def render(self, boxes: Sequence[Box]) -> str:
        """Write boxes as ``[x1, y1, x2, y2], ...``; an empty group is the empty string."""
        return ", ".join(f"[{joined(_SCALE.whole_numbers(box), ', ')}]" for box in boxes)

    def find(self, text: str) -> list[BoxSpan]:
        """Find all groups of boxes, readable or not; never raises."""
        return find_single(text, _SCALE)
