from __future__ import annotations

import numpy as np
import pytest

from twist_scout.routing.calibration import expected_calibration_error, fit_temperature
from twist_scout.routing.router import softmax


@pytest.mark.parametrize("true", [0.5, 1.0, 3.0])
def test_the_temperature_that_made_the_labels_is_found(true: float) -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (20_000, 2))
    right = softmax(logits / true)[:, 1]
    labels = (rng.random(len(logits)) < right).astype(int)
    assert fit_temperature(logits, labels) == pytest.approx(true, rel=0.06)


def test_the_error_is_the_gap_between_sure_and_right() -> None:
    sure = np.full(1_000, 0.9)
    assert expected_calibration_error(sure, np.arange(1_000) < 900) == pytest.approx(0)
    assert expected_calibration_error(sure, np.arange(1_000) < 700) == pytest.approx(0.2)
    assert expected_calibration_error(np.array([]), np.array([])) == 0
    half = np.concatenate([np.full(500, 0.6), np.full(500, 1.0)])
    assert expected_calibration_error(half, np.arange(1_000) >= 500) == pytest.approx(0.3)
