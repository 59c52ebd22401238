"""Qwen-VL: ``<ref>the dog</ref><box>(536,509),(588,602)</box>``, whole numbers from 0 to 999.

The borders of the picture are 0 and 999 (its own evaluation divides by 999), and pictures are
squeezed into a square of 448 pixels. Several boxes are several ``<box>`` tags.
"""

from __future__ import annotations

from collections.abc import Sequence

from twist_scout.boxes.box import Box
from twist_scout.boxes.dialects.codec import Codec
from twist_scout.boxes.dialects.numbers import Scale
from twist_scout.boxes.dialects.protocol import BoxSpan
from twist_scout.boxes.dialects.tags import find_tagged
from twist_scout.boxes.frame import Frame, Stretched

SIDE = 448
"""Side in pixels of the square that the model sees."""


class TaggedPoints(Codec):
    """What Qwen-VL and Qwen2-VL share: a phrase in tags, then two points in tags."""

    names_phrases = True
    scale: Scale
    phrase_tags: tuple[str, str]
    box_tags: tuple[str, str]

    def render(self, boxes: Sequence[Box]) -> str:
        """Write each box as ``(x1,y1),(x2,y2)`` in tags; an empty group is the empty string."""
        opening, closing = self.box_tags
        corners = (self.scale.whole_numbers(box) for box in boxes)
        return "".join(f"{opening}({x1},{y1}),({x2},{y2}){closing}" for x1, y1, x2, y2 in corners)

    def render_named(self, phrase: str, boxes: Sequence[Box]) -> str:
        """Write the phrase in tags and its boxes right behind it."""
        if not phrase:
            return self.render(boxes)
        opening, closing = self.phrase_tags
        return f"{opening}{phrase}{closing}{self.render(boxes)}"

    def find(self, text: str) -> list[BoxSpan]:
        """Find all boxes, readable or not, with their phrases; never raises."""
        return find_tagged(text, self.scale)


class QwenVl(TaggedPoints):
    """Codec of Qwen-VL; stateless."""

    name = "qwen-vl"
    resolution = 1 / 999
    scale = Scale.of(999, slack=0.002)
    phrase_tags = ("<ref>", "</ref>")
    box_tags = ("<box>", "</box>")

    def frame(self, width: int, height: int) -> Frame:
        """The whole image, squeezed into the model's square."""
        return Stretched((SIDE, SIDE))
