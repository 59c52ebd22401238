"""Qwen3-VL: JSON with ``bbox_2d`` in thousandths of the picture.

The text looks exactly like Qwen2.5-VL's, which writes pixels: only the range of the numbers tells
them apart (``twist-scout boxes doctor`` does).
"""

from __future__ import annotations

from twist_scout.boxes.dialects.numbers import Scale
from twist_scout.boxes.dialects.protocol import BoxSpan
from twist_scout.boxes.dialects.qwen25_vl import JsonBoxes
from twist_scout.boxes.frame import SmartResized

FACTOR = 32
"""Patch size times merge size."""

_SCALE = Scale.of(1000)


class Qwen3Vl(JsonBoxes):
    """Codec of Qwen3-VL; stateless."""

    name = "qwen3-vl"
    resolution = 1 / 1000
    default_frame = "smart_resized"

    def frame(self, width: int, height: int) -> SmartResized:
        """The resized picture of the released models."""
        return SmartResized(
            width, height, factor=FACTOR, min_pixels=64 * FACTOR * FACTOR, max_pixels=16384 * FACTOR * FACTOR
        )

    def written_scale(self) -> Scale:
        """Thousandths."""
        return _SCALE

    def find(self, text: str) -> list[BoxSpan]:
        """Find all boxes, readable or not, with their labels; never raises."""
        return self.found(text, _SCALE)
