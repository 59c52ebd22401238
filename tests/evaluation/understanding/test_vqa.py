"""VQA accuracy against answers whose score is known, and the files of VQAv2 and TextVQA."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twist_scout.errors import BadInput, BadRecord
from twist_scout.evaluation.understanding import Question, evaluate_benchmark, read_answers, read_questions
from twist_scout.evaluation.understanding.vqa import agreement, grade_textvqa, grade_vqa


@pytest.mark.parametrize(
    ("matches", "score"),
    [(0, 0.0), (1, 0.3), (2, 0.6), (3, 0.9), (4, 1.0), (10, 1.0)],
    ids=["nobody", "one", "two", "three", "four", "all"],
)
def test_the_known_steps_of_ten_annotators(matches: int, score: float) -> None:
    answers = ("red",) * matches + ("blue",) * (10 - matches)
    assert agreement("red", answers) == pytest.approx(score)


@given(answers=st.lists(st.sampled_from("abc"), min_size=1, max_size=12), said=st.sampled_from("abcd"))
def test_agreement_is_the_mean_over_the_choices_of_all_but_one(answers: list[str], said: str) -> None:
    left_out = [answers[:n] + answers[n + 1 :] for n in range(len(answers))]
    expected = sum(min(1.0, others.count(said) / 3) for others in left_out) / len(answers)
    assert agreement(said, tuple(answers)) == pytest.approx(expected)


def test_where_all_annotators_agree_the_official_script_compares_to_the_letter() -> None:
    agreed, divided = Question("1", ("yes",) * 10), Question("2", ("yes",) * 9 + ("no",))
    assert [grade_vqa(text, agreed).score for text in ("yes", "Yes", "yes.", " yes\n")] == [1, 0, 0, 1]
    assert [grade_vqa(text, divided).score for text in ("yes", "Yes", "yes.", "a yes")] == [1, 1, 1, 1]
    assert grade_textvqa("Yes.", agreed).score == 1


def annotation(id: int, answers: list[str], **extra: str) -> dict[str, object]:
    said = [{"answer": answer, "answer_confidence": "yes", "answer_id": n} for n, answer in enumerate(answers, 1)]
    return {"question_id": id, "image_id": 42, "answers": said, **extra}


@pytest.fixture
def vqa_files(tmp_path: Path) -> tuple[Path, Path]:
    annotations = {
        "data_subtype": "val2014",
        "annotations": [
            annotation(1, ["yes"] * 10, answer_type="yes/no", question_type="is the"),
            annotation(2, ["2"] * 3 + ["two"] * 3 + ["3"] * 4, answer_type="number", question_type="how many"),
            annotation(3, ["t-shirt"] * 2 + ["shirt"] * 8, answer_type="other", question_type="what is"),
        ],
    }
    questions = {"questions": [{"question_id": 1, "image_id": 42, "question": "Is the light on?"}]}
    (tmp_path / "annotations.json").write_text(json.dumps(annotations))
    (tmp_path / "questions.json").write_text(json.dumps(questions))
    return tmp_path / "annotations.json", tmp_path / "questions.json"


def test_official_files_are_read_and_scored(vqa_files: tuple[Path, Path], tmp_path: Path) -> None:
    questions = read_questions("vqa", vqa_files[0], texts=vqa_files[1])
    assert questions[0].text == "Is the light on?"
    assert questions[0].image == "COCO_val2014_000000000042.jpg"
    results = [{"question_id": 1, "answer": "Yes"}, {"question_id": 2, "answer": "two"}]
    (tmp_path / "results.json").write_text(json.dumps(results))
    result = evaluate_benchmark("vqa", read_answers(tmp_path / "results.json"), questions)
    # 1: capital, all agree; 2: six of ten mean 2; 3: no answer.
    assert dict(result.scores()) == {"1": 0.0, "2": 1.0, "3": 0.0}
    assert result.accuracy == pytest.approx(1 / 3)
    assert result.numbers["accuracy_normalised"] == pytest.approx(2 / 3)
    assert (result.total, result.missing, result.unread) == (3, 1, 0)
    assert result.groups["answer type"]["number"].accuracy == 1
    assert result.protocol == "vqa/1"
    third = evaluate_benchmark("vqa", {"3": "T shirt!"}, questions)
    assert third.grades["3"].score == pytest.approx(0.6)  # two of ten
    json.dumps(result.to_dict(), allow_nan=False)


def test_textvqa_is_read_and_scored(tmp_path: Path) -> None:
    rows = [
        {"question_id": 7, "image_id": "0a1b", "question": "what brand?", "answers": ["Macy's"] * 4 + ["macys"] * 6},
        {"question_id": 8, "image_id": "0a1c", "question": "what year?", "answers": ["1,998"] * 10},
    ]
    path = tmp_path / "TextVQA_0.5.1_val.json"
    path.write_text(json.dumps({"data": rows}))
    questions = read_questions("textvqa", path)
    assert questions[0].image == "0a1b.jpg"
    result = evaluate_benchmark("textvqa", {"7": "MACY'S", "8": "1998"}, questions)
    assert dict(result.scores()) == {"7": 1.0, "8": 1.0}
    assert "TextVQA accuracy 1.0000" in str(result)


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        ('{"annotations": [{"question_id": 1}]}', BadRecord, "no answers"),
        ('{"annotations": [{"question_id": 1, "answers": [3]}]}', BadRecord, "no text"),
        ('{"something": []}', BadInput, "annotations or data"),
        ('{"annotations": [', BadInput, "cut short"),
        ('{"annotations": []}', BadInput, "no questions"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: str, error: type[Exception], words: str) -> None:
    path = tmp_path / "truth.json"
    path.write_text(content)
    with pytest.raises(error, match=words):
        read_questions("vqa", path)


def test_a_question_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "truth.json"
    path.write_text(json.dumps({"annotations": [annotation(1, ["a"]), annotation(1, ["b"])]}))
    with pytest.raises(BadInput, match="two questions with the id '1'"):
        read_questions("vqa", path)
