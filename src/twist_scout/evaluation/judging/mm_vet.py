"""MM-Vet: open questions that take several abilities at once, graded against the right answer.

The judge says how much of an answer is right, from 0 to 1; the score is 100 times the mean: of all questions, of each
ability (recognition, OCR, knowledge, generation, spatial awareness, maths), and of each set of abilities together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from twist_scout.data.rows import read_json, read_rows
from twist_scout.errors import BadInput, BadRecord
from twist_scout.evaluation.judging.judge import Task, shown
from twist_scout.evaluation.judging.prompts import JudgePrompt
from twist_scout.evaluation.judging.result import JudgedResult
from twist_scout.evaluation.result import ResultTable
from twist_scout.evaluation.significance import bootstrap_interval
from twist_scout.evaluation.understanding.question import Question

VERSION = 1
ABILITY, TOGETHER = "ability", "abilities together"
_GRADE = re.compile(r"(?:0?\.\d+|0|1(?:\.0+)?|0\.\d+)(?!\d|\.\d|/)")


def read_mm_vet(path: Path) -> list[Question]:
    """MM-Vet's ``mm-vet.json``, the folder that holds it, or rows of it.

    Its form is ``{id: {"imagename", "question", "answer", "capability": [...]}}``.

    Raises:
        BadInput: the file cannot be read, or holds nothing.
        BadRecord: a question has no text or no answer.
    """
    file = path / "mm-vet.json" if path.is_dir() else path
    content: Any = read_json(file) if file.suffix.lower() == ".json" else [row for _, row in read_rows(file)]
    if isinstance(content, dict):
        pairs = list(content.items())
    elif isinstance(content, list):
        pairs = [(row.get("question_id", row.get("id")) if isinstance(row, dict) else None, row) for row in content]
    else:
        pairs = []
    questions = [_question(id, row, file, number) for number, (id, row) in enumerate(pairs, start=1)]
    if not questions:
        raise BadInput(f"{file} holds no questions of MM-Vet.")
    return questions


def mm_vet_tasks(
    questions: Sequence[Question], answers: Mapping[str, str], prompt: JudgePrompt, runs: int = 1
) -> list[Task]:
    """What the judge is asked. Where there is no answer there is nothing to ask."""
    return [
        Task(
            question.id,
            prompt.turns(
                question=question.text,
                truth=question.truth.replace("<AND>", " <AND> ").replace("<OR>", " <OR> "),
                answer=shown(answers[question.id]),
            ),
            run,
        )
        for run in range(runs)
        for question in questions
        if answers.get(question.id, "").strip()
    ]


def read_grade(reply: str) -> tuple[float, ...] | None:
    """The grade that a reply begins with, in [0, 1]; None where there is none.

    >>> read_grade("0.7 because ...")
    (0.7,)
    """
    found = _GRADE.match(reply.strip().lstrip("*").lstrip())
    return (float(found[0]),) if found is not None else None


def mm_vet_result(result: JudgedResult, questions: Sequence[Question], answers: Mapping[str, str]) -> JudgedResult:
    """Fill in the scores of what was judged; a question without an answer scores 0."""
    grades = {id: grade[0] for id, grade in result.mean_grades.items()}
    grades |= {q.id: 0.0 for q in questions if not answers.get(q.id, "").strip()}
    scored = [q for q in questions if q.id in grades]
    tables, groups = [], {}
    for division in (ABILITY, TOGETHER):
        kinds: dict[str, list[float]] = {}
        for question in scored:
            for kind in question.groups.get(division, ()):
                kinds.setdefault(kind, []).append(grades[question.id])
        means = {kind: 100 * sum(found) / len(found) for kind, found in kinds.items()}
        rows = [(kind, f"{mean:.2f}", f"{len(kinds[kind]):,}") for kind, mean in means.items()]
        tables.append(ResultTable(f"by {division}", (division, "score", "questions"), rows))
        groups[division] = {kind: {"score": mean, "total": len(kinds[kind])} for kind, mean in means.items()}
    values = [100 * grades[question.id] for question in scored]
    score = sum(values) / len(values) if values else float("nan")
    return result.with_score(score, bootstrap_interval(values), tables, {}, groups, own_grades=grades)


def _question(id: Any, row: Any, path: Path, number: int) -> Question:
    text, answer = (row.get("question"), row.get("answer")) if isinstance(row, dict) else (None, None)
    if not isinstance(id, (str, int)) or not isinstance(text, str) or not isinstance(answer, str):
        raise BadRecord(path, number, "this question has no id, no text or no answer.")
    given = row.get("capability", row.get("capabilities", ()))
    abilities = given.split(",") if isinstance(given, str) else list(given) if isinstance(given, (list, tuple)) else []
    names = sorted({str(ability).strip() for ability in abilities} - {""})
    groups = {ABILITY: tuple(names), TOGETHER: (" + ".join(names),)} if names else {}
    image = row.get("imagename", row.get("image"))
    return Question(str(id), (answer,), text, image if isinstance(image, str) else None, groups=groups)
