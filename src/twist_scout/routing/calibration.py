"""Probabilities that mean what they say."""

from __future__ import annotations

import numpy as np

from twist_scout.routing.router import softmax


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature under which held-out labels are likeliest.

    Args:
        logits: (rows, modes).
        labels: (rows,) indexes of the right modes.
    """
    candidates = np.geomspace(0.25, 8.0, 161)
    return float(min(candidates, key=lambda temperature: _surprise(logits / temperature, labels)))


def _surprise(logits: np.ndarray, labels: np.ndarray) -> float:
    likely = softmax(logits)[np.arange(len(labels)), labels]
    return float(-np.log(np.clip(likely, 1e-12, None)).mean())


def expected_calibration_error(confidence: np.ndarray, right: np.ndarray, bins: int = 15) -> float:
    """The mean gap between how sure the classifier is and how often it is right, weighted by bin.

    Args:
        confidence: (rows,) probability of the likeliest mode.
        right: (rows,) whether that mode was right.
        bins: of equal width over [0, 1].
    """
    if not len(confidence):
        return 0.0
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(float(confidence[place == number].mean()) - float(right[place == number].mean()))
        * float((place == number).mean())
        for number in np.unique(place)
    ]
    return float(sum(gaps))
