"""VQA accuracy: an answer is right as far as people agree with it. VQAv2, TextVQA and what has their form.

Each question has been answered by (mostly) ten people. With nine of them as judges an answer scores min(1, agreeing
/ 3); the mean over the ten choices of nine is the accuracy.

VQAv2's script compares the answers to a question in normalised form only where the annotators differ; where all ten
wrote the same, a model must write just that. So "Yes." scores nothing where all wrote "yes". That is the official number;
``accuracy_normalised``, where all are normalised, stands beside it. TextVQA normalises always.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from twist_scout.data.rows import read_json, read_rows
from twist_scout.errors import BadInput, BadRecord
from twist_scout.evaluation.understanding.question import Grade, Question
from twist_scout.evaluation.understanding.vqa_text import normalise_textvqa, normalise_vqa, tidy

_LISTS = ("annotations", "data", "questions")


def agreement(said: str, answers: tuple[str, ...]) -> float:
    """VQA accuracy of one answer, both in the form in which they are compared; in [0, 1].

    >>> agreement("red", ("red",) * 3 + ("blue",) * 7)
    0.9
    """
    matches, people = answers.count(said), len(answers)
    agreeing, others = min(3, max(0, matches - 1)), min(3, matches)
    return (matches * agreeing + (people - matches) * others) / (3 * people)


def grade_vqa(text: str, question: Question) -> Grade:
    """Grade an answer as VQAv2 does."""
    said, answers = tidy(text), tuple(tidy(answer) for answer in question.answers)
    if len(set(answers)) > 1:
        said, answers = normalise_vqa(text), tuple(normalise_vqa(answer) for answer in answers)
    return Grade(agreement(said, answers), said or None)


def grade_textvqa(text: str, question: Question) -> Grade:
    """Grade an answer as TextVQA does."""
    said = normalise_textvqa(text)
    return Grade(agreement(said, tuple(normalise_textvqa(answer) for answer in question.answers)), said or None)


def normalised_accuracy(questions: Mapping[str, Question], answers: Mapping[str, str]) -> float:
    """VQA accuracy in [0, 1] where the answers to every question are normalised; NaN without questions."""
    if not questions:
        return float("nan")
    scores = (
        agreement(normalise_vqa(answers[id]), tuple(normalise_vqa(answer) for answer in question.answers))
        for id, question in questions.items()
        if id in answers
    )
    return sum(scores) / len(questions)


def read_vqa(path: Path, questions: Path | None = None) -> list[Question]:
    """VQA's annotations: ``{"annotations": [...]}``; TextVQA's ``{"data": [...]}``; or such rows, one a line.

    Args:
        path: the annotations.
        questions: VQA's file of questions, for their texts; numbers do not depend on it.

    Raises:
        BadInput: a file cannot be read or has another form.
        BadRecord: an annotation has no id or no answers.
    """
    texts = {} if questions is None else {_id(row): str(row.get("question", "")) for _, row in _rows(questions)[1]}
    subtype, rows = _rows(path)
    return [_question(row, number, path, subtype, texts) for number, row in rows]


def _question(row: dict[str, Any], number: int, path: Path, subtype: str, texts: Mapping[str, str]) -> Question:
    id, answers = _id(row), row.get("answers")
    if not id or not isinstance(answers, list) or not answers:
        raise BadRecord(path, number, "no question_id or no answers: give VQA's or TextVQA's annotations with answers.")
    given = [answer.get("answer") if isinstance(answer, dict) else answer for answer in answers]
    words = tuple(word for word in given if isinstance(word, str))
    if len(words) != len(given):
        raise BadRecord(path, number, "an answer is no text.")
    kinds = {name.replace("_", " "): (str(row[name]),) for name in ("answer_type", "question_type") if row.get(name)}
    return Question(id, words, texts.get(id) or str(row.get("question", "")), _image(row, subtype), groups=kinds)


def _image(row: dict[str, Any], subtype: str) -> str | None:
    image = row.get("image_id", row.get("image"))
    if type(image) is int:
        return f"COCO_{subtype}_{image:012d}.jpg" if subtype else f"{image:012d}.jpg"
    if not isinstance(image, str):
        return None
    return image if Path(image).suffix else f"{image}.jpg"


def _id(row: dict[str, Any]) -> str:
    value = row.get("question_id", row.get("id"))
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""


def _rows(path: Path) -> tuple[str, list[tuple[int, dict[str, Any]]]]:
    """The subset of COCO that a file is about, where it says, and its rows."""
    if path.suffix.lower() != ".json":
        return "", list(read_rows(path))
    content = read_json(path)
    found = next((content[name] for name in _LISTS if name in content), None) if isinstance(content, dict) else content
    if not isinstance(found, list):
        raise BadInput(f"{path} is no file of VQA or TextVQA: it should hold a list named annotations or data.")
    subtype = content.get("data_subtype", "") if isinstance(content, dict) else ""
    return str(subtype), list(_objects(found, path))


def _objects(rows: list[Any], path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise BadRecord(path, number, "entry of the list is not a JSON object.")
        yield number, row
