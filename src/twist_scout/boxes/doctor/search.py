"""Trying every reading."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from twist_scout.boxes.doctor.fitting import Fit, fits
from twist_scout.boxes.doctor.readings import FORMS, Reading, all_readings, corners, decode
from twist_scout.boxes.doctor.samples import BoolArray, FloatArray, Samples
from twist_scout.boxes.doctor.scoring import Score, best_ious, chance_ious, iou, noise

ALIKE = 0.005
"""Readings whose mean IoUs are closer than this are not told apart."""

_FIT_GAIN = 0.03  # mean IoU that a free fit must add to be believed
_FINALISTS = 40
_LISTED = 5
_MEANT = 0.3  # IoU from which a prediction is taken to mean a true box, where a row has several


@dataclass(frozen=True)
class Candidate:
    """A reading with its score."""

    reading: Reading | Fit
    score: Score

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {**self.reading.to_dict(), **self.score.to_dict()}


@dataclass(frozen=True)
class Search:
    """The readings that fit best.

    Args:
        best: the one that is believed.
        ious: (T,) its IoU for each true box.
        chance: (T,) the same with boxes of other pictures.
        alike: others that fit these boxes as well.
        others: the next best that do not, best first.
        tried: how many were tried.
    """

    best: Candidate
    ious: FloatArray
    chance: FloatArray
    alike: tuple[Candidate, ...]
    others: tuple[Candidate, ...]
    tried: int

    @property
    def lift(self) -> float:
        """Mean IoU above chance."""
        return float((self.ious - self.chance).mean())

    @property
    def lift_noise(self) -> float:
        """Standard error of `lift`."""
        return noise(self.ious - self.chance)


def search(samples: Samples, declared: Reading | None, spelled: Container[Reading] = ()) -> Search:
    """Try every reading, then scale and offset.

    Args:
        samples: predictions and truth; at least one pair.
        declared: the user's reading: it is believed if none fits better.
        spelled: readings of the dialects that spell boxes just so: believed next.
    """
    means = dict(_means(samples))
    finalists = sorted(means, key=lambda reading: -means[reading])[:_FINALISTS]
    if declared in means and declared not in finalists:
        finalists.append(declared)
    ious = {reading: best_ious(reading.decode(samples), samples) for reading in finalists}
    winner = max(finalists, key=lambda reading: float(ious[reading].mean()))
    alike = sorted(
        (reading for reading in finalists if _are_alike(ious[winner], ious[reading])),
        key=lambda reading: (reading != declared, reading not in spelled, reading.cost),
    )
    fit = _better_fit(samples, alike[0], ious[winner])
    best: Reading | Fit = alike[0] if fit is None else fit
    boxes = best.decode(samples)
    found = best_ious(boxes, samples)

    def listed(readings: Iterable[Reading]) -> tuple[Candidate, ...]:
        return tuple(Candidate(reading, Score.of(ious[reading])) for reading in readings)[:_LISTED]

    return Search(
        best=Candidate(best, Score.of(found)),
        ious=found,
        chance=chance_ious(boxes, samples),
        alike=listed(alike[1:] if fit is None else ()),
        others=listed(reading for reading in finalists if fit is not None or reading not in alike),
        tried=len(means),
    )


def _means(samples: Samples) -> Iterable[tuple[Reading, float]]:
    edges = {(y_first, form): corners(samples.numbers, y_first, form) for y_first in (False, True) for form in FORMS}
    for reading in all_readings(samples):
        boxes = decode(reading, edges[reading.y_first, reading.form], samples)
        yield reading, float(best_ious(boxes, samples).mean())


def _are_alike(best: FloatArray, other: FloatArray) -> bool:
    behind = best - other
    error = noise(behind)
    return float(behind.mean()) <= max(ALIKE, 2 * error if np.isfinite(error) else 0.0)


def _better_fit(samples: Samples, chosen: Reading, ious: FloatArray) -> Fit | None:
    """A reading up to scale and offset, where it fits far better than the best known one: the
    simplest of those that fit best.
    """
    found: list[tuple[Fit, FloatArray]] = []
    for fit in fits(samples, _meant_pairs(samples, chosen)):
        fitted = best_ious(fit.decode(samples), samples)
        if (fitted - ious).mean() >= max(_FIT_GAIN, 4 * noise(fitted - ious)):
            found.append((fit, fitted))
    if not found:
        return None
    _, best = max(found, key=lambda each: float(each[1].mean()))
    return min((fit for fit, fitted in found if _are_alike(best, fitted)), key=lambda fit: fit.cost)


def _meant_pairs(samples: Samples, reading: Reading) -> BoolArray:
    """(K,) which predictions are meant for which true boxes: the only ones of their rows, or, where
    there are no such rows, those that overlap.
    """
    if samples.single.any():
        return samples.single
    return iou(reading.decode(samples), samples.truth[samples.truth_of]) >= _MEANT
