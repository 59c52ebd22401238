"""Frames: where a point of the original image lies in the picture that the model is shown.

A model never sees the original image. Its preprocessing stretches it to a square, pads it to a
square, resizes it to a multiple of the patch size, or cuts out its middle, and the boxes in its
text refer to *that* picture. Mixing the two up is the most common silent bug of grounding work (a
padded model scored as if it were stretched loses most of its IoU on wide images), so the map is an
object of its own:

    original image --to_model--> what the model sees --to_original--> original image

Both sides are fractions in [0, 1]; `Frame.model_size` gives pixels where a text format needs them.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from twist_scout.boxes.box import Box
from twist_scout.errors import BadConfig, BadImage

MAX_ASPECT_RATIO = 200
"""Qwen2-VL's preprocessing refuses pictures that are more elongated than this."""


class Frame(ABC):
    """A map between the original image and the picture the model sees, both in fractions.

    Law: ``frame.to_original(frame.to_model(box))`` is ``box`` (up to float rounding) for every box
    that the model sees whole: every box at all, unless the frame crops.
    """

    @abstractmethod
    def to_model(self, box: Box) -> Box:
        """From the original image to the model's picture, both in fractions."""

    @abstractmethod
    def to_original(self, box: Box) -> Box:
        """From the model's picture to the original image, cut off at the latter's borders."""

    @property
    @abstractmethod
    def model_size(self) -> tuple[int, int] | None:
        """Width and height of the model's picture in pixels; None where unknown and unneeded."""


@dataclass(frozen=True)
class Stretched(Frame):
    """The whole image is squeezed into the model's picture, so fractions stay as they are
    (CLIP-style, CogVLM).

    Args:
        size: width and height of the model's picture in pixels, where known.
    """

    size: tuple[int, int] | None = None

    def to_model(self, box: Box) -> Box:
        """The same fractions."""
        return box

    def to_original(self, box: Box) -> Box:
        """The same fractions."""
        return box

    @property
    def model_size(self) -> tuple[int, int] | None:
        """The size given to the constructor."""
        return self.size


@dataclass(frozen=True)
class PaddedSquare(Frame):
    """The image is centred on a square whose side is its longer edge (LLaVA's ``expand2square``,
    Shikra).

    With a 300 x 200 image, the square has side 300 and the image occupies rows 50 to 250. The
    margin is rounded down to whole pixels as LLaVA does. What a model points at inside the margin
    is cut off at the border of the image; a box that lies wholly in the margin becomes a box
    without area on that border.

    Args:
        width: width of the original image in pixels.
        height: height of the original image in pixels.

    Raises:
        ValueError: the size is not positive.
    """

    width: int
    height: int

    def __post_init__(self) -> None:
        _check_size(self.width, self.height)

    @property
    def _side(self) -> int:
        return max(self.width, self.height)

    @property
    def _margin(self) -> tuple[int, int]:
        return (self._side - self.width) // 2, (self._side - self.height) // 2

    def to_model(self, box: Box) -> Box:
        """Fractions of the image to fractions of the padded square."""
        side, (left, top) = self._side, self._margin
        return Box(
            (box.x1 * self.width + left) / side,
            (box.y1 * self.height + top) / side,
            (box.x2 * self.width + left) / side,
            (box.y2 * self.height + top) / side,
        )

    def to_original(self, box: Box) -> Box:
        """Fractions of the padded square to fractions of the image, cut off at its borders."""
        side, (left, top) = self._side, self._margin
        return Box(
            _unit((box.x1 * side - left) / self.width),
            _unit((box.y1 * side - top) / self.height),
            _unit((box.x2 * side - left) / self.width),
            _unit((box.y2 * side - top) / self.height),
        )

    @property
    def model_size(self) -> tuple[int, int]:
        """The square's side, twice, before the model's own resize (which keeps fractions)."""
        return (self._side, self._side)


