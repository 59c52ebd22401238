from __future__ import annotations

import math

import pytest

from twist_scout.boxes import Box
from twist_scout.evaluation import LocalizationRecord, evaluate_localization


def test_an_unreadable_answer_counts_as_zero_and_stays_in_the_mean() -> None:
    truth = Box(0, 0, 1, 1)
    result = evaluate_localization(
        [
            LocalizationRecord("[[0,0,100,100]]", truth),
            LocalizationRecord("[[0,0,100,50]]", truth),
            LocalizationRecord("no idea", truth),
        ]
    )
    assert result.ious == (1.0, 0.5, 0.0)
    assert result.miou == pytest.approx(0.5)
    assert (result.total, result.without_box) == (3, 1)
    assert "0.5000" in str(result)


def test_no_records_have_no_mean() -> None:
    assert math.isnan(evaluate_localization([]).miou)
