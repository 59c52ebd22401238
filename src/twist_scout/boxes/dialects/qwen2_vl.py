"""Qwen2-VL: ``<|object_ref_start|>the dog<|object_ref_end|><|box_start|>(536,509),(588,602)<|box_end|>``.

Whole numbers from 0 to 1000, thousandths of the picture. Decoded without special tokens, what is
left is ``the dog(536,509),(588,602)``.
"""

from __future__ import annotations

from twist_scout.boxes.dialects.numbers import Scale
from twist_scout.boxes.dialects.qwen_vl import TaggedPoints


class Qwen2Vl(TaggedPoints):
    """Codec of Qwen2-VL; stateless."""

    name = "qwen2-vl"
    resolution = 1 / 1000
    default_frame = "smart_resized"
    scale = Scale.of(1000)
    phrase_tags = ("<|object_ref_start|>", "<|object_ref_end|>")
    box_tags = ("<|box_start|>", "<|box_end|>")
