"""What a reader of a retention report should look at: answers that were lost, gained, or only changed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from twist_scout.data.referring.pictures import find_picture
from twist_scout.evaluation.pages import Answer, Case
from twist_scout.evaluation.retention import RetentionResult
from twist_scout.evaluation.understanding.question import Question


def retention_cases(
    result: RetentionResult, names: tuple[str, str] = ("base", "adapted"), images: Path | None = None, each: int = 12
) -> list[Case]:
    """Questions whose answer changed, in groups: ``lost`` and ``gained`` where there is a truth, else ``changed``.

    Args:
        result: the comparison.
        names: of the two models.
        images: folder with the pictures.
        each: samples of a group at most.
    """
    change = result.scores() if result.scored is not None else {}
    groups: dict[str, list[str]] = {"lost": [], "gained": [], "changed": []}
    for id in result.changed:
        points = change.get(id, 0.0)
        groups["lost" if points < 0 else "gained" if points > 0 else "changed"].append(id)
    questions: Mapping[str, Question] = result.scored.before.questions if result.scored is not None else {}
    return [
        _case(result, id, name, names, questions.get(id), images) for name, ids in groups.items() for id in ids[:each]
    ]


def _case(
    result: RetentionResult,
    id: str,
    group: str,
    names: tuple[str, str],
    question: Question | None,
    images: Path | None,
) -> Case:
    before: float | None = None
    after: float | None = None
    if result.scored is not None and question is not None:
        before, after = result.scored.before.grades[id].score, result.scored.after.grades[id].score
    return Case(
        id,
        group,
        find_picture(question.image, images)
        if question is not None and images is not None and question.image
        else None,
        question=question.text if question is not None else "",
        answer=result.base[id],
        score=before,
        note=f"Right: {question.truth}" if question is not None else "",
        name=names[0],
        others=[Answer(names[1], result.adapted[id], score=after)],
    )
