"""What holds for every benchmark alike."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twist_scout.errors import BadConfig, BadInput
from twist_scout.evaluation.result import EvaluationResult
from twist_scout.evaluation.understanding import BENCHMARKS, Question, evaluate_benchmark, get_benchmark, read_questions

QUESTIONS = {
    "vqa": [Question(str(n), ("red",) * 7 + ("blue",) * 3) for n in range(4)],
    "textvqa": [Question(str(n), ("red",) * 10) for n in range(4)],
    "gqa": [Question(str(n), ("red",)) for n in range(4)],
    "scienceqa": [Question(str(n), ("B",), choices=("red", "blue")) for n in range(4)],
    "pope": [Question(str(n), ("yes", "no")[n % 2 : n % 2 + 1]) for n in range(4)],
    "mme": [Question(f"color/{n // 2}/{n % 2}", ("yes",), groups={"task": ("color",)}) for n in range(4)],
}
every = pytest.mark.parametrize("name", list(BENCHMARKS))


@every
def test_right_answers_score_one_and_the_result_prints_itself(name: str) -> None:
    questions = QUESTIONS[name]
    result = evaluate_benchmark(name, {q.id: q.truth for q in questions}, questions)
    assert isinstance(result, EvaluationResult)
    assert result.accuracy == 1
    assert result.protocol == f"{name}/{get_benchmark(name).version}"
    assert result.protocol in str(result)
    assert set(result.scores()) == {q.id for q in questions}
    assert result.interval[0] < result.interval[1] == 1
    assert all(len(row) == len(table.columns) for table in result.tables() for row in table.rows)
    assert json.loads(json.dumps(result.to_dict(), allow_nan=False))["accuracy"] == 1


@every
@settings(max_examples=40, deadline=None)
@given(texts=st.lists(st.text(max_size=60), min_size=1, max_size=4))
def test_any_answer_has_a_score_and_the_counts_add_up(name: str, texts: list[str]) -> None:
    questions = QUESTIONS[name]
    answers = {q.id: text for q, text in zip(questions, texts, strict=False)}
    result = evaluate_benchmark(name, {**answers, "else": "yes"}, questions)
    assert all(0 <= score <= 1 for score in result.scores().values())
    assert len(result.answers) + result.missing == result.total == 4
    assert (len(result.answers), result.unknown) == (len(answers), 1)
    assert 0 <= result.unread <= len(answers)


@every
def test_a_wrong_answer_more_scores_less(name: str) -> None:
    questions = QUESTIONS[name]
    scores = []
    for wrong in range(5):
        answers = {q.id: ("??" if n < wrong else q.truth) for n, q in enumerate(questions)}
        scores.append(evaluate_benchmark(name, answers, questions).accuracy)
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == 1 > scores[4]


def test_names_and_ids_that_are_not_there(tmp_path) -> None:
    with pytest.raises(BadConfig, match="vqa, gqa"):
        get_benchmark("vqav3")
    with pytest.raises(BadInput, match="No id"):
        evaluate_benchmark("gqa", {"x": "red"}, QUESTIONS["gqa"])
    with pytest.raises(BadConfig, match="one file for each split"):
        read_questions("gqa", tmp_path, split="val")
    with pytest.raises(BadConfig, match="leave their file out"):
        read_questions("pope", tmp_path, texts=tmp_path)