@dataclass(frozen=True)
class SmartResized(Frame):
    """The image is resized so that both edges are multiples of ``factor`` and its area is within
    limits (Qwen-VL).

    Fractions stay as they are; the size matters to text formats that write pixels of the resized
    picture (Qwen2.5-VL). The size is the one of transformers' ``smart_resize`` for Qwen2-VL: both
    edges are rounded to the factor; if the area then exceeds ``max_pixels`` (or falls short of
    ``min_pixels``), the original edges are scaled by one ratio to that area and rounded down (up)
    to the factor.

    Args:
        width: width of the original image in pixels.
        height: height of the original image in pixels.
        factor: patch size times merge size: 28 in Qwen2-VL and Qwen2.5-VL, 32 in Qwen3-VL.
        min_pixels: smallest allowed area.
        max_pixels: largest allowed area.

    Raises:
        ValueError: a size is not positive or ``min_pixels > max_pixels``.
        BadImage: the image is more than 200 times as long as wide.
    """

    width: int
    height: int
    factor: int = 28
    min_pixels: int = 4 * 28 * 28
    max_pixels: int = 1280 * 28 * 28

    def __post_init__(self) -> None:
        _check_size(self.width, self.height)
        if self.factor < 1 or self.min_pixels < 1 or self.min_pixels > self.max_pixels:
            raise ValueError(
                "factor and min_pixels must be positive and min_pixels <= max_pixels, got "
                f"factor={self.factor}, min_pixels={self.min_pixels}, max_pixels={self.max_pixels}"
            )
        if max(self.width, self.height) > MAX_ASPECT_RATIO * min(self.width, self.height):
            raise BadImage(
                f"an image of {self.width} x {self.height} pixels is too elongated for smart "
                f"resizing (at most {MAX_ASPECT_RATIO} to 1); crop or pad it first"
            )

    def to_model(self, box: Box) -> Box:
        """The same fractions: the two edges are scaled independently."""
        return box

    def to_original(self, box: Box) -> Box:
        """The same fractions: the two edges are scaled independently."""
        return box

    @property
    def model_size(self) -> tuple[int, int]:
        """Width and height of the resized picture in pixels."""
        # round() is Python's (ties to even), as in the reference; another rounding is off by one
        # factor on ties.
        rounded = [round(edge / self.factor) * self.factor for edge in (self.width, self.height)]
        area = rounded[0] * rounded[1]
        if area > self.max_pixels:
            ratio = math.sqrt(self.width * self.height / self.max_pixels)
            return (self._shrunk(self.width, ratio), self._shrunk(self.height, ratio))
        if area < self.min_pixels:
            ratio = math.sqrt(self.min_pixels / (self.width * self.height))
            return (self._grown(self.width, ratio), self._grown(self.height, ratio))
        return (rounded[0], rounded[1])

    def _shrunk(self, edge: int, ratio: float) -> int:
        return max(1, math.floor(edge / ratio / self.factor)) * self.factor

    def _grown(self, edge: int, ratio: float) -> int:
        return math.ceil(edge * ratio / self.factor) * self.factor


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


_FRAMES: dict[str, Callable[[int, int], Frame]] = {
    "stretched": lambda width, height: Stretched(),
    "padded": PaddedSquare,
    "smart_resized": SmartResized,
}


def make_frame(name: str, *, width: int, height: int) -> Frame:
    """The frame of one image by name, for configuration files: ``stretched``, ``padded`` or
    ``smart_resized``.

    Args:
        name: which frame; padded and smart-resized frames differ from image to image.
        width: width of the original image in pixels.
        height: height of the original image in pixels.

    Raises:
        BadConfig: there is no frame of that name; the message lists those there are.
    """
    if name not in _FRAMES:
        raise BadConfig(f"there is no frame {name!r}; choose one of: {', '.join(_FRAMES)}")
    return _FRAMES[name](width, height)


def _unit(value: float) -> float:
    return min(max(value, 0.0), 1.0)


def _check_size(width: int, height: int) -> None:
    if not (width > 0 and height > 0):
        raise ValueError(f"the image size must be positive, got {width} x {height}")
