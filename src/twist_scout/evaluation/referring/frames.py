"""What the numbers of a box mean to an evaluator, and in which picture it measures.

A *placing* turns numbers, as a text or a dialect gives them, into corners in the picture in which the evaluator compares
boxes; a *space* is that picture: the original one, Shikra's padded square in thousandths, or PIN's 224 x 224 pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from twist_scout.evaluation.localization.frames import SIDE
from twist_scout.evaluation.referring.truth import FloatArray, IntArray, Truth

_DECIMALS = 9
"""Of pixels, before they are cut to whole ones: beyond are the last bits of floats."""


class How(IntEnum):
    """How the numbers of a box were taken."""

    dialect = 0
    fractions = 1
    thousandths = 2
    of_999 = 3
    pixels = 4
    cells = 5
    padded = 6
    grid = 7


HOW_WORDS = {
    How.dialect: "as the dialect has them",
    How.fractions: "as fractions of the whole picture",
    How.thousandths: "as thousandths (0-1000)",
    How.of_999: "as n / 999",
    How.pixels: "as pixels of the original picture",
    How.cells: "as cells of 32 x 32",
    How.padded: "as fractions of the padded square",
    How.grid: "as pixels of 224 x 224",
}


@dataclass(frozen=True, eq=False)
class Placed:
    """L boxes in the picture of an evaluator, made from K boxes of texts; L is K or, where two readings are tried, 2 K.

    Attributes:
        boxes: (L, 4) corners.
        sources: (L,) which of the K boxes each is made from, ascending.
        how: (L,) how its numbers were taken, as `How`.
    """

    boxes: FloatArray
    sources: IntArray
    how: npt.NDArray[np.uint8]


#: From (K, 4) numbers and the (K, 2) sizes of their pictures.
Placing = Callable[[FloatArray, FloatArray], Placed]


@dataclass(frozen=True)
class Space:
    """A picture in which boxes are compared.

    Attributes:
        words: what it is.
        truth: (M, 4) the true boxes there.
        to_pixels: (K, 4) corners there and (K, 2) sizes to pixels of the original pictures.
    """

    words: str
    truth: Callable[[Truth], FloatArray]
    to_pixels: Callable[[FloatArray, FloatArray], FloatArray]


def _padded_truth(truth: Truth) -> FloatArray:
    """In thousandths of the padded square, rounded, as Shikra's evaluation reads them back from its own text."""
    side, margins = _square(truth.sizes[truth.rows])
    return _thousandths(np.clip((truth.boxes + np.tile(margins, 2)) / side, 0.0, 1.0))


def squeeze(boxes: FloatArray, sizes: FloatArray) -> FloatArray:
    """(M, 4) true boxes as PIN's evaluation makes them: corner, width and height cut to whole pixels of 224 x 224, the far
    corner at most 223.
    """
    scale = SIDE / sizes  # the ratio first, as there: the other order cuts some products at another whole number
    corner = np.floor(np.round(boxes[:, :2], _DECIMALS) * scale)
    extent = np.floor(np.round(boxes[:, 2:] - boxes[:, :2], _DECIMALS) * scale)
    return np.hstack([corner, np.minimum(corner + extent, SIDE - 1)])


def _from_padded(boxes: FloatArray, sizes: FloatArray) -> FloatArray:
    side, margins = _square(sizes)
    return boxes / 1000 * side - np.tile(margins, 2)


ORIGINAL = Space("the original picture", lambda truth: truth.boxes, lambda boxes, sizes: boxes)
PADDED = Space("the padded square, in thousandths", _padded_truth, _from_padded)
SQUEEZED = Space(
    "the picture squeezed to 224 x 224",
    lambda truth: squeeze(truth.boxes, truth.sizes[truth.rows]),
    lambda boxes, sizes: boxes / SIDE * np.tile(sizes, 2),
)


def _simple(how: How, place: Callable[[FloatArray, FloatArray], FloatArray]) -> Placing:
    """A placing that makes one box of each."""

    def placing(numbers: FloatArray, sizes: FloatArray) -> Placed:
        count = len(numbers)
        return Placed(place(numbers, np.tile(sizes, 2)), np.arange(count), np.full(count, how, dtype=np.uint8))

    return placing


#: Pixels of the original picture, as `samples.read_boxes` gives them.
as_they_are = _simple(How.dialect, lambda numbers, sizes: numbers)
#: The same, cut to whole pixels.
cut = _simple(How.dialect, lambda numbers, sizes: np.trunc(np.round(numbers, _DECIMALS)))
#: The same, in the picture squeezed to 224 x 224.
squeezed = _simple(How.dialect, lambda numbers, sizes: numbers / sizes * SIDE)
#: Fractions of the whole picture.
fractions = _simple(How.fractions, lambda numbers, sizes: numbers * sizes)
#: Thousandths of the picture, cut to whole pixels of it.
cut_thousandths = _simple(How.thousandths, lambda numbers, sizes: np.trunc(numbers * (sizes / 1000)))
#: From 0 to 999, with 999 at the border.
of_999 = _simple(How.of_999, lambda numbers, sizes: numbers / 999 * sizes)
#: Cells of a grid of 32 x 32.
cells = _simple(How.cells, lambda numbers, sizes: numbers / 32 * sizes)
#: Fractions of the padded square, in thousandths.
padded = _simple(How.padded, lambda numbers, sizes: numbers * 1000)
#: Pixels of the picture squeezed to 224 x 224.
grid = _simple(How.grid, lambda numbers, sizes: numbers)


def guessed(numbers: FloatArray, sizes: FloatArray) -> Placed:
    """Fractions, thousandths or pixels by the largest number; cut off at the border, and turned round where inverted."""
    largest = np.abs(numbers).max(axis=1, initial=0.0)
    edges = np.tile(sizes, 2)
    how = np.select([largest <= 1.5, largest <= 1000], [How.fractions, How.thousandths], How.pixels).astype(np.uint8)
    factor = np.ones_like(numbers)
    factor[how == How.fractions] = edges[how == How.fractions]
    factor[how == How.thousandths] = edges[how == How.thousandths] / 1000
    boxes = np.clip(numbers * factor, 0.0, edges)
    corners = np.hstack([np.minimum(boxes[:, :2], boxes[:, 2:]), np.maximum(boxes[:, :2], boxes[:, 2:])])
    return Placed(corners, np.arange(len(numbers)), how)


def both(numbers: FloatArray, sizes: FloatArray) -> Placed:
    """Pixels and thousandths, one box of each reading."""
    boxes = np.stack([numbers, numbers / 1000 * np.tile(sizes, 2)], axis=1).reshape(-1, 4)
    how = np.tile(np.array([How.pixels, How.thousandths], dtype=np.uint8), len(numbers))
    return Placed(boxes, np.repeat(np.arange(len(numbers)), 2), how)


def _square(sizes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Side (K, 1) and left and top margin (K, 2) of the padded squares; margins are whole pixels."""
    side = sizes.max(axis=1, keepdims=True)
    return side, (side - sizes) // 2


def _thousandths(shares: FloatArray) -> FloatArray:
    """Shares rounded to three decimals, in thousandths; ties go where Python's ``round`` sends their decimal text."""
    scaled = shares * 1000
    rounded = np.rint(scaled)
    ties = np.abs(scaled - np.floor(scaled) - 0.5) < 1e-6
    if ties.any():
        rounded[ties] = [round(round(share, 3) * 1000) for share in shares[ties].tolist()]
    return rounded
