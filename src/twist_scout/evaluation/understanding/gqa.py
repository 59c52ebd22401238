"""GQA: exact match with the one right answer, by type of question.

GQA's script compares strings as they are; its answers are lower case without a full stop. Files of predictions are
made so before they are scored, and that is part of this protocol: an answer is taken in lower case without white space
around it and without full stops at its end. Only questions of the balanced set count.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twist_scout.data.rows import read_json, read_rows
from twist_scout.errors import BadInput, BadRecord
from twist_scout.evaluation.understanding.question import Grade, Question

_TYPES = ("structural", "semantic", "detailed")


def grade_gqa(text: str, question: Question) -> Grade:
    """Grade an answer: 1 where it is the right one."""
    said = text.strip().rstrip(".").rstrip().lower()
    return Grade(float(said == question.answers[0]), said or None)


def read_gqa(path: Path) -> list[Question]:
    """GQA's file of questions, ``{id: {"question", "answer", "imageId", "types", "isBalanced"}}``, or rows of them.

    Questions outside the balanced set are left out, as GQA's script does.

    Raises:
        BadInput: the file cannot be read, or has no question of the balanced set with an answer.
        BadRecord: a question has no answer.
    """
    content: Any = read_json(path) if path.suffix.lower() == ".json" else list(_rows(path))
    if isinstance(content, dict):
        pairs = [(str(id), row) for id, row in content.items()]
    elif isinstance(content, list):
        pairs = [(_id(row), row) for row in content]
    else:
        pairs = []
    questions = [
        _question(id, row, path, number)
        for number, (id, row) in enumerate(pairs, start=1)
        if not isinstance(row, dict) or row.get("isBalanced", True)
    ]
    if not questions:
        raise BadInput(
            f"{path} has no question of GQA's balanced set: give a file such as val_balanced_questions.json."
        )
    return questions


def _rows(path: Path) -> list[dict[str, Any]]:
    return [row for _, row in read_rows(path)]


def _id(row: Any) -> str:
    keys = ("id", "question_id", "questionId")
    return next((str(row[key]) for key in keys if key in row), "") if isinstance(row, dict) else ""


def _question(id: str, row: Any, path: Path, number: int) -> Question:
    answer = row.get("answer") if isinstance(row, dict) else None
    if not id or not isinstance(answer, str):
        raise BadRecord(path, number, "this question has no id or no answer: give a split whose answers are public.")
    types = row.get("types")
    types = types if isinstance(types, dict) else {}
    groups = {f"{name} type": (types[name],) for name in _TYPES if isinstance(types.get(name), str)}
    if isinstance(types.get("structural"), str):
        groups = {"form": ("open" if types["structural"] == "query" else "binary",), **groups}
    image = row.get("imageId", row.get("image"))
    named = f"{image}.jpg" if isinstance(image, (str, int)) and not Path(str(image)).suffix else image
    return Question(
        id, (answer,), str(row.get("question", "")), named if isinstance(named, str) else None, groups=groups
    )
