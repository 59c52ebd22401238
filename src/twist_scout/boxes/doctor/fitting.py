"""Scale and offset of boxes that no known reading explains.

For each frame, order and form, the numbers are fitted as ``number = scale * position + offset``,
x and y apart. Positions are counted either in fractions of the frame or in its pixels, because a
shift of 20 pixels is not a shift of 2 % in pictures of different sizes. A model also points at
wrong things: a first line goes through medians, and the second only through boxes that the first
one puts near their truth.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from twist_scout.boxes.doctor.readings import FORMS, Reading, corners, decode, line_of
from twist_scout.boxes.doctor.samples import BoolArray, FloatArray, Samples
from twist_scout.boxes.doctor.scoring import iou

FEWEST_PAIRS = 8
"""Of fewer boxes that are meant for one truth each, nothing is fitted."""

_PAIRS_OF_POINTS = 4000
_ROUNDS = 3
_NEAR_TRUTH = 0.4  # IoU
_FRAMES = ("stretched", "padded", "corner", "short", "cropped")
_WORTH_A_WORD = 0.005  # of an edge
_TYPICAL_EDGE = 400.0  # pixels


@dataclass(frozen=True)
class Fit:
    """A reading up to scale and offset.

    Args:
        base: the reading whose numbers are scaled and shifted.
        scale: for x and y, by how much the written number grows with one unit of the base.
        offset: for x and y, the number that stands for the base's zero.
    """

    base: Reading
    scale: tuple[float, float]
    offset: tuple[float, float]

    @property
    def cost(self) -> int:
        """How far-fetched the fit is: as its base, and one more for each free number."""
        (sx, sy), (ox, oy) = self.scale, self.offset
        numbers = {value for value in (sx, sy) if value != 1} | {value for value in (ox, oy) if value}
        return self.base.cost + len(numbers)

    def decode(self, samples: Samples) -> FloatArray:
        """(K, 4) corners in fractions of the original picture."""
        edges = corners(samples.numbers, self.base.y_first, self.base.form).reshape(-1, 2, 2)
        plain = (edges - np.array(self.offset)) / np.array(self.scale)
        return decode(self.base, plain.reshape(-1, 4), samples)

    def __str__(self) -> str:
        (sx, sy), (ox, oy) = self.scale, self.offset
        if self.base.unit == 1.0:  # fractions: the scale is the range of the numbers
            words = f"0-{_both(sx, sy)} {str(self.base).removeprefix('0-1 ')}"
            ox, oy, whole, shift = ox / sx, oy / sy, 1.0, "{:+.1%} in x and {:+.1%} in y"
        else:
            words = str(self.base) + ("" if _near(sx, 1) and _near(sy, 1) else f", times {_both(sx, sy)}")
            whole, shift = _TYPICAL_EDGE, "{:+.1f} in x and {:+.1f} in y"
        if max(abs(ox), abs(oy)) <= _WORTH_A_WORD * whole:
            return words
        return f"{words}, shifted by {shift.format(ox, oy)}"

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: what the numbers are, then scale and offset of x and y."""
        return {
            "words": str(self),
            "base": str(self.base),
            "scale": [round(value, 6) for value in self.scale],
            "offset": [round(value, 6) for value in self.offset],
        }


def fits(samples: Samples, meant: BoolArray) -> Iterator[Fit]:
    """Fits for every frame, order and form: a shift alone, a scale alone, and both. None where
    there are too few pairs.

    Args:
        samples: the pairs.
        meant: (K,) whether a pair is a prediction with the true box that it is meant for.
    """
    if int(meant.sum()) < FEWEST_PAIRS:
        return
    for base in _bases():
        fit = _fit(base, samples, meant)
        for _ in range(_ROUNDS):
            if fit is None:
                break
            near = meant & (iou(fit.decode(samples), samples.truth[samples.truth_of]) >= _NEAR_TRUTH)
            if int(near.sum()) < FEWEST_PAIRS:
                break
            fit = _fit(base, samples, near)
        else:
            if fit is not None:
                yield from _simpler(fit, *_points(base, samples, near))


def _bases() -> Iterator[Reading]:
    for y_first in (False, True):
        for form in FORMS:
            yield Reading("pixels", "stretched", y_first, form)
            yield Reading("pixels", "padded", y_first, form)
            for frame in _FRAMES:
                yield Reading(1.0, frame, y_first, form)


def _points(base: Reading, samples: Samples, pairs: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Where the truth lies in the base's numbers, and what was written: (pairs, corner, axis)."""
    slope, shift = line_of(base, samples)
    truth = samples.truth[samples.truth_of].reshape(-1, 2, 2)
    written = corners(samples.numbers, base.y_first, base.form).reshape(-1, 2, 2)
    return ((truth - shift[:, None, :]) / slope[:, None, :])[pairs], written[pairs]


def _fit(base: Reading, samples: Samples, pairs: BoolArray) -> Fit | None:
    positions, written = _points(base, samples, pairs)
    lines = [_robust_line(positions[:, :, axis].ravel(), written[:, :, axis].ravel()) for axis in (0, 1)]
    if lines[0] is None or lines[1] is None:
        return None
    (sx, ox), (sy, oy) = lines[0], lines[1]
    return Fit(base, (sx, sy), (ox, oy))


def _simpler(fit: Fit, positions: FloatArray, written: FloatArray) -> Iterator[Fit]:
    """A fit with fewer free numbers, if that is nearly as good; the caller compares."""
    if fit.base.unit == "pixels":
        shift = np.median((written - positions).reshape(-1, 2), axis=0)
        yield replace(fit, scale=(1.0, 1.0), offset=(float(shift[0]), float(shift[1])))
    flat, numbers = positions.reshape(-1, 2), written.reshape(-1, 2)
    both = float((flat * numbers).sum() / (flat * flat).sum())
    yield replace(fit, scale=(both, both), offset=(0.0, 0.0))
    each = (flat * numbers).sum(axis=0) / (flat * flat).sum(axis=0)
    yield replace(fit, scale=(float(each[0]), float(each[1])), offset=(0.0, 0.0))
    yield fit


def _robust_line(x: FloatArray, y: FloatArray) -> tuple[float, float] | None:
    """Slope and intercept of ``y = slope * x + intercept``; None unless the slope is positive."""
    generator = np.random.default_rng(0)
    first, second = generator.integers(0, len(x), size=(2, _PAIRS_OF_POINTS))
    far = np.abs(x[first] - x[second]) > 0.1 * (np.ptp(x) or 1.0)
    if not far.any():
        return None
    slope = float(np.median((y[first] - y[second])[far] / (x[first] - x[second])[far]))
    intercept = float(np.median(y - slope * x))
    distance = np.abs(y - slope * x - intercept)
    near = distance <= 3 * float(np.median(distance)) + 1e-12
    if near.sum() >= FEWEST_PAIRS and np.ptp(x[near]) > 0:  # least squares on what lies near the line
        slope, intercept = (float(value) for value in np.polyfit(x[near], y[near], 1))
    return (slope, intercept) if slope > 0 else None


def _near(value: float, other: float) -> bool:
    return abs(value - other) <= 0.005 * abs(other)


def _both(x: float, y: float) -> str:
    return f"{x:.4g}" if _near(x, y) else f"{x:.4g} in x and {y:.4g} in y"
