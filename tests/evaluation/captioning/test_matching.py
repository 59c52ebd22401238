from __future__ import annotations

from itertools import permutations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from twist_scout.evaluation.captioning.arrays import Pairs
from twist_scout.evaluation.captioning.matching import greedy_matching, largest_matching

EDGES = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4)), unique=True, max_size=18)


def pairs(edges: list[tuple[int, int]], iou: list[float] | None = None) -> Pairs:
    return Pairs(
        np.array([edge[0] for edge in edges], dtype=np.int64),
        np.array([edge[1] for edge in edges], dtype=np.int64),
        np.array(iou or [0.5] * len(edges), dtype=np.float64),
    )


def largest_by_trying(edges: list[tuple[int, int]]) -> int:
    """Every order of the detections, each taking the best still free: one of them is optimal."""
    choices: dict[int, list[int]] = {}
    for detection, thing in edges:
        choices.setdefault(detection, []).append(thing)

    def best(left: tuple[int, ...], used: frozenset[int]) -> int:
        if not left:
            return 0
        skipped = best(left[1:], used)
        taken = (1 + best(left[1:], used | {thing}) for thing in choices[left[0]] if thing not in used)
        return max([skipped, *taken])

    return best(tuple(choices), frozenset())


@settings(max_examples=200, deadline=None)
@given(EDGES)
def test_as_many_pairs_as_can_be_had(edges: list[tuple[int, int]]) -> None:
    found = largest_matching(pairs(edges), np.zeros(6, dtype=bool))
    assert set(found.items()) <= set(edges)
    assert len(set(found.values())) == len(found) == largest_by_trying(edges)


@settings(max_examples=100, deadline=None)
@given(EDGES, st.lists(st.booleans(), min_size=6, max_size=6), st.randoms(use_true_random=False))
def test_what_comes_last_is_matched_as_seldom_as_possible_whatever_the_order(edges, last, dice) -> None:  # type: ignore[no-untyped-def]
    marks = np.array(last)
    first = largest_matching(pairs(edges), marks)
    rows = list(range(6))
    dice.shuffle(rows)  # other numbers for the same detections
    renamed = [(rows[detection], thing) for detection, thing in edges]
    dice.shuffle(renamed)
    moved = np.zeros(6, dtype=bool)
    moved[rows] = marks
    again = largest_matching(pairs(renamed), moved)
    assert len(first) == len(again)
    assert sum(marks[row] for row in first) == sum(moved[row] for row in again)


def test_a_crowd_of_equal_boxes_does_not_take_forever() -> None:
    edges = [(detection, thing) for detection in range(3000) for thing in range(40)]
    assert len(largest_matching(pairs(edges), np.zeros(3000, dtype=bool))) == 40


@given(st.permutations(range(4)))
def test_greed_takes_the_highest_iou_first(order: list[int]) -> None:
    edges = [(0, 0), (0, 1), (1, 0), (2, 1)]
    iou = [0.6, 0.9, 0.7, 0.8]
    taken = greedy_matching(pairs([edges[n] for n in order], [iou[n] for n in order]))
    assert set(zip(taken.detection.tolist(), taken.thing.tolist(), strict=True)) == {(0, 1), (1, 0)}


def test_greed_is_never_better_than_the_largest() -> None:
    for edges in permutations([(0, 0), (0, 1), (1, 0)]):
        iou = [0.9 if edge == (0, 0) else 0.6 for edge in edges]
        assert len(greedy_matching(pairs(list(edges), iou))) == 1
        assert len(largest_matching(pairs(list(edges), iou), np.zeros(2, dtype=bool))) == 2
