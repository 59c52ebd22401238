"""One cause for every loss, and every loss has one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twist_scout.evaluation.captioning.losses import MISSED, WRONG, Losses, losses
from twist_scout.evaluation.captioning.precision_recall import counts, match

from .test_average_precision import FOUND, THING, arrays

CAR = [100.0, 100.0, 100.0, 100.0]
NEAR = [160.0, 100.0, 100.0, 100.0]


def lost(things, boxes, **more) -> Losses:  # type: ignore[no-untyped-def]
    objects, detections = arrays(things, boxes)
    flags = {"predicted": np.ones(4, dtype=bool), "unreadable": np.zeros(4, dtype=bool), **more}
    return losses(objects, detections, match(detections, objects, 0.5), **flags)


@pytest.mark.parametrize(
    ("box", "missed", "wrong"),
    [
        ((0, 1, CAR, 1.0), "other_class", "other_class"),
        ((0, -1, CAR, 1.0), "unmapped", None),
        ((0, 0, NEAR, 1.0), "imprecise", "imprecise"),
        ((0, 0, [400.0, 0.0, 50.0, 50.0], 1.0), "not_mentioned", "nothing_there"),
        ((1, 0, CAR, 1.0), "not_mentioned", "nothing_there"),
    ],
)
def test_the_cause_of_a_single_loss(box: tuple[int, int, list[float], float], missed: str, wrong: str | None) -> None:
    found = lost([(0, 0, CAR, 1e4, False)], [box])
    assert dict(found.missed) == {missed: 1}
    assert dict(found.wrong) == ({wrong: 1} if wrong else {})


def test_one_box_for_two_objects_and_two_boxes_for_one() -> None:
    twice = lost([(0, 0, CAR, 1e4, False), (0, 0, CAR, 1e4, False)], [(0, 0, CAR, 1.0)])
    assert dict(twice.missed) == {"shared_box": 1}
    repeated = lost([(0, 0, CAR, 1e4, False)], [(0, 0, CAR, 1.0), (0, 0, CAR, 1.0)])
    assert dict(repeated.wrong) == {"repeated": 1}


def test_what_the_caption_cannot_help() -> None:
    thing = [(0, 0, CAR, 1e4, False)]
    nobody = np.array([False, True, True, True])
    assert dict(lost(thing, [], predicted=nobody).missed) == {"no_caption": 1}
    assert dict(lost(thing, [], unreadable=~nobody).missed) == {"unreadable": 1}
    small = lost(thing, [(0, 0, NEAR, 1.0)], can_write=lambda row: False)
    assert dict(small.missed) == {"too_small_to_write": 1}
    assert dict(lost(thing, [], can_write=lambda row: False).missed) == {"not_mentioned": 1}  # nobody tried


@settings(max_examples=100, deadline=None)
@given(st.lists(THING, max_size=12), st.lists(FOUND, max_size=16))
def test_losses_add_up_to_what_is_counted(things, boxes) -> None:  # type: ignore[no-untyped-def]
    objects, detections = arrays(things, boxes)
    point = counts(match(detections, objects, 0.5), detections, objects, 0.5)
    found = lost(things, boxes)
    assert found.missed.total() == point.missed == len(found.missed_objects)
    assert found.wrong.total() == point.wrong == len(found.wrong_boxes)
    assert set(found.missed) <= set(MISSED)
    assert set(found.wrong) <= set(WRONG)
