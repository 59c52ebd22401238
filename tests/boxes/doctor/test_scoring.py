"""Scores of readings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twist_scout.boxes import Box
from twist_scout.boxes.doctor.samples import Row, make_samples
from twist_scout.boxes.doctor.scoring import Score, best_ious, chance_ious, iou, noise


@given(st.from_type(Box), st.from_type(Box))
def test_iou_is_that_of_boxes(a: Box, b: Box) -> None:
    found = iou(np.array([a.as_tuple()]), np.array([b.as_tuple()]))
    assert found[0] == pytest.approx(a.iou(b), abs=1e-9)


def test_an_inverted_box_overlaps_with_nothing() -> None:
    assert iou(np.array([[1.0, 0.0, 0.0, 1.0]]), np.array([[0.0, 0.0, 1.0, 1.0]])).tolist() == [0]


def test_the_best_prediction_of_a_row_counts() -> None:
    rows = [
        Row("a", "[0,0,1,1] [0,0,0.5,1]", ((0, 0, 10, 10), (0, 0, 5, 10)), (10, 10)),
        Row("b", "[0,0,0.5,0.5]", ((0, 0, 10, 10),), (10, 10)),
    ]
    samples = make_samples(rows)
    found = best_ious(samples.numbers, samples)
    assert found.tolist() == [1, 1, 0.25]
    assert Score.of(found) == Score(0.75, 2 / 3)


def test_chance_never_meets_its_own_truth() -> None:
    rows = [Row(str(n), f"[{n},{n},{n + 1},{n + 1}]", ((n, n, n + 1, n + 1),), (10, 10)) for n in range(5)]
    samples = make_samples(rows)
    boxes = samples.numbers / 10
    assert best_ious(boxes, samples).tolist() == [1] * 5
    assert chance_ious(boxes, samples).tolist() == [0] * 5


def test_nothing_scores_zero_and_one_difference_says_nothing() -> None:
    samples = make_samples([])
    assert Score.of(best_ious(samples.numbers, samples)) == Score(0, 0)
    assert noise(np.array([0.5])) == float("inf")
    assert noise(np.array([1.0, 3.0])) == pytest.approx(1)
