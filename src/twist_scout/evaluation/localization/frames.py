"""The two frames in which localisation is measured, and their size classes.

``resized224``   PIN's: the picture is squeezed to 224 x 224 pixels, and the true box is cut to whole pixels of that
                 square. Small, medium and large are areas in the square.
``original``     COCO's: boxes and areas are those of the annotation, in pixels of the original picture.

The paper's text reads like COCO's classes (§5.1: 32 x 32 to 96 x 96 pixels), its numbers stand beside PIN's; so both are
given. A class includes its lower bound and not its upper one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from twist_scout.boxes.box import Corners

FrameName = Literal["resized224", "original"]
SizeClass = Literal["small", "medium", "large"]

SIDE = 224
"""Side in pixels of PIN's square."""

MEDIUM, LARGE = 32.0**2, 96.0**2
"""Areas in pixels from which an object is medium and large."""

SIZE_CLASSES: tuple[SizeClass, ...] = ("small", "medium", "large")


def resized_coco(box: Sequence[float], width: int, height: int) -> Corners:
    """A true box of COCO or LVIS in PIN's square.

    Left, top, width and height are each cut to whole pixels; the right and bottom edges end at pixel 223.

    Args:
        box: x, y, width, height in pixels of the original picture.
        width: of the original picture.
        height: of the original picture.

    Returns:
        Whole x1, y1, x2, y2 of the square of 224 pixels.
    """
    # The ratio is taken first, as PIN does: the other order cuts some products at another whole number.
    across, down = SIDE / width, SIDE / height
    x, y, wide, high = int(box[0] * across), int(box[1] * down), int(box[2] * across), int(box[3] * down)
    return (float(x), float(y), float(min(x + wide, SIDE - 1)), float(min(y + high, SIDE - 1)))


def resized_voc(corners: Sequence[float], width: int, height: int) -> Corners:
    """A true box of Pascal VOC in PIN's square.

    VOC counts pixels from 1. PIN scales the four numbers as they stand, cuts them to whole ones, and keeps them between
    1 and 224.

    Args:
        corners: xmin, ymin, xmax, ymax as the annotation has them.
        width: of the original picture.
        height: of the original picture.

    Returns:
        Whole x1, y1, x2, y2.
    """
    ratios = (SIDE / width, SIDE / height) * 2
    cut = [int(int(value) * ratio) for value, ratio in zip(corners, ratios, strict=True)]
    x1, y1, x2, y2 = (float(min(max(value, 1), SIDE)) for value in cut)
    return (x1, y1, x2, y2)


def size_classes(areas: Sequence[float] | npt.NDArray[np.float64]) -> dict[SizeClass, npt.NDArray[np.bool_]]:
    """Which areas are small, medium and large; each is exactly one of them.

    Args:
        areas: N areas in pixels.

    Returns:
        A mask of shape (N,) for each class.
    """
    array = np.asarray(areas, dtype=np.float64)
    return {
        "small": array < MEDIUM,
        "medium": (array >= MEDIUM) & (array < LARGE),
        "large": array >= LARGE,
    }
