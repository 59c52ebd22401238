"""Judgements survive a run that was stopped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from twist_scout.errors import BadInput
from twist_scout.evaluation.judging import Judge, Judgements, JudgeReply, JudgeRequest, evaluate_with_judge
from twist_scout.evaluation.understanding import Question

QUESTIONS = [Question(str(n), ("yes",), f"Is it {n}?") for n in range(10)]
ANSWERS = {question.id: f"yes, it is {question.id}" for question in QUESTIONS}


class Counting:
    """A judge that gives everything 0.5, and is gone after some replies."""

    def __init__(self, replies: int = 1000) -> None:
        self.left, self.asked = replies, 0

    def ask(self, requests: Sequence[JudgeRequest]) -> Iterator[JudgeReply]:
        for request in requests:
            if not self.left:
                raise KeyboardInterrupt
            self.left -= 1
            self.asked += 1
            yield JudgeReply(request.key, "0.5")


def run(judge: Counting, path: Path, name: str = "j", **options: int) -> float:
    with Judgements(path) as kept:
        return evaluate_with_judge(
            "mm-vet", ANSWERS, QUESTIONS, Judge(name, judge.ask), judgements=kept, **options
        ).score


def test_a_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    path = tmp_path / "new" / "judgements.jsonl"
    with pytest.raises(KeyboardInterrupt):
        run(Counting(4), path)
    rest = Counting()
    assert run(rest, path) == 50.0
    assert rest.asked == 6
    again = Counting()
    assert run(again, path) == 50.0
    assert again.asked == 0


def test_half_a_line_is_judged_again_and_spoils_nothing(tmp_path: Path) -> None:
    path = tmp_path / "judgements.jsonl"
    run(Counting(), path)
    path.write_bytes(path.read_bytes()[:-30])
    rest = Counting()
    run(rest, path)
    assert rest.asked == 1
    assert len(Judgements(path)) == 10


def test_judgements_hold_for_their_judge_answer_and_run_alone(tmp_path: Path) -> None:
    path = tmp_path / "judgements.jsonl"
    run(Counting(), path)
    other_judge, more_runs = Counting(), Counting()
    run(other_judge, path, "another")
    run(more_runs, path, runs=3)
    assert (other_judge.asked, more_runs.asked) == (10, 20)
    other_answer = Counting()
    with Judgements(path) as kept:
        answers = ANSWERS | {"3": "no"}
        evaluate_with_judge("mm-vet", answers, QUESTIONS, Judge("j", other_answer.ask), judgements=kept)
    assert other_answer.asked == 1


def test_lines_of_strangers_are_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "judgements.jsonl"
    path.write_text('5\n{"key": 1}\n{"key": "a", "grades": "x", "reply": ""}\n\xff[[[\n', encoding="latin-1")
    assert len(Judgements(path)) == 0
    with pytest.raises(BadInput, match="cannot be read"):
        Judgements(tmp_path)
