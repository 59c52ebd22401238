from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twist_scout.errors import BadInput
from twist_scout.evaluation.predictions import Prediction
from twist_scout.evaluation.result import EvaluationResult
from twist_scout.evaluation.retention import evaluate_retention
from twist_scout.evaluation.retention_cases import retention_cases
from twist_scout.evaluation.understanding import Question

QUESTIONS = [Question(str(n), ("red",), f"What color is {n}?") for n in range(1000)]
RIGHT = {question.id: "red" for question in QUESTIONS}


def with_wrong(count: int, *, first: int = 0) -> dict[str, str]:
    return RIGHT | {str(n): "blue" for n in range(first, first + count)}


def test_identical_files_are_bit_identical_and_the_certificate_is_named() -> None:
    for options in ({}, {"benchmark": "gqa", "questions": QUESTIONS}):
        result = evaluate_retention(RIGHT, dict(RIGHT), **options)
        assert isinstance(result, EvaluationResult)
        assert result.verdict == "bit-identical"
        assert (result.total, result.identical) == (1000, 1000)
        assert "twist-scout certify" in str(result)
        assert set(result.scores().values()) == {0.0}


@pytest.mark.parametrize("other", ["red ", "Red", "red\n", "ｒed", "re\u0301d"])
def test_one_character_in_one_answer_is_a_difference_of_bits(other: str) -> None:
    result = evaluate_retention(RIGHT, RIGHT | {"7": other})
    assert (result.verdict, result.identical, result.changed) == ("different", 999, ("7",))
    assert "takes a truth" in str(result)


def test_other_words_for_the_same_score_are_indistinguishable_and_what_could_be_seen_is_said() -> None:
    result = evaluate_retention(RIGHT, RIGHT | {"7": "Red."}, benchmark="gqa", questions=QUESTIONS)
    assert result.verdict == "statistically indistinguishable"
    assert result.scored is not None
    assert (result.scored.difference.difference, result.scored.test.p) == (0.0, 1.0)
    # Nothing was lost among 1,000; six losses would have been significant.
    assert result.scored.detectable == pytest.approx(0.006)
    assert "smallest difference that this sample could have shown is about 0.006" in str(result)


def test_few_losses_are_no_proof_and_many_are() -> None:
    few = evaluate_retention(RIGHT, with_wrong(3), benchmark="gqa", questions=QUESTIONS)
    many = evaluate_retention(RIGHT, with_wrong(40), benchmark="gqa", questions=QUESTIONS)
    assert few.verdict == "statistically indistinguishable"
    assert many.verdict == "different"
    assert many.scored is not None
    assert many.scored.difference.difference == pytest.approx(-0.04)
    assert (many.scored.test.a_only, many.scored.test.b_only) == (40, 0)
    assert "Accuracy changed by -0.0400" in str(many)
    assert sum(many.scores().values()) == -40


def test_changes_that_cancel_out_are_indistinguishable() -> None:
    result = evaluate_retention(with_wrong(60), with_wrong(60, first=60), benchmark="gqa", questions=QUESTIONS)
    assert result.verdict == "statistically indistinguishable"
    assert result.scored is not None
    assert (result.scored.test.a_only, result.scored.test.b_only) == (60, 60)
    assert result.scored.detectable > 0.02  # so many changes hide a small difference


def test_equal_models_are_called_different_one_time_in_twenty() -> None:
    draw = random.Random(5)
    questions, verdicts = QUESTIONS[:200], []
    for seed in range(100):
        answers = [{q.id: draw.choice(["red", "blue"]) for q in questions} for _ in range(2)]
        result = evaluate_retention(*answers, benchmark="gqa", questions=questions, seed=seed)
        verdicts.append(result.verdict)
    assert verdicts.count("different") <= 15


@given(
    base=st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(["x", "y"]), min_size=1),
    adapted=st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(["x", "y"]), min_size=1),
)
def test_counts_add_up_and_only_the_same_files_are_identical(base: dict[str, str], adapted: dict[str, str]) -> None:
    if not base.keys() & adapted.keys():
        with pytest.raises(BadInput, match="not one question in common"):
            evaluate_retention(base, adapted)
        return
    result = evaluate_retention(base, {id: Prediction(id, text) for id, text in adapted.items()})
    assert result.identical + len(result.changed) == result.total
    assert result.total + result.only_base == len(base)
    assert result.total + result.only_adapted == len(adapted)
    assert (result.verdict == "bit-identical") == (base == adapted)


def test_everything_is_printed_and_written() -> None:
    result = evaluate_retention(
        with_wrong(10) | {"more": "red"}, with_wrong(10, first=5), benchmark="gqa", questions=QUESTIONS
    )
    found = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert found["verdict"] == "statistically indistinguishable"
    assert (found["identical"], found["only_base"]) == (990, 1)
    assert found["mcnemar"]["only_base_right"] == 5
    assert found["before"]["accuracy"] == found["after"]["accuracy"] == 0.99
    assert [table.title for table in result.tables()] == ["outputs", "GQA"]
    assert all(len(row) == len(table.columns) for table in result.tables() for row in table.rows)
    assert result.protocol == "retention/1 of gqa/1"


def test_a_report_shows_what_was_lost_and_gained() -> None:
    result = evaluate_retention(
        with_wrong(10) | {"500": "red!"}, with_wrong(10, first=5), benchmark="gqa", questions=QUESTIONS
    )
    cases = retention_cases(result, ("before", "after"), each=3)
    assert [case.group for case in cases] == ["lost"] * 3 + ["gained"] * 3
    assert (cases[0].answer, cases[0].score, cases[0].name) == ("red", 1.0, "before")
    assert (cases[0].others[0].text, cases[0].others[0].score) == ("blue", 0.0)
    assert cases[0].note == "Right: red"
    assert [case.group for case in retention_cases(evaluate_retention(RIGHT, with_wrong(2)))] == ["changed"] * 2
