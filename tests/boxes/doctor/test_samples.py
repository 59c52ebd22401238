"""Joining predictions with the truth."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from twist_scout.boxes.doctor import join
from twist_scout.boxes.doctor.samples import Row, choose, make_samples
from twist_scout.errors import BadInput, BadRecord


def lines(*records: Any) -> list[bytes]:
    return [json.dumps(record).encode() for record in records]


TRUTH = {"id": 1, "boxes": [[0, 0, 10, 20]], "width": 20, "height": 40}


def test_rows_are_joined_by_id_whatever_their_order() -> None:
    predictions = lines(
        {"id": "b", "text": "B"}, {"id": 1, "text": "A", "width": 10, "height": 20}, {"id": "c", "text": ""}
    )
    other = {"sent_id": "b", "bbox": [1, 2, 3, 4.5], "width": 9, "height": 9, "expression": "kept out"}
    joined = join(predictions, lines(TRUTH, other, {**TRUTH, "id": "d"}))
    assert joined.rows == (
        Row("1", "A", ((0, 0, 10, 20),), (20, 40), (10, 20)),
        Row("b", "B", ((1, 2, 3, 4.5),), (9, 9), None),
    )
    assert (joined.without_prediction, joined.without_truth) == (1, 1)


@pytest.mark.parametrize(
    ("truth", "problem"),
    [
        ({"boxes": [[0, 0, 1, 1]], "width": 2, "height": 2}, 'no "id"'),
        ({"id": 1, "boxes": [[0, 0, 1, 1]]}, "no width and height"),
        ({"id": 1, "width": 2, "height": 2}, 'no "boxes"'),
        ({**TRUTH, "boxes": [[0, 0, 1]]}, "not a box"),
        ({**TRUTH, "boxes": [[0, 0, 1, "2"]]}, "not a box"),
        ({**TRUTH, "boxes": [[0, 0, 1, float("nan")]]}, "not a box"),
        ({**TRUTH, "boxes": [[300, 10, 50, 60]]}, "not x, y, width, height"),
    ],
)
def test_truth_that_cannot_be_used_is_named(truth: Any, problem: str) -> None:
    with pytest.raises(BadRecord, match=f"truth, line 2: .*{problem}"):
        join(lines({"id": 1, "text": ""}), lines({**TRUTH, "id": 0}, truth))


def test_an_id_twice_is_an_error_in_either_file() -> None:
    prediction = {"id": 1, "text": ""}
    with pytest.raises(BadRecord, match="predictions, line 2: a second prediction for id '1'"):
        join(lines(prediction, prediction), lines(TRUTH))
    with pytest.raises(BadRecord, match="truth, line 2: a second truth for id '1'"):
        join(lines(prediction), lines(TRUTH, TRUTH))


def test_files_without_a_common_id_are_an_error() -> None:
    with pytest.raises(BadInput, match=r"no id of predictions is in truth .*'x7'.*'1'"):
        join(lines({"id": "x7", "text": ""}), lines(TRUTH))


def test_every_prediction_of_a_row_meets_every_true_box_of_it() -> None:
    rows = [
        Row("a", "[1,2,3,4] and [5,6,7,8]", ((0, 0, 10, 10), (5, 5, 10, 20)), (10, 20)),
        Row("b", "nothing", ((0, 0, 1, 1),), (10, 20)),
        Row("c", "[9,9,9,9]", ((0, 0, 12, 20),), (10, 20), (5, 10)),
    ]
    samples = make_samples(rows)
    assert samples.unread == 1
    assert [row.id for row in samples.rows] == ["a", "c"]
    assert samples.truth.tolist() == [[0, 0, 1, 0.5], [0.5, 0.25, 1, 1], [0, 0, 1, 1]]  # cut off at the border
    assert samples.truth_of.tolist() == [0, 0, 1, 1, 2]
    assert samples.first_pair.tolist() == [0, 2, 4]
    assert samples.numbers[:, 0].tolist() == [1, 5, 1, 5, 9]
    assert samples.single.tolist() == [False, False, False, False, True]
    assert np.array_equal(samples.said_sizes[-1], (5, 10))
    assert len(make_samples([]).truth) == 0


def test_of_many_rows_the_same_ones_are_chosen_each_time() -> None:
    rows = [Row(str(n), "", ((0, 0, 1, 1),), (1, 1)) for n in range(50)]
    assert choose(rows, 50) == rows
    chosen = choose(rows, 20)
    assert chosen == choose(rows, 20)
    assert len(set(chosen)) == 20
