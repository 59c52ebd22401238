from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twist_scout.evaluation.captioning.arrays import pair_up
from twist_scout.evaluation.captioning.precision_recall import IOU_THRESHOLDS, f1_by_image, match, precision_recall

from .test_average_precision import FOUND, THING, arrays

CAR = [0.0, 0.0, 100.0, 100.0]


def test_counts_by_hand() -> None:
    objects, detections = arrays(
        [
            (0, 0, CAR, 1e4, False),
            (0, 0, [200.0, 0.0, 100.0, 100.0], 1e4, False),
            (0, 1, CAR, 1e4, False),
            (0, 0, [0.0, 300.0, 300.0, 100.0], 3e4, True),
        ],
        [
            (0, 0, CAR, 1.0),  # right
            (0, 0, CAR, 1.0),  # said twice
            (0, 0, [20.0, 320.0, 30.0, 30.0], 1.0),  # in the crowd
            (0, -1, CAR, 1.0),  # of no class
            (1, 0, CAR, 1.0),  # in another image
        ],
    )
    at_50 = precision_recall(detections, objects)[0]
    assert (at_50.right, at_50.wrong, at_50.in_crowd, at_50.missed) == (1, 2, 1, 2)
    assert (at_50.precision, at_50.recall) == (1 / 3, 1 / 3)
    assert at_50.f1 == pytest.approx(1 / 3)


def test_nobody_takes_the_object_that_another_needs() -> None:
    """By rank or IoU the first box takes the object between; matched as well as can be, both have one."""
    objects, detections = arrays(
        [(0, 0, [0.0, 0.0, 100.0, 100.0], 1e4, False), (0, 0, [30.0, 0.0, 100.0, 100.0], 1e4, False)],
        [(0, 0, [15.0, 0.0, 100.0, 100.0], 1.0), (0, 0, [-25.0, 0.0, 100.0, 100.0], 1.0)],
    )
    assert precision_recall(detections, objects, [0.5])[0].right == 2


@settings(max_examples=100, deadline=None)
@given(st.lists(THING, max_size=12), st.lists(FOUND, max_size=16), st.randoms(use_true_random=False))
def test_no_order_matters_and_counts_add_up(things, boxes, dice) -> None:  # type: ignore[no-untyped-def]
    objects, detections = arrays(things, boxes)
    curve = precision_recall(detections, objects)
    shuffled_things, shuffled_boxes = things.copy(), boxes.copy()
    dice.shuffle(shuffled_things)
    dice.shuffle(shuffled_boxes)
    rescored = [(*box[:3], dice.random()) for box in shuffled_boxes]
    again_objects, again = arrays(shuffled_things, rescored)
    assert precision_recall(again, again_objects) == curve
    for point in curve:
        assert point.right + point.wrong + point.in_crowd == int((detections.category >= 0).sum())
        assert point.right + point.missed == int((~objects.crowd).sum())
    for lower, higher in pairwise(curve):
        assert lower.right >= higher.right
    assert [point.iou for point in curve] == list(IOU_THRESHOLDS)


def test_nothing_is_not_zero() -> None:
    objects, detections = arrays([], [])
    point = precision_recall(detections, objects)[0]
    assert math.isnan(point.precision)
    assert math.isnan(point.recall)
    assert math.isnan(point.f1)


def test_each_image_by_itself() -> None:
    objects, detections = arrays(
        [(0, 0, CAR, 1e4, False), (0, 0, [200.0, 0.0, 100.0, 100.0], 1e4, False), (2, 0, CAR, 1e4, False)],
        [(0, 0, CAR, 1.0), (3, 0, CAR, 1.0), (2, -1, CAR, 1.0)],
    )
    f1 = f1_by_image(match(detections, objects, 0.5), detections, objects, 5)
    assert f1 == pytest.approx([2 / 3, 1.0, 0.0, 0.0, 1.0])


def test_overlap_is_that_of_coco() -> None:
    from pycocotools import mask

    dice = np.random.default_rng(0)
    objects, detections = arrays(
        [(0, 0, [*dice.uniform(0, 90, 2), *dice.uniform(0, 60, 2)], 1.0, bool(n % 3 == 0)) for n in range(30)],
        [(0, 0, [*dice.uniform(0, 90, 2), *dice.uniform(0, 60, 2)], 1.0) for _ in range(30)],
    )
    meant = mask.iou(detections.bbox, objects.bbox, objects.crowd.astype(int).tolist())
    found = np.zeros_like(meant)
    pairs = pair_up(detections, objects)
    found[pairs.detection, pairs.thing] = pairs.iou
    assert np.abs(found - meant).max() < 1e-12
