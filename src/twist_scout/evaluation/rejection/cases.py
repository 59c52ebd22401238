"""The pictures behind rejection rates."""

from __future__ import annotations

from pathlib import Path

from twist_scout.boxes.grounded import GroundedText
from twist_scout.data.referring.pictures import find_picture
from twist_scout.evaluation.pages import Case
from twist_scout.evaluation.predictions import Predictions
from twist_scout.evaluation.reading import AnswerReader
from twist_scout.evaluation.rejection.contradiction import ClassNames, judge
from twist_scout.evaluation.rejection.questions import RejectionQuestion
from twist_scout.evaluation.rejection.sources import RejectionQuestions
from twist_scout.evaluation.rejection.verdict import verdict_of


def rejection_cases(
    questions: RejectionQuestions,
    predictions: Predictions,
    reader: AnswerReader,
    images: Path | None = None,
    *,
    each: int = 8,
) -> list[Case]:
    """Some of each outcome: absent things that were pointed at, present ones that were rejected, and right rejections.

    Args:
        questions: what was asked for.
        predictions: what was answered.
        reader: as for the score.
        images: the folder of the pictures.
        each: so many of each group.
    """
    names = ClassNames(questions.classes)
    groups: dict[str, list[Case]] = {
        "absent, pointed at": [],
        "present, rejected": [],
        "absent, rejected": [],
        "no verdict": [],
    }
    for question in questions.questions:
        prediction = predictions.get(question.id)
        if all(len(cases) >= each for cases in groups.values()):
            break
        if prediction is None:
            continue
        codec, view = reader.for_size(question.size)
        answer = GroundedText.parse(prediction.text, dialect=codec, frame=view)
        group = _group(answer, question)
        if group is not None and len(groups[group]) < each:
            groups[group].append(_case(group, question, answer, names, images))
    return [case for cases in groups.values() for case in cases]


def _group(answer: GroundedText, question: RejectionQuestion) -> str | None:
    outcome = verdict_of(answer)
    if outcome == "rejected":
        return "present, rejected" if question.present else "absent, rejected"
    if outcome == "pointed":
        return None if question.present else "absent, pointed at"
    return "no verdict"


def _case(
    group: str, question: RejectionQuestion, answer: GroundedText, names: ClassNames, images: Path | None
) -> Case:
    note = ""
    if group == "absent, rejected" and question.objects is not None:
        note = f"What it points at instead: {judge(answer, question.objects, names).kind}."
    return Case(
        id=question.id,
        group=group,
        image=None if images is None or question.image is None else find_picture(question.image, images),
        size=question.size,
        question=question.text or f"the {question.thing}",
        answer=answer.text,
        truth=question.objects or (),
        predicted=[(phrase.text, box) for phrase in answer.phrases for box in phrase.boxes],
        note=note,
    )
