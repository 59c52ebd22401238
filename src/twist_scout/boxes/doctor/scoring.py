"""How well a reading fits: IoU with the truth, compared with what chance reaches and with other
readings.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from twist_scout.boxes.doctor.samples import FloatArray, Samples


@dataclass(frozen=True)
class Score:
    """How well boxes fit.

    Args:
        mean_iou: mean over all true boxes of the best IoU in their row.
        accuracy: share of true boxes with an IoU of at least 0.5.
    """

    mean_iou: float
    accuracy: float

    @classmethod
    def of(cls, ious: FloatArray) -> Score:
        """The score of (T,) IoUs; zero where there are none."""
        if not len(ious):
            return cls(0.0, 0.0)
        return cls(float(ious.mean()), float((ious >= 0.5).mean()))

    def to_dict(self) -> dict[str, float]:
        """JSON-ready, to four decimals."""
        return {"mean_iou": round(self.mean_iou, 4), "accuracy": round(self.accuracy, 4)}


def best_ious(boxes: FloatArray, samples: Samples, truth: FloatArray | None = None) -> FloatArray:
    """(T,) for each true box, the IoU of the box of its row that fits best.

    Fractions of width and height do as well as pixels: both areas scale alike.

    Args:
        boxes: (K, 4) corners in fractions of the original picture.
        samples: the pairs.
        truth: (T, 4) other boxes instead of the true ones.
    """
    if not len(samples.first_pair):
        return np.zeros(0)
    meant = (samples.truth if truth is None else truth)[samples.truth_of]
    return np.maximum.reduceat(iou(boxes, meant), samples.first_pair)


def iou(a: FloatArray, b: FloatArray) -> FloatArray:
    """(K,) IoU of rows of corners; 0 where a box is inverted."""
    across = np.minimum(a[:, 2], b[:, 2]) - np.maximum(a[:, 0], b[:, 0])
    down = np.minimum(a[:, 3], b[:, 3]) - np.maximum(a[:, 1], b[:, 1])
    overlap = np.maximum(across, 0.0) * np.maximum(down, 0.0)
    union = _area(a) + _area(b) - overlap
    return np.divide(overlap, union, out=np.zeros_like(union), where=union > 0)


def chance_ious(boxes: FloatArray, samples: Samples) -> FloatArray:
    """(T,) the same against true boxes of other pictures: what a reading reaches without meaning
    anything, since objects crowd in the middle.
    """
    count = len(samples.truth)
    if count < 2:
        return np.zeros(count)
    generator = np.random.default_rng(0)
    shifts = generator.integers(1, count, size=5)  # never a box's own truth
    shuffled = [best_ious(boxes, samples, np.roll(samples.truth, int(shift), axis=0)) for shift in shifts]
    return np.mean(shuffled, axis=0)


def noise(differences: FloatArray) -> float:
    """Standard error of a mean of paired differences; infinite for fewer than two."""
    if len(differences) < 2:
        return math.inf
    return float(differences.std(ddof=1) / math.sqrt(len(differences)))


def _area(boxes: FloatArray) -> FloatArray:
    return np.maximum(boxes[:, 2] - boxes[:, 0], 0.0) * np.maximum(boxes[:, 3] - boxes[:, 1], 0.0)
