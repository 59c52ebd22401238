"""Where things stand: in the picture, in a size that a word says, and not on top of one another."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from twist_scout.toyworld.casting import cast
from twist_scout.toyworld.drawing import HORIZONS, Placed
from twist_scout.toyworld.placing import SIZES, crowded, place


def placed_units(count: int) -> list[tuple[str, dict[int, Placed]]]:
    rng = np.random.default_rng(7)
    found = []
    while len(found) < count:
        setting, units = cast(rng, "plain", None)
        found += [(setting, group) for unit in units if (group := place(rng, setting, unit, len(units)))]
    return found


UNITS = placed_units(300)


def one(x1: float, y1: float, x2: float, y2: float) -> dict[int, Placed]:
    return {0: Placed("dog", {"body": "red"}, x1, y1, x2, y2)}


def test_sizes_do_not_touch() -> None:
    assert all(smaller[1] < larger[0] for smaller, larger in pairwise(SIZES.values()))


def test_everything_lies_in_the_picture_and_almost_everything_reaches_the_ground() -> None:
    for _, group in UNITS:
        for thing in group.values():
            assert 0 <= thing.x1 < thing.x2 <= 1
            assert 0 <= thing.y1 < thing.y2 <= 1
    stands = [max(t.y2 for t in group.values()) >= HORIZONS[setting] for setting, group in UNITS]
    assert 0.8 < np.mean(stands) < 1


def test_things_alone_are_of_a_size_that_words_span() -> None:
    high = max(SIZES.values())[1]
    for _, group in UNITS:
        if len(group) == 1:
            thing = group[0]
            mean = ((thing.x2 - thing.x1) * (thing.y2 - thing.y1)) ** 0.5
            assert 0.15 <= mean <= high + 1e-9


@pytest.mark.parametrize(("shift", "answer"), [(0.0, True), (0.2, True), (0.27, False), (0.5, False)])
def test_two_units_may_overlap_by_a_third(shift: float, answer: bool) -> None:
    groups = [one(0.1, 0.1, 0.5, 0.5), one(0.1 + shift, 0.1, 0.5 + shift, 0.5)]
    assert crowded(groups) is answer
    assert crowded(groups[::-1]) is answer


def test_partners_may_overlap_as_they_like() -> None:
    assert not crowded([{0: one(0, 0, 1, 1)[0], 1: one(0, 0, 1, 1)[0]}])
