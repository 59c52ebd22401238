"""Which part of a picture a model sees, read off its image processor.

Boxes in a model's text refer to what its processor made of the picture. Four frames cover the
processors of today:

=======================  =====================================================  =================
processor                does                                                   frame
=======================  =====================================================  =================
SigLIP, PaliGemma ...    squeezes the picture into the model's rectangle        ``Stretched``
LLaVA with do_pad        centres it on a square                                 ``PaddedSquare``
Qwen2-VL and later       rounds both edges to a multiple of the merged patch    ``SmartResized``
CLIP, LLaVA-1.5          scales the short edge, then cuts the middle out        ``CenterCropped``
Mistral 3 (Pixtral)      scales the long edge down, rounds both up to patches   ``Stretched``
LLaVA-NeXT, -OneVision,  a squeezed overview, and tiles of the picture in more  ``Stretched``
Idefics 3, SmolVLM,      detail
InternVL, Gemma 3
=======================  =====================================================  =================

A model that sees tiles sees the whole picture in its overview, so fractions are those of the
picture. Padding round tiles (LLaVA-NeXT, LLaVA-OneVision) and to the largest picture of a batch
(Idefics 3, Pixtral) is cut off or masked again inside the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twist_scout.boxes.frame import CenterCropped, Frame, PaddedSquare, SmartResized, Stretched


def frame_for(processor: Any, width: int, height: int) -> Frame:
    """The frame in which a model sees a picture of this size.

    Args:
        processor: a processor (its ``image_processor`` is looked at) or an image processor.
        width: width of the original picture in pixels.
        height: height of the original picture in pixels.
    """
    images = getattr(processor, "image_processor", processor)
    if getattr(images, "image_grid_pinpoints", None):
        # Tiles on one of several canvases, beside an overview of the picture: its padding and its
        # crop are about the tiles.
        return Stretched()
    if getattr(images, "do_pad", False) and hasattr(images, "pad_to_square"):
        return PaddedSquare(width, height)
    size = _sizes(getattr(images, "size", None))
    merge = getattr(images, "merge_size", None)
    if merge and getattr(images, "patch_size", None):
        # These processors call their limits on the area by the names of edges.
        limits = {
            "min_pixels": getattr(images, "min_pixels", None) or size.get("shortest_edge"),
            "max_pixels": getattr(images, "max_pixels", None) or size.get("longest_edge"),
        }
        known = {name: int(value) for name, value in limits.items() if value}
        return SmartResized(width, height, factor=int(images.patch_size) * int(merge), **known)
    crop = _sizes(getattr(images, "crop_size", None))
    if getattr(images, "do_center_crop", False) and "height" in crop and "width" in crop:
        resized = (width, height)
        if getattr(images, "do_resize", True):
            if "height" in size and "width" in size:
                resized = (size["width"], size["height"])
            elif "shortest_edge" in size:
                short, edge = min(width, height), size["shortest_edge"]
                resized = (width * edge // short, height * edge // short)
        if resized != (crop["width"], crop["height"]):
            return CenterCropped(resized, (crop["width"], crop["height"]))
    return Stretched()


def _sizes(size: Any) -> dict[str, int]:
    """``{"height": 224, ...}`` from a dictionary, transformers' ``SizeDict`` or a number, without
    empty entries.
    """
    if isinstance(size, int):
        return {"height": size, "width": size}
    if not isinstance(size, Mapping):
        names = ("height", "width", "shortest_edge", "longest_edge")
        size = {name: getattr(size, name, None) for name in names}
    return {name: int(value) for name, value in size.items() if value}
