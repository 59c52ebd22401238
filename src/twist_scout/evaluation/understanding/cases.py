"""What a reader of a report should look at: answers that are wrong, that could not be read, that are right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from twist_scout.data.referring.pictures import find_picture
from twist_scout.evaluation.pages import Case
from twist_scout.evaluation.understanding.question import BenchmarkResult

GROUPS = ("wrong", "partly right", "not readable", "without an answer", "right")


def benchmark_cases(result: BenchmarkResult, images: Path | None = None, each: int = 12) -> list[Case]:
    """Samples of a result in groups, spread evenly over the benchmark.

    Args:
        result: the scores.
        images: folder with the pictures.
        each: samples of a group at most.
    """
    groups: dict[str, list[str]] = {name: [] for name in GROUPS}
    for id, grade in result.grades.items():
        groups[_group(result, id, grade.score)].append(id)
    return [_case(result, id, name, images) for name, ids in groups.items() for id in _spread(ids, each)]


def _group(result: BenchmarkResult, id: str, score: float) -> str:
    if id not in result.answers:
        return "without an answer"
    if result.grades[id].reading is None:
        return "not readable"
    return "right" if score >= 1 else "partly right" if score > 0 else "wrong"


def _case(result: BenchmarkResult, id: str, group: str, images: Path | None) -> Case:
    question, reading = result.questions[id], result.grades[id].reading
    asked = [
        question.text,
        *(f"{letter}. {choice}" for letter, choice in zip("ABCDEFGH", question.choices, strict=False)),
    ]
    note = f"Right: {question.truth}" + (f"; read as: {reading}" if reading is not None else "")
    return Case(
        id,
        group,
        find_picture(question.image, images) if images is not None and question.image else None,
        question="\n".join(filter(None, asked)),
        answer=result.answers.get(id, ""),
        score=result.grades[id].score,
        note=note,
    )


def _spread(ids: list[str], count: int) -> Iterator[str]:
    step = max(1, len(ids) / max(1, count))
    return (ids[int(place * step)] for place in range(min(count, len(ids))))
