"""Table A.1 of a data set that is small enough to count by hand; and of ones that are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twist_scout.scout.statistics import TABLE_A1, Distinct, Spread, gather

from .data_set import examples


def test_the_numbers_are_those_of_the_hand() -> None:
    found = gather(examples())
    numbers = found.to_dict()
    assert numbers["images"] == 3
    assert numbers["records"] == 4
    assert numbers["pairs"] == 5
    assert numbers["negatives"] == 1
    assert numbers["objects"] == 7
    assert numbers["mentions"] == 4 + 1 + 1 + 3
    assert numbers["turns"] == {"least": 1, "median": 1, "mean": 1.25, "most": 2}
    assert numbers["steps"] == {"least": 0, "median": 2, "mean": 1.6, "most": 4}
    assert numbers["boxes"] == {"least": 1, "median": 2, "mean": 1.75, "most": 2}
    assert numbers["tasks"] == {"scout": 3, "negative": 1}
    assert numbers["kinds"] == {"attribute": 1, "where": 1, "absent": 1}
    assert numbers["sources"] == {"small": 4}
    assert numbers["estimated"] == []


def test_words_are_counted_without_boxes_and_without_case() -> None:
    last = gather([examples()[-1]]).to_dict()
    said = "who holds the ball a girl what color is it the ball is red".split()
    assert last["words"] == len(said)
    assert last["vocabulary"] == len(set(said))
    assert last["answer_words"]["mean"] == 3.0


def test_the_same_box_of_the_same_picture_is_one_object() -> None:
    one = examples()[0]
    twice = gather([one, one.model_copy(update={"id": "again"}), one.model_copy(update={"image": "other.png"})])
    assert twice.objects.count() == 4
    assert twice.images.count() == 2


def test_the_first_rows_are_those_of_table_a1() -> None:
    rows = gather(examples()).table()
    assert tuple(name for name, _ in rows[: len(TABLE_A1)]) == TABLE_A1
    assert dict(rows)["turns"] == "1 ~ 2"


def test_nothing_has_a_table_too() -> None:
    numbers = gather([])
    assert numbers.to_dict()["turns"] == {"least": None, "median": None, "mean": 0.0, "most": None}
    assert dict(numbers.table())["turns"] == "–"


@given(st.lists(st.text(max_size=3)), st.integers(3, 6))
def test_few_things_are_counted_exactly(things: list[str], limit: int) -> None:
    counter = Distinct(limit)
    for thing in things:
        counter.add(thing)
    if len(set(things)) <= limit:
        assert counter.exact
        assert counter.count() == len(set(things))
    else:
        assert not counter.exact


@pytest.mark.parametrize("repeats", [1, 3])
def test_many_things_are_estimated_within_the_stated_error_and_in_bounded_memory(repeats: int) -> None:
    limit, true = 1 << 12, 200_000
    counter = Distinct(limit)
    for _ in range(repeats):
        for number in range(true):
            counter.add(f"thing {number}")
    assert not counter.exact
    assert abs(counter.count() / true - 1) < 4 / (limit - 2) ** 0.5
    assert counter._places.nbytes == 16 * limit
    assert len(counter._recent) <= 1 << 16


def test_names_from_strangers_do_not_fill_the_memory() -> None:
    one = examples()[0]
    found = gather(one.model_copy(update={"meta": {"kind": f"kind {n} " + "x" * 500}}) for n in range(1000))
    assert len(found.kinds) == 65
    assert found.kinds.total() == 1000
    assert max(map(len, found.kinds)) <= 60


@given(st.lists(st.integers(0, 900), min_size=1))
def test_a_spread_knows_its_median(values: list[int]) -> None:
    spread = Spread()
    for value in values:
        spread.add(value)
    assert spread.median == sorted(values)[(len(values) - 1) // 2]
    assert (spread.least, spread.most, spread.total) == (min(values), max(values), sum(values))
