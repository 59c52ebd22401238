"""InternVL: ``<ref>the dog</ref><box>[[290, 202, 835, 851]]</box>``, thousandths of the picture.

Several boxes of one phrase share the outer brackets. Double brackets without tags, and the pairs of
points of the Qwen models, are read as well. InternVL cuts pictures into tiles, but its boxes refer
to the whole picture.
"""

from __future__ import annotations

from collections.abc import Sequence

from twist_scout.boxes.box import Box
from twist_scout.boxes.dialects.brackets import find_doubled
from twist_scout.boxes.dialects.codec import Codec
from twist_scout.boxes.dialects.merging import merged
from twist_scout.boxes.dialects.numbers import Scale, joined
from twist_scout.boxes.dialects.protocol import BoxSpan
from twist_scout.boxes.dialects.tags import find_tagged

_SCALE = Scale.of(1000)


class InternVl(Codec):
    """Codec of InternVL; stateless."""

    name = "internvl"
    resolution = 1 / 1000
    names_phrases = True

    def render(self, boxes: Sequence[Box]) -> str:
        """Write ``<box>[[x1, y1, x2, y2], [..]]</box>``; an empty group is the empty string."""
        if not boxes:
            return ""
        lists = ", ".join(f"[{joined(_SCALE.whole_numbers(box), ', ')}]" for box in boxes)
        return f"<box>[{lists}]</box>"

    def render_named(self, phrase: str, boxes: Sequence[Box]) -> str:
        """Write the phrase in ``<ref>`` tags and its boxes right behind it."""
        return f"<ref>{phrase}</ref>{self.render(boxes)}" if phrase else self.render(boxes)

    def find(self, text: str) -> list[BoxSpan]:
        """Find all boxes, readable or not, with their phrases; never raises."""
        return merged(find_tagged(text, _SCALE), find_doubled(text, _SCALE))
