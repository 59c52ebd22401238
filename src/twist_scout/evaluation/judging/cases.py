"""What a reader of a report should look at: the answers that a judge liked least and most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from twist_scout.data.referring.pictures import find_picture
from twist_scout.evaluation.judging.llava_bench import OpenQuestion
from twist_scout.evaluation.judging.result import JudgedResult
from twist_scout.evaluation.pages import Answer, Case
from twist_scout.evaluation.understanding.question import Question


def judged_cases(
    result: JudgedResult,
    questions: Sequence[OpenQuestion] | Sequence[Question],
    answers: Mapping[str, str],
    images: Path | None = None,
    each: int = 12,
) -> list[Case]:
    """Samples in three groups: ``worst``, ``best``, and ``not judged``; the judge's words stand beside each.

    Args:
        result: the scores.
        questions: of the benchmark.
        answers: by id.
        images: folder with the pictures.
        each: samples of a group at most.
    """
    scores = result.scores()
    ranked = sorted((q for q in questions if q.id in scores), key=lambda question: scores[question.id])
    left_out = [question for question in questions if question.id not in scores]
    half = min(each, (len(ranked) + 1) // 2)
    groups = {
        "worst": ranked[:half],
        "best": ranked[::-1][: min(each, len(ranked) - half)],
        "not judged": left_out[:each],
    }
    return [_case(result, question, group, answers, images) for group, found in groups.items() for question in found]


def _case(
    result: JudgedResult,
    question: OpenQuestion | Question,
    group: str,
    answers: Mapping[str, str],
    images: Path | None,
) -> Case:
    judgement = result.judgements.get((question.id, 0))
    said = (judgement.reply or judgement.problem or "") if judgement is not None else "Nothing to judge."
    reference = question.reference if isinstance(question, OpenQuestion) else question.truth
    return Case(
        question.id,
        group,
        find_picture(question.image, images) if images is not None and question.image else None,
        question=question.text,
        answer=answers.get(question.id, ""),
        score=result.scores().get(question.id),
        note=f"The judge: {said}",
        name="model",
        others=[Answer("reference", reference)],
    )
