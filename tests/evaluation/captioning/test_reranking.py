"""The quick way has the numbers of the evaluator, which has those of pycocotools."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twist_scout.evaluation.captioning.average_precision import PrecisionEvaluator
from twist_scout.evaluation.captioning.reranking import Reranker
from twist_scout.evaluation.captioning.tie_orders import tie_orders

from .test_average_precision import CLASSES, FOUND, THING, arrays


@settings(max_examples=200, deadline=None)
@given(st.lists(THING, max_size=14), st.lists(FOUND, max_size=25), st.integers(0, 2**32 - 1))
def test_every_ranking_scores_as_the_evaluator_has_it(things, boxes, seed) -> None:  # type: ignore[no-untyped-def]
    objects, detections = arrays(things, boxes)
    evaluator, reranker = PrecisionEvaluator(objects, detections, CLASSES), Reranker(objects, detections)
    dice = np.random.default_rng(seed)
    for _ in range(3):
        ranks = dice.permutation(len(detections)).astype(float)
        meant = evaluator.evaluate(ranks, areas=())
        assert reranker.evaluate(ranks) == pytest.approx((meant.ap, meant.ap50), abs=1e-12, nan_ok=True)


def test_on_crowded_pictures_too() -> None:
    dice = np.random.default_rng(3)
    things, boxes = [], []
    for image in range(30):
        for _ in range(12):  # many of a class, close together
            corner = dice.uniform(0, 40, 2)
            things.append((image, int(dice.integers(2)), [*corner, 60.0, 60.0], 3600.0, bool(dice.random() < 0.1)))
            boxes += [(image, int(dice.integers(2)), [*(corner + dice.normal(0, 6, 2)), 60.0, 60.0], 1.0)] * 2
    objects, detections = arrays(things, boxes)
    evaluator, reranker = PrecisionEvaluator(objects, detections, CLASSES), Reranker(objects, detections)
    for _ in range(5):
        ranks = dice.permutation(len(detections)).astype(float)
        meant = evaluator.evaluate(ranks, areas=())
        assert 0.05 < meant.ap < meant.ap50 < 0.95
        assert reranker.evaluate(ranks) == pytest.approx((meant.ap, meant.ap50), abs=1e-12)


def test_more_boxes_than_coco_looks_at_go_the_slow_way() -> None:
    car = [0.0, 0.0, 50.0, 50.0]
    objects, detections = arrays(
        [(0, 0, car, 2500.0, False)], [(0, 0, [300.0, 0.0, 9.0, 9.0], 1.0)] * 4 + [(0, 0, car, 1.0)]
    )
    assert Reranker(objects, detections).largest_group == 5
    few = tie_orders(PrecisionEvaluator(objects, detections, CLASSES, 2), orders=10)
    assert few.ap.worst == 0.0  # the right box is not among the first two
    assert few.ap.best == 1.0
    assert tie_orders(PrecisionEvaluator(objects, detections, CLASSES), orders=10).ap.worst == pytest.approx(0.2)
