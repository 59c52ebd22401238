from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twist_scout.evaluation.captioning.average_precision import PrecisionEvaluator
from twist_scout.evaluation.captioning.tie_orders import tie_orders

from .test_average_precision import CLASSES, FOUND, THING, arrays, reference

CAR = [0.0, 0.0, 100.0, 100.0]
FAR = [300.0, 300.0, 50.0, 50.0]


def test_the_ends_are_all_right_first_and_all_wrong_first() -> None:
    # One class, two objects, two right boxes and two wrong ones, all with the same score.
    objects, detections = arrays(
        [(0, 0, CAR, 1e4, False), (1, 0, CAR, 1e4, False)],
        [(0, 0, CAR, 1.0), (0, 0, FAR, 1.0), (1, 0, FAR, 1.0), (1, 0, CAR, 1.0)],
    )
    found = tie_orders(PrecisionEvaluator(objects, detections, CLASSES), orders=40)
    assert found.ap50.best == pytest.approx(1.0)
    # Wrong, wrong, right, right: precision 1/3, then 2/4, made monotone 1/2 everywhere.
    assert found.ap50.worst == pytest.approx(0.5)
    assert found.ap50.worst <= found.ap50.low < found.ap50.mean < found.ap50.high <= found.ap50.best
    assert (found.tied, found.boxes, found.orders) == (4, 4, 40)


def test_distinct_scores_leave_nothing_to_chance() -> None:
    objects, detections = arrays(
        [(0, 0, CAR, 1e4, False)], [(0, 0, FAR, 0.9), (0, 0, CAR, 0.8), (0, 1, CAR, 0.8), (0, -1, CAR, 0.8)]
    )
    evaluator = PrecisionEvaluator(objects, detections, CLASSES)
    found = tie_orders(evaluator, orders=5)
    assert found.tied == 0
    assert {found.ap.low, found.ap.high, found.ap.mean, found.ap.best, found.ap.worst} == {evaluator.evaluate().ap}


def test_a_seed_decides_the_orders() -> None:
    dice = np.random.default_rng(0)
    things = [(image, 0, CAR, 1e4, False) for image in range(20)]
    boxes = [(image, 0, CAR if dice.random() < 0.5 else FAR, 1.0) for image in range(20) for _ in range(2)]
    evaluator = PrecisionEvaluator(*arrays(things, boxes), CLASSES)
    first, again, other = (tie_orders(evaluator, orders=6, seed=seed) for seed in (0, 0, 1))
    assert first == again
    assert first.ap != other.ap
    assert (first.ap.best, first.ap.worst) == (other.ap.best, other.ap.worst)


def test_progress_counts_every_order() -> None:
    told: list[tuple[int, int]] = []
    objects, detections = arrays([(0, 0, CAR, 1e4, False)], [(0, 0, CAR, 1.0)])
    tie_orders(
        PrecisionEvaluator(objects, detections, CLASSES),
        orders=3,
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(n, 6) for n in range(1, 7)]


@settings(max_examples=60, deadline=None)
@given(st.lists(THING, min_size=1, max_size=10), st.lists(FOUND, max_size=14), st.randoms(use_true_random=False))
def test_any_order_is_what_pycocotools_has_for_it(things, boxes, dice) -> None:  # type: ignore[no-untyped-def]
    """Writing the boxes in another order, and ranking them in that order, is the same."""
    tied = [(*box[:3], 1.0) for box in boxes]
    ranks = list(range(len(tied)))
    dice.shuffle(ranks)
    objects, detections = arrays(things, tied)
    ranked = PrecisionEvaluator(objects, detections, CLASSES).evaluate(np.array([float(-rank) for rank in ranks]))
    written = sorted(((*box[:3], float(-rank)) for box, rank in zip(tied, ranks, strict=True)), key=lambda box: -box[3])
    meant = reference(objects, arrays([], written)[1], 100)
    assert ranked.ap == pytest.approx(meant["ap"], abs=1e-9, nan_ok=True)


@settings(max_examples=60, deadline=None)
@given(st.lists(THING, min_size=1, max_size=10), st.lists(FOUND, max_size=14))
def test_the_ends_enclose_what_is_drawn(things, boxes) -> None:  # type: ignore[no-untyped-def]
    found = tie_orders(PrecisionEvaluator(*arrays(things, [(*box[:3], 1.0) for box in boxes]), CLASSES), orders=8)
    for spread in (found.ap, found.ap50):
        if not np.isnan(spread.mean):
            assert spread.worst <= spread.low <= spread.mean + 1e-12
            assert spread.mean - 1e-12 <= spread.high <= spread.best
