"""LLaVA-Bench: open questions, graded beside the answer of a reference.

The judge gives the reference's answer and the model's a grade each, from 1 to 10. The score is the model's mean grade as
a percentage of the reference's: of all questions, and of each category (conversation, detail, complex reasoning).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from twist_scout.data.rows import read_rows
from twist_scout.errors import BadInput, BadRecord
from twist_scout.evaluation.judging.judge import Task, shown
from twist_scout.evaluation.judging.prompts import JudgePrompt
from twist_scout.evaluation.judging.result import JudgedResult
from twist_scout.evaluation.result import ResultTable
from twist_scout.evaluation.significance import bootstrap_interval

VERSION = 1
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A question without one right answer.

    Attributes:
        id: joins it to its answer.
        text: the question.
        description: what people wrote about the picture.
        reference: the reference's answer.
        category: ``conv``, ``detail`` or ``complex``.
        image: the picture's name, where there is one.
    """

    id: str
    text: str
    description: str
    reference: str
    category: str
    image: str | None = None


def read_llava_bench(path: Path) -> list[OpenQuestion]:
    """LLaVA-Bench: the folder with ``questions.jsonl``, ``context.jsonl`` and ``answers_gpt4.jsonl``, or one file of rows.

    Rows are ``{"question_id", "question", "caption", "gpt_answer", "category", "image"}``.

    Raises:
        BadInput: a file cannot be read, or holds nothing.
        BadRecord: a question has no description or no answer of the reference.
    """
    if not path.is_dir():
        questions = [_question(row, path, number) for number, row in read_rows(path)]
    else:
        contexts = {row.get("image"): row.get("caption") for _, row in read_rows(path / "context.jsonl")}
        answers = {str(row.get("question_id")): row.get("text") for _, row in read_rows(path / "answers_gpt4.jsonl")}
        file = path / "questions.jsonl"
        questions = [
            _question(
                {
                    **row,
                    "question": row.get("text"),
                    "caption": contexts.get(row.get("image")),
                    "gpt_answer": answers.get(str(row.get("question_id"))),
                },
                file,
                number,
            )
            for number, row in read_rows(file)
        ]
    if not questions:
        raise BadInput(f"{path} holds no questions of LLaVA-Bench.")
    return questions


def llava_bench_tasks(
    questions: Sequence[OpenQuestion], answers: Mapping[str, str], prompt: JudgePrompt, runs: int = 1
) -> list[Task]:
    """What the judge is asked. A question without an answer is shown with none."""
    return [
        Task(
            question.id,
            prompt.turns(
                description=question.description,
                question=question.text,
                first=shown(question.reference),
                second=shown(answers.get(question.id, "")),
            ),
            run,
        )
        for run in range(runs)
        for question in questions
    ]


def read_grades(reply: str) -> tuple[float, ...] | None:
    """The two grades on the first line of a reply; None where it has not two numbers from 1 to 10.

    >>> read_grades("8 7.5")
    (8.0, 7.5)
    """
    first = next((line for line in reply.splitlines() if line.strip()), "")[:200]
    grades = tuple(map(float, _NUMBER.findall(first)))
    return grades if len(grades) == 2 and all(1 <= grade <= 10 for grade in grades) else None


def llava_bench_result(result: JudgedResult, questions: Sequence[OpenQuestion]) -> JudgedResult:
    """Fill in the scores of what was judged."""
    pairs = result.mean_grades
    parts = {"all": [q.id for q in questions if q.id in pairs]}
    for category in dict.fromkeys(q.category for q in questions):
        parts[category] = [q.id for q in questions if q.category == category and q.id in pairs]
    found = {name: np.array([pairs[id] for id in ids]) for name, ids in parts.items() if ids}
    rows = [
        (name, f"{_relative(one):.2f}", f"{10 * one[:, 0].mean():.2f}", f"{10 * one[:, 1].mean():.2f}", f"{len(one):,}")
        for name, one in found.items()
    ]
    table = ResultTable("relative score", ("category", "score", "reference", "model", "questions"), rows)
    every = found.get("all")
    if every is None:
        return result.with_score(float("nan"), (float("nan"), float("nan")), [table])
    interval = bootstrap_interval(np.arange(len(every)), lambda drawn: _relative(every[drawn.astype(int)]))
    groups = {name: {"score": float(_relative(one)), "total": len(one)} for name, one in found.items() if name != "all"}
    numbers = {"reference": 10 * float(every[:, 0].mean()), "model": 10 * float(every[:, 1].mean())}
    return result.with_score(float(_relative(every)), interval, [table], numbers, {"category": groups})


def _relative(pairs: Any) -> Any:
    """The model's mean grade as a percentage of the reference's; (..., n, 2) grades give (...)."""
    reference, model = np.moveaxis(pairs.mean(axis=-2), -1, 0)
    return 100 * model / reference


def _question(row: dict[str, Any], path: Path, number: int) -> OpenQuestion:
    id, caption = row.get("question_id", row.get("id")), row.get("caption", row.get("description"))
    description = "\n".join(map(str, caption)) if isinstance(caption, list) else caption
    texts = (row.get("question"), description, row.get("gpt_answer", row.get("reference")))
    if not isinstance(id, (str, int)) or not all(isinstance(text, str) for text in texts):
        raise BadRecord(path, number, "no question_id, no question, no description, or no answer of the reference.")
    image = row.get("image")
    named = image if isinstance(image, str) else None
    return OpenQuestion(str(id), str(texts[0]), str(texts[1]), str(texts[2]), str(row.get("category", "all")), named)
