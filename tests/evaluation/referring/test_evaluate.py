"""The result of a run: counts that add up, strata that cover everything, JSON with fixed keys, tables to read."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twist_scout.boxes.box import Box
from twist_scout.boxes.dialects import known_dialects
from twist_scout.boxes.grounded import GroundedText
from twist_scout.errors import BadConfig
from twist_scout.evaluation.referring import (
    CONVENTIONS,
    ReferringRecord,
    Samples,
    Scorer,
    Truth,
    evaluate,
    evaluate_referring,
    referring_cases,
)
from twist_scout.evaluation.referring.strata import stratify
from twist_scout.evaluation.result import EvaluationResult
from twist_scout.evaluation.significance import wilson

from ..hostile import hostile_texts

ANSWERS = ["The man [[0,0,50,100]].", "[[50,0,100,50]] or [[1,2,3]]", "no idea", None]


@pytest.fixture
def samples(truth: Truth) -> Samples:
    return Samples(truth, ANSWERS, unknown=("z",))


def test_all_numbers_of_a_run(samples: Samples) -> None:
    result = evaluate(Scorer(samples), CONVENTIONS["scout"], all_conventions=True)
    assert isinstance(result, EvaluationResult)
    assert (result.total, result.hits, result.missing, result.without_box) == (4, 2, 1, 2)
    assert (result.accuracy, result.miou) == (0.5, 0.5)
    assert result.scores() == {"a": 1.0, "b": 1.0, "c": 0.0, "d": 0.0}
    found = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert (found["parsed"], found["partial"], found["failed"], found["missing"]) == (1, 1, 1, 1)
    assert found["accuracy"] == found["miou"] == 0.5
    assert next(iter(found["curve"])) == "0.25"
    assert list(found["curve"])[-1] == "0.95"
    assert len(found["curve"]) == 15
    assert set(found["curve"].values()) == {0.5}
    assert (found["unknown"], found["unknown_ids"]) == (1, ["z"])
    assert list(found["conventions"]) == list(CONVENTIONS)
    assert found["flips_total"] == len(found["flips"]) == len(result.flips)
    assert found["interval"] == list(wilson(2, 4))


def test_what_is_printed(samples: Samples) -> None:
    result = evaluate(Scorer(samples), CONVENTIONS["shikra"])
    assert str(result).startswith(
        "REC Acc@0.5 0.5000 [0.1500, 0.8500], mIoU 0.5000 (2 of 4; convention shikra: exactly one box"
    )
    assert "IoU > 0.5" in str(result)
    assert "referring/1" in str(result)
    for table in evaluate(Scorer(samples), CONVENTIONS["scout"], all_conventions=True).tables():
        assert table.rows
        assert all(len(row) == len(table.columns) for row in table.rows)
        assert all(isinstance(cell, str) for row in table.rows for cell in row)


def test_strata_are_what_they_say(truth: Truth) -> None:
    strata = stratify(truth, np.array([True, False, True, True]), np.array([1.0, 0.2, 0.6, 0.5]))
    found = {(stratum.axis, stratum.name): (stratum.total, stratum.hits) for stratum in strata}
    # in pixels: 10,000, 5,000, 100 and 10,000; in the square of 224: 112 x 223, 111 x 112, 11 x 22, 223 x 111
    assert found["size_original", "small"] == (1, 1)
    assert found["size_original", "medium"] == (1, 0)
    assert found["size_original", "large"] == (2, 2)
    assert found["size_resized224", "small"] == (1, 1)
    assert found["size_resized224", "large"] == (3, 2)
    assert ("size_resized224", "medium") not in found
    assert [found["words", name] for name in ("1", "2-3", "4-6", "11+")] == [(1, 1), (1, 1), (1, 0), (1, 1)]
    assert [found["distractors", name] for name in ("0", "2-3")] == [(1, 0), (1, 1)]
    for axis in ("size_original", "size_resized224", "words"):
        assert sum(total for (each, _), (total, _) in found.items() if each == axis) == len(truth)
    for stratum in strata:
        low, high = stratum.interval
        assert 0 <= low <= stratum.accuracy <= high <= 1


def test_predictions_that_were_read_already() -> None:
    read = GroundedText.parse("[[0,0,50,100]] and [[1,2]]")
    result = evaluate_referring([ReferringRecord(read, Box(0, 0, 0.5, 1))], convention="oracle")
    assert (result.hits, result.reading.partial) == (1, 1)


def test_the_threshold_can_be_another() -> None:
    records = [ReferringRecord("[[0,0,50,100]]", Box(0, 0, 1, 1), size=(64, 64))]
    assert evaluate_referring(records, threshold=0.51).hits == 0
    assert evaluate_referring(records, convention="shikra", threshold=0.49).hits == 1
    assert "IoU > 0.49" in str(evaluate_referring(records, convention="shikra", threshold=0.49))


def test_nothing_is_no_score() -> None:
    empty = evaluate_referring([], all_conventions=True)
    assert math.isnan(empty.accuracy)
    assert math.isnan(empty.miou)
    found = json.loads(json.dumps(empty.to_dict(), allow_nan=False))
    assert found["accuracy"] is None
    assert set(found["curve"].values()) == {None}
    assert empty.tables()
    with pytest.raises(BadConfig, match="no convention"):
        evaluate_referring([], convention="klingon")


@given(st.lists(st.sampled_from([*hostile_texts(300, seed=1)]), max_size=6), st.sampled_from(known_dialects()))
def test_hostile_answers_end_somewhere(texts: list[str], dialect: str) -> None:
    texts = [text[:5000] for text in texts]
    records = [ReferringRecord(text, Box(0, 0, 0.5, 0.5), size=(640, 480), expression="the cat") for text in texts]
    records.append(ReferringRecord(None, Box(0, 0, 1, 1), size=(640, 480)))
    result = evaluate_referring(records, dialect=dialect, all_conventions=True)
    assert result.reading.total + result.missing == result.total == len(records)
    assert all(0 <= iou <= 1 for iou in result.ious)
    for score in result.compared:
        assert 0 <= score.hits <= len(texts)
        assert 0 <= score.miou <= 1
    json.dumps(result.to_dict(), allow_nan=False)


def test_every_case_can_be_drawn(samples: Samples) -> None:
    scorer = Scorer(samples)
    base = scorer.score(CONVENTIONS["scout"])
    others = [scorer.score(convention) for convention in CONVENTIONS.values()]
    cases = referring_cases(samples, base, others)
    groups = {case.group for case in cases}
    assert groups == {"best", "flipped", "without a box"}  # too few answers to have worst ones beside the best
    best = next(case for case in cases if case.group == "best")
    assert (best.id, best.question, best.answer, best.score) == ("a", "the man", ANSWERS[0], 1.0)
    assert best.truth == [("meant", Box(0, 0, 0.5, 1))]
    assert best.predicted == [("", Box(0, 0, 0.5, 1))]
    flipped = [case for case in cases if case.group == "flipped"]
    assert any("vlmevalkit reads the numbers as thousandths" in case.note for case in flipped)


def test_boxes_beyond_all_bounds_can_be_drawn(truth: Truth) -> None:
    texts = ["[1e308, 2, 1e309, 4]", "[5000, 5000, -5000, -5000]", "(nan,nan),(inf,inf)", "1e309 1 -1e309 2"]
    scorer = Scorer(Samples(truth, texts), "qwen-vl")
    for convention in CONVENTIONS.values():
        for case in referring_cases(scorer.samples, scorer.score(convention)):
            assert len(case.predicted) <= 1
