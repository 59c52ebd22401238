"""The pictures behind a localisation score: what was best, what was worst."""

from __future__ import annotations

from pathlib import Path

from twist_scout.boxes.grounded import GroundedText
from twist_scout.data.referring.pictures import find_picture
from twist_scout.evaluation.localization.queries import LocalizationQuery, LocalizationSubset
from twist_scout.evaluation.localization.result import LocalizationResult
from twist_scout.evaluation.pages import Case
from twist_scout.evaluation.predictions import Predictions
from twist_scout.evaluation.reading import AnswerReader


def localization_cases(
    result: LocalizationResult,
    subset: LocalizationSubset,
    predictions: Predictions,
    reader: AnswerReader,
    images: Path | None = None,
    *,
    each: int = 12,
) -> list[Case]:
    """The best and the worst answers, and some without a box.

    Args:
        result: of `score_subset`.
        subset: what was asked for.
        predictions: what was answered.
        reader: as for the score.
        images: the folder of the pictures.
        each: so many of each group.
    """
    scores = result.scores()
    order = sorted(subset.queries, key=lambda query: (-scores[query.id], query.id))
    boxed: list[LocalizationQuery] = []
    silent: list[LocalizationQuery] = []
    for query in order:
        answer = predictions.get(query.id)
        if answer is not None:
            read = reader.read(answer.text, (query.width, query.height))
            (boxed if read.boxes else silent).append(query)
    groups = {
        "best": boxed[:each],
        "worst": boxed[max(each, len(boxed) - each) :][::-1],
        "without a box": silent[:each],
    }
    return [
        _case(group, query, predictions[query.id].text, scores[query.id], reader, images)
        for group, queries in groups.items()
        for query in queries
    ]


def _case(
    group: str, query: LocalizationQuery, answer: str, score: float, reader: AnswerReader, images: Path | None
) -> Case:
    codec, view = reader.for_size((query.width, query.height))
    told = GroundedText.parse(answer, dialect=codec, frame=view)
    return Case(
        id=query.id,
        group=group,
        image=None if images is None else find_picture(query.image, images),
        size=(query.width, query.height),
        question=query.name,
        answer=answer,
        truth=[(query.name, query.truth)],
        predicted=[(phrase.text, box) for phrase in told.phrases for box in phrase.boxes],
        score=score,
        note=_note(query, told),
    )


def _note(query: LocalizationQuery, told: GroundedText) -> str:
    notes = ["The annotation is a crowd or difficult."] if query.crowd else []
    if len(told.boxes) > 1:
        notes.append(f"The first of {len(told.boxes)} boxes counts.")
    if told.unread:
        notes.append(f"Not readable: {told.unread[0].reason}.")
    return " ".join(notes)
