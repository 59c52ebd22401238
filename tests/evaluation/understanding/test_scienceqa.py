from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from twist_scout.errors import BadInput, BadRecord
from twist_scout.evaluation.understanding import evaluate_benchmark, read_answers, read_questions
from twist_scout.evaluation.understanding.scienceqa import choice_letter, llava_letter

OCEANS = ("the Arctic Ocean", "the Atlantic", "the Pacific", "New York", "York")


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("B", "B"),
        ("b", "B"),
        ("(B)", "B"),
        ("**B**", "B"),
        ("B.", "B"),
        (" B\n", "B"),
        ("B. the Atlantic", "B"),
        ("(C) the Pacific", "C"),
        ("A) because it is cold", "A"),
        ("C: I am sure", "C"),
        ("The answer is C.", "C"),
        ("the answer is (C)", "C"),
        ("Answer: A", "A"),
        ("Final Answer: **B**", "B"),
        (r"So the answer is $\boxed{B}$", "B"),
        ("I choose option C.", "C"),
        ("Option B is correct.", "B"),
        ("B is the correct answer", "B"),
        ("First I thought the answer is A. But the answer is C.", "C"),  # the last statement counts
        ("The answer is A because ice floats.", "A"),
        ("the pacific.", "C"),
        ("It must be the Pacific, which is the largest.", "C"),
        ("New York", "D"),  # holds "York", which was not meant
        ("the Atlantic or the Pacific", None),
        ("A dog sits there.", None),  # an article
        ("The answer is A dog.", None),
        ("F", None),  # beyond the choices
        ("The answer is F.", None),
        ("E.g. the sea", None),
        ("I do not know", None),
        ("", None),
        ("The answer's B-side", None),
    ],
)
def test_letters_are_found_in_the_forms_that_models_write(text: str, letter: str | None) -> None:
    assert choice_letter(text, OCEANS) == letter


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("B", "B"),
        ("B. the Atlantic", "B"),
        ("The answer is C.", "C"),
        ("The answer is C. The answer is C.", None),
        ("(B)", None),
        ("b", None),
        ("E", None),
        ("AB", None),
        ("", None),
    ],
)
def test_llavas_script_reads_fewer_forms(text: str, letter: str | None) -> None:
    assert llava_letter(text, OCEANS[:4]) == letter


@pytest.mark.parametrize("piece", ["*", " ", "answer ", "B ", "(", "the Pacific ", "answer is **(((", ".", "\\boxed{"])
def test_long_answers_take_no_long_time(piece: str) -> None:
    started = time.perf_counter()
    choice_letter(piece * 200_000, OCEANS)
    assert time.perf_counter() - started < 2


PROBLEMS = {
    "1": {
        "question": "Which?", "choices": ["red", "blue"], "answer": 0, "hint": "", "image": None, "grade": "grade2",
        "subject": "natural science", "split": "test",
    },
    "2": {
        "question": "What?", "choices": ["up", "down", "left"], "answer": 2, "hint": "Look.", "image": "image.png",
        "grade": "grade8", "subject": "social science", "split": "test",
    },
    "3": {
        "question": "Who?", "choices": ["I", "you"], "answer": 1, "hint": "", "image": "image.png", "grade": "grade11",
        "subject": "language science", "split": "val",
    },
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "problems.json").write_text(json.dumps(PROBLEMS))
    return tmp_path


def test_official_files_are_scored_with_their_divisions(folder: Path) -> None:
    questions = read_questions("scienceqa", folder)
    assert [question.id for question in questions] == ["1", "2"]
    assert questions[1].image == "test/2/image.png"
    outputs = {"acc": 0.0, "results": {"1": 0}, "outputs": {"1": "The answer is A.", "2": "(B)"}}
    (folder / "results.json").write_text(json.dumps(outputs))
    result = evaluate_benchmark("scienceqa", read_answers(folder / "results.json"), questions)
    assert dict(result.scores()) == {"1": 1.0, "2": 0.0}
    assert result.numbers["accuracy_image"] == 0.0
    assert result.numbers["accuracy_llava"] == 0.5
    contexts = {kind: score.total for kind, score in result.groups["context"].items()}
    assert contexts == {"none": 1, "text": 1, "image": 1}
    assert {kind: score.accuracy for kind, score in result.groups["grade"].items()} == {"1 to 6": 1.0, "7 to 12": 0.0}


def test_splits(folder: Path) -> None:
    assert [q.id for q in read_questions("scienceqa", folder, split="val")] == ["3"]
    assert len(read_questions("scienceqa", folder / "problems.json", split="all")) == 3
    (folder / "pid_splits.json").write_text(json.dumps({"test": ["3"]}))
    assert [q.id for q in read_questions("scienceqa", folder)] == ["3"]
    with pytest.raises(BadInput, match="split 'train'"):
        read_questions("scienceqa", folder, split="train")


def test_a_problem_without_its_answer_is_refused(folder: Path) -> None:
    (folder / "problems.json").write_text(json.dumps({"1": {**PROBLEMS["1"], "answer": 2}}))
    with pytest.raises(BadRecord, match="none of them"):
        read_questions("scienceqa", folder)
