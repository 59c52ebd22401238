"""Which part of a picture a model sees, read off its image processor.

Boxes in a model's text refer to what its processor made of the picture. Four families cover the
processors of today:

==================  =======================================================  ====================
processor           does                                                     frame
==================  =======================================================  ====================
SigLIP, CogVLM ...  squeezes the picture into the model's rectangle          ``Stretched``
LLaVA with do_pad   centres it on a square                                   ``PaddedSquare``
Qwen2-VL and later  rounds both edges to a multiple of the merged patch      ``SmartResized``
CLIP, LLaVA-1.5     scales the short edge, then cuts the middle out          ``CenterCropped``
==================  =======================================================  ====================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twist_scout.boxes.box import Box
from twist_scout.boxes.frame import Frame, PaddedSquare, SmartResized, Stretched


@dataclass(frozen=True)
class CenterCropped(Frame):
    """The picture is resized, and the model sees a rectangle in its middle.

    The part that is cut off is invisible to the model, so ``to_model`` cuts a box off at the border
    of the crop; only inside the crop is ``to_original`` its inverse.

    Args:
        resized: width and height in pixels after the resize.
        crop: width and height in pixels of the rectangle that is kept.
    """

    resized: tuple[int, int]
    crop: tuple[int, int]

    def to_model(self, box: Box) -> Box:
        """Fractions of the picture to fractions of the crop, cut off at its border."""
        (width, height), (crop_width, crop_height), (left, top) = (
            self.resized,
            self.crop,
            self._corner,
        )
        return Box(
            _unit((box.x1 * width - left) / crop_width),
            _unit((box.y1 * height - top) / crop_height),
            _unit((box.x2 * width - left) / crop_width),
            _unit((box.y2 * height - top) / crop_height),
        )

    def to_original(self, box: Box) -> Box:
        """Fractions of the crop to fractions of the picture."""
        (width, height), (crop_width, crop_height), (left, top) = (
            self.resized,
            self.crop,
            self._corner,
        )
        return Box(
            _unit((box.x1 * crop_width + left) / width),
            _unit((box.y1 * crop_height + top) / height),
            _unit((box.x2 * crop_width + left) / width),
            _unit((box.y2 * crop_height + top) / height),
        )

    @property
    def model_size(self) -> tuple[int, int]:
        """Size of the crop in pixels."""
        return self.crop

    @property
    def _corner(self) -> tuple[float, float]:
        return (self.resized[0] - self.crop[0]) / 2, (self.resized[1] - self.crop[1]) / 2


def frame_for(processor: Any, width: int, height: int) -> Frame:
    """The frame in which a model sees a picture of this size.

    Args:
        processor: a processor (its ``image_processor`` is looked at) or an image processor.
        width: width of the original picture in pixels.
        height: height of the original picture in pixels.
    """
    images = getattr(processor, "image_processor", processor)
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


def _unit(value: float) -> float:
    return min(max(value, 0.0), 1.0)
