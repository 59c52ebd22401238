"""The pictures on which models differ."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from twist_scout.boxes.grounded import GroundedText, Phrase
from twist_scout.data.referring.pictures import find_picture
from twist_scout.errors import BadInput
from twist_scout.evaluation.comparison.result import ComparisonResult
from twist_scout.evaluation.comparison.tasks import Asked, Task
from twist_scout.evaluation.pages import Answer, Case
from twist_scout.evaluation.predictions import Prediction, Predictions
from twist_scout.evaluation.reading import AnswerReader


def compared_cases(
    result: ComparisonResult,
    task: Task,
    predictions: Sequence[Predictions],
    readers: Sequence[AnswerReader],
    images: Path | None = None,
    *,
    each: int = 16,
) -> list[Case]:
    """Samples on which models differ, those on which they differ most first.

    Of two models, what the second gained and what it lost are sections of their own.

    Args:
        result: the comparison.
        task: the evaluator.
        predictions: of each model.
        readers: how the answers of each are read.
        images: the folder of the pictures.
        each: so many of each section.
    """
    sections: dict[str, list[str]] = {}
    if len(result.names) == 2:
        gains = result.scores()
        order = result.flipped()
        sections[f"Better in {result.names[1]}"] = [id for id in order if gains[id] > 0]
        sections[f"Worse in {result.names[1]}"] = [id for id in order if gains[id] < 0]
    else:
        sections["flipped"] = result.flipped(2 * each)
    shown = {group: ids[: 2 * each if len(sections) == 1 else each] for group, ids in sections.items()}
    return [
        _case(id, group, result, task.asked(id), [found.get(id) for found in predictions], readers, images)
        for group, ids in shown.items()
        for id in ids
    ]


def _case(
    id: str,
    group: str,
    result: ComparisonResult,
    asked: Asked,
    found: Sequence[Prediction | None],
    readers: Sequence[AnswerReader],
    images: Path | None,
) -> Case:
    scores = [one.scores()[id] for one in result.results]
    answers = [
        _answer(name, prediction, reader, asked.size, score)
        for name, prediction, reader, score in zip(result.names, found, readers, scores, strict=True)
    ]
    first, *others = answers
    return Case(
        id=id,
        group=group,
        image=find_picture(asked.image, images) if images is not None and asked.image is not None else None,
        size=asked.size,
        question=asked.question,
        answer=first.text,
        truth=asked.truth,
        predicted=first.predicted,
        score=first.score,
        note=f"Right: {asked.right}" if asked.right else "",
        name=first.name,
        spans=first.spans,
        others=others,
    )


def _answer(
    name: str, prediction: Prediction | None, reader: AnswerReader, size: tuple[int, int] | None, score: float
) -> Answer:
    if prediction is None:
        return Answer(name, "", score=score)
    phrases: list[Phrase] = []
    try:
        codec, view = reader.for_size(size)
        phrases = GroundedText.parse(prediction.text, dialect=codec, frame=view).phrases
    except BadInput:  # the size is needed and not known: then there is nothing to draw
        pass
    boxes = [(phrase, box) for phrase in phrases for box in phrase.boxes]
    return Answer(
        name,
        prediction.text,
        [(phrase.text, box) for phrase, box in boxes],
        score,
        [(phrase.start, phrase.end) for phrase, _ in boxes],
    )
