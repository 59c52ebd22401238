"""CogVLM's grounding models: ``[[092,102,999,809]]``, three digits each, thousandths of the picture.

Several boxes of one phrase are ``[[a;b]]``. CogVLM squeezes pictures into its square without
padding. SCOUT's answers were generated with this model (paper, section 4).
"""

from __future__ import annotations

from collections.abc import Sequence

from twist_scout.boxes.box import Box
from twist_scout.boxes.dialects.brackets import find_doubled
from twist_scout.boxes.dialects.codec import Codec
from twist_scout.boxes.dialects.numbers import Scale, joined
from twist_scout.boxes.dialects.protocol import BoxSpan
from twist_scout.boxes.frame import Stretched

SIDE = 490
"""Side in pixels of the square that the grounding models see."""

_SCALE = Scale.of(1000, last=999)


class CogVlm(Codec):
    """Codec of CogVLM's grounding models; stateless."""

    name = "cogvlm"
    resolution = 2 / 1000
    """An edge moves by at most half of this, except where a thinner box is widened."""

    def frame(self, width: int, height: int) -> Stretched:
        """The whole image, squeezed into the model's square."""
        return Stretched((SIDE, SIDE))

    def render(self, boxes: Sequence[Box]) -> str:
        """Write boxes as ``[[012,345,678,999;...]]``; an empty group is the empty string."""
        if not boxes:
            return ""
        return "[[" + ";".join(joined(_SCALE.whole_numbers(box), digits=3) for box in boxes) + "]]"

    def find(self, text: str) -> list[BoxSpan]:
        """Find all groups of boxes, readable or not; never raises."""
        return find_doubled(text, _SCALE)
