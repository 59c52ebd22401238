"""`Box`, the one box of the project, and intersection over union (IoU).

Everything inside the project is measured in the same way: corners ``x1, y1, x2, y2`` (left, top,
right, bottom), as fractions of the *original* image's width and height. Pixels and the text formats
of models appear only at the edges, through `Box.from_pixels`, `Box.to_pixels`, the frames
(`twist_scout.boxes.frame`) and the dialects (`twist_scout.boxes.dialects`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

TOLERANCE = 1e-6
"""How far (in fractions of the image) a coordinate may stray by rounding before it counts as an
error."""

FloatArray: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-aligned box in fractions of the original image.

    Args:
        x1: left edge, in [0, 1].
        y1: top edge, in [0, 1].
        x2: right edge, in [x1, 1].
        y2: bottom edge, in [y1, 1].

    Coordinates that miss [0, 1], or their order, by at most 1e-6 are rounding noise and are pulled
    back. A box without area (``x1 == x2``) is allowed: models do emit it, and its IoU with
    everything is 0.

    Raises:
        ValueError: a coordinate is not a finite number or lies outside [0, 1], or the box is
            inverted.
    """

    x1: float
    y1: float
    x2: float
    y2: float

    def __post_init__(self) -> None:
        x1, y1 = _checked("x1", self.x1), _checked("y1", self.y1)
        x2, y2 = _checked("x2", self.x2), _checked("y2", self.y2)
        if x2 < x1 - TOLERANCE or y2 < y1 - TOLERANCE:
            raise ValueError(f"inverted box ({x1:g}, {y1:g}, {x2:g}, {y2:g}): x1 <= x2 and y1 <= y2 must hold")
        # The dataclass is frozen, so its own constructor has to go around the lock.
        object.__setattr__(self, "x1", x1)
        object.__setattr__(self, "y1", y1)
        object.__setattr__(self, "x2", max(x1, x2))
        object.__setattr__(self, "y2", max(y1, y2))

    @classmethod
    def from_pixels(
        cls,
        x1: float,
        y1: float,
        x2: float,
        y2: float,
        *,
        width: int,
        height: int,
        clip: bool = False,
    ) -> Box:
        """Make a box from pixel coordinates of the original image.

        Args:
            x1: left edge in pixels, 0 being the left border of the image.
            y1: top edge in pixels, 0 being the top border of the image.
            x2: right edge in pixels, ``width`` being the right border.
            y2: bottom edge in pixels, ``height`` being the bottom border.
            width: width of the original image in pixels.
            height: height of the original image in pixels.
            clip: cut off what sticks out of the image instead of raising (annotation tools leave
                such boxes behind).

        Raises:
            ValueError: the image has no size, a coordinate is not finite, the box is inverted, or
                it sticks out of the image and ``clip`` is false.
        """
        _check_size(width, height)
        values = (x1 / width, y1 / height, x2 / width, y2 / height)
        if clip:
            # NaN passes through on purpose: the constructor refuses it.
            values = (
                min(max(values[0], 0.0), 1.0),
                min(max(values[1], 0.0), 1.0),
                min(max(values[2], 0.0), 1.0),
                min(max(values[3], 0.0), 1.0),
            )
        return cls(*values)

    def to_pixels(self, width: int, height: int) -> tuple[float, float, float, float]:
        """The corners ``(x1, y1, x2, y2)`` in pixels of an image of this width and height (not
        rounded).

        Raises:
            ValueError: the image has no size.
        """
        _check_size(width, height)
        return (self.x1 * width, self.y1 * height, self.x2 * width, self.y2 * height)

    @property
    def area(self) -> float:
        """Area as a fraction of the image, in [0, 1]."""
        return (self.x2 - self.x1) * (self.y2 - self.y1)

    @property
    def center(self) -> tuple[float, float]:
        """Middle point ``(x, y)`` as fractions of the image."""
        return ((self.x1 + self.x2) / 2, (self.y1 + self.y2) / 2)

    def as_tuple(self) -> tuple[float, float, float, float]:
        """``(x1, y1, x2, y2)`` as plain floats."""
        return (self.x1, self.y1, self.x2, self.y2)

    def iou(self, other: Box) -> float:
        """Intersection over union with another box of the same image, in [0, 1]; 0 where the union
        has no area.
        """
        return corner_iou(self.as_tuple(), other.as_tuple())


Corners: TypeAlias = tuple[float, float, float, float]


