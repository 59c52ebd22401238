"""Qwen2.5-VL: JSON with ``bbox_2d`` in pixels of the picture that the model saw.

That picture has both edges rounded to multiples of 28 and its area limited (`SmartResized`), so the
same object has other numbers than in the original image, and the limits on the area matter: pass
the frame of your processor where it differs from the released one. The older form in tags,
``<|box_start|>(12,30),(400,550)<|box_end|>``, and bare lists of numbers are read as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from twist_scout.boxes.box import Box
from twist_scout.boxes.dialects.brackets import find_single
from twist_scout.boxes.dialects.codec import Codec
from twist_scout.boxes.dialects.json_boxes import find_json, unescaped
from twist_scout.boxes.dialects.merging import merged
from twist_scout.boxes.dialects.numbers import Scale
from twist_scout.boxes.dialects.pixels import SizedCodec
from twist_scout.boxes.dialects.protocol import BoxSpan
from twist_scout.boxes.dialects.tags import find_tagged
from twist_scout.boxes.frame import SmartResized

FACTOR = 28
"""Patch size times merge size."""

MIN_PIXELS = 4 * FACTOR * FACTOR
MAX_PIXELS = 16384 * FACTOR * FACTOR
"""Limits on the area in the released models' processor settings."""


class JsonBoxes(Codec):
    """What Qwen2.5-VL and Qwen3-VL share: objects with ``bbox_2d`` and ``label``."""

    names_phrases = True
    writes_lists = True
    spans_lines = True

    def render(self, boxes: Sequence[Box]) -> str:
        """Write ``{"bbox_2d": [..]}``, or a list of such objects for several boxes; an empty group
        is the empty string.

        Raises:
            BadConfig: the dialect writes pixels and the size of the picture is not known.
        """
        return self.render_named("", boxes)

    def render_named(self, phrase: str, boxes: Sequence[Box]) -> str:
        """The same with the phrase as the label of each box.

        Raises:
            BadConfig: the dialect writes pixels and the size of the picture is not known.
        """
        if not boxes:
            return phrase
        objects = self._objects([(phrase, boxes)])
        return objects[0] if len(objects) == 1 else f"[{', '.join(objects)}]"

    def render_list(self, items: Sequence[tuple[str, Sequence[Box]]]) -> str:
        """Write a list of objects in a code fence, as the models answer detection prompts.

        Raises:
            BadConfig: the dialect writes pixels and the size of the picture is not known.
        """
        return "```json\n[\n\t" + ",\n\t".join(self._objects(items)) + "\n]\n```"

    def words(self, text: str, span: BoxSpan) -> str:
        """The label of a span, without the escapes of JSON."""
        return unescaped(super().words(text, span))

    def _objects(self, items: Iterable[tuple[str, Sequence[Box]]]) -> list[str]:
        texts: list[str] = []
        for phrase, boxes in items:
            label = f', "label": {json.dumps(phrase, ensure_ascii=False)}' if phrase else ""
            texts += [f'{{"bbox_2d": {list(self.written_scale().whole_numbers(box))}{label}}}' for box in boxes]
        return texts

    def written_scale(self) -> Scale:
        """What the numbers mean.

        Raises:
            BadConfig: the dialect writes pixels and the size of the picture is not known.
        """
        raise NotImplementedError

    def found(self, text: str, scale: Scale) -> list[BoxSpan]:
        """All boxes under keys, in tags, and in bare lists of numbers."""
        return merged(find_json(text, scale), find_tagged(text, scale), find_single(text, scale))


class Qwen25Vl(JsonBoxes, SizedCodec):
    """Codec of Qwen2.5-VL, bound to the size of the model's picture or not yet."""

    name = "qwen2.5-vl"
    default_frame = "smart_resized"

    def frame(self, width: int, height: int) -> SmartResized:
        """The resized picture of the released models."""
        return SmartResized(width, height, factor=FACTOR, min_pixels=MIN_PIXELS, max_pixels=MAX_PIXELS)

    def written_scale(self) -> Scale:
        """Pixels of the model's picture."""
        return self.scale()

    def find(self, text: str) -> list[BoxSpan]:
        """Find all boxes, readable or not, with their labels; never raises."""
        return self.without_size(self.found(text, self.reading_scale()))