def corner_iou(a: Corners, b: Corners) -> float:
    """Intersection over union of two pairs of corners ``x1, y1, x2, y2`` in any one unit; 0 where the union has no area.

    The unit cancels, so boxes in pixels of one image need not be made fractions of it first.
    """
    overlap_width = min(a[2], b[2]) - max(a[0], b[0])
    overlap_height = min(a[3], b[3]) - max(a[1], b[1])
    if overlap_width <= 0 or overlap_height <= 0:
        return 0.0
    overlap = overlap_width * overlap_height
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - overlap
    return min(overlap / union, 1.0) if union > 0 else 0.0


def boxes_array(boxes: Iterable[Box]) -> FloatArray:
    """Stack boxes into a float64 array of shape (N, 4), rows ``x1, y1, x2, y2``; N may be 0."""
    return np.array([box.as_tuple() for box in boxes], dtype=np.float64).reshape(-1, 4)


def iou_matrix(a: ArrayLike | Sequence[Box], b: ArrayLike | Sequence[Box]) -> FloatArray:
    """IoU of every box of ``a`` with every box of ``b``.

    Args:
        a: (N, 4) corners ``x1, y1, x2, y2`` in any unit, or N boxes.
        b: (M, 4) corners in the same unit, or M boxes.

    Returns:
        (N, M) float64 in [0, 1]; 0 where a box is inverted or the union has no area.

    Raises:
        ValueError: an argument does not have four columns or holds NaN or infinity.
    """
    left, right = _as_corners("a", a), _as_corners("b", b)
    return _iou(left[:, None, :], right[None, :, :])  # (N, 1, 4) against (1, M, 4)


def paired_iou(a: ArrayLike | Sequence[Box], b: ArrayLike | Sequence[Box]) -> FloatArray:
    """IoU of the n-th box of ``a`` with the n-th box of ``b``.

    Args:
        a: (N, 4) corners ``x1, y1, x2, y2`` in any unit, or N boxes.
        b: (N, 4) corners in the same unit, or N boxes.

    Returns:
        (N,) float64 in [0, 1].

    Raises:
        ValueError: the two differ in length, do not have four columns, or hold NaN or infinity.
    """
    left, right = _as_corners("a", a), _as_corners("b", b)
    if len(left) != len(right):
        raise ValueError(f"paired_iou needs equally many boxes, got {len(left)} and {len(right)}")
    return _iou(left, right)


def _iou(a: FloatArray, b: FloatArray) -> FloatArray:
    """IoU along the last axis of two broadcastable corner arrays (..., 4)."""
    top_left = np.maximum(a[..., :2], b[..., :2])
    bottom_right = np.minimum(a[..., 2:], b[..., 2:])
    overlap = np.clip(bottom_right - top_left, 0.0, None).prod(axis=-1)
    area_a = np.clip(a[..., 2:] - a[..., :2], 0.0, None).prod(axis=-1)
    area_b = np.clip(b[..., 2:] - b[..., :2], 0.0, None).prod(axis=-1)
    union = area_a + area_b - overlap
    iou = np.divide(overlap, union, out=np.zeros_like(union), where=union > 0)
    return np.minimum(iou, 1.0)  # rounding can leave a hair above 1


def _as_corners(name: str, boxes: ArrayLike | Sequence[Box]) -> FloatArray:
    if isinstance(boxes, (list, tuple)) and boxes and isinstance(boxes[0], Box):
        return boxes_array(boxes)
    corners = np.asarray(boxes, dtype=np.float64)
    if corners.size == 0:
        return corners.reshape(0, 4)
    if corners.ndim != 2 or corners.shape[1] != 4:
        raise ValueError(f"{name} must have shape (N, 4), got {corners.shape}")
    if not np.isfinite(corners).all():
        raise ValueError(f"{name} holds NaN or infinite coordinates")
    return corners


def _checked(name: str, value: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name} must be a number, got {value!r}") from None
    if not math.isfinite(number):
        raise ValueError(f"{name} must be a finite number, got {number}")
    if number < -TOLERANCE or number > 1 + TOLERANCE:
        raise ValueError(f"{name}={number:g} lies outside [0, 1]; for pixels there is Box.from_pixels")
    return min(max(number, 0.0), 1.0) + 0.0  # "+ 0.0" turns -0.0 into 0.0


def _check_size(width: int, height: int) -> None:
    if not (width > 0 and height > 0):
        raise ValueError(f"the image size must be positive, got {width} x {height}")
