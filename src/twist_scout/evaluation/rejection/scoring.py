"""From answers to rejection rates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from types import MappingProxyType

from twist_scout.boxes.grounded import GroundedText
from twist_scout.evaluation.predictions import Predictions, join
from twist_scout.evaluation.reading import FAILED, NO_BOX, AnswerReader, Reading, ReadingTally, as_grounded
from twist_scout.evaluation.rejection.contradiction import KINDS, ClassNames, Kind, Objects, judge
from twist_scout.evaluation.rejection.result import RejectionResult
from twist_scout.evaluation.rejection.sources import RejectionQuestions
from twist_scout.evaluation.rejection.verdict import verdict_of


@dataclass(frozen=True, slots=True)
class RejectionRecord:
    """What a model answered when asked to ground something, and whether that thing is in the picture.

    Attributes:
        prediction: the answer; None where there is none.
        present: whether the thing is there.
        id: of the question.
        objects: class and box of every annotated object of the picture; None where they are not known.
    """

    prediction: str | GroundedText | None
    present: bool
    id: str = ""
    objects: Objects | None = None


def evaluate_rejection(
    records: Iterable[RejectionRecord], *, dialect: str = "scout", classes: Iterable[str] = ()
) -> RejectionResult:
    """Count rejections of absent things (right) and of present ones (wrong); §4, Figures A.2 and A.4.

    Two rates belong together: a model that rejects everything has a perfect first one. Where the objects of a picture are
    known, it is also said whether a rejection points at what is there instead.

    Args:
        records: answers, each with whether the thing asked for is in the picture.
        dialect: how boxes are written in predictions that are plain text.
        classes: names that the annotation knows, those that are in none of these pictures too.
    """
    rows = list(records)
    names = ClassNames([*classes, *(name for row in rows for name, _ in row.objects or ())])
    counts: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    contradictions: Counter[Kind] = Counter()
    tally, right = ReadingTally(), dict[str, float]()
    real = wrong = 0
    for number, row in enumerate(rows):
        present = bool(row.present)
        if row.prediction is None:
            outcome = "missing"
        else:
            answer = as_grounded(row.prediction, dialect)
            outcome = verdict_of(answer)
            tally.add(_reading(answer, outcome))
            if outcome == "rejected" and not present and row.objects is not None:
                found = judge(answer, row.objects, names)
                contradictions[found.kind] += 1
                real += found.real
                wrong += found.wrong
        counts[present][outcome] += 1
        right[row.id or str(number)] = float(outcome != "missing" and (outcome == "rejected") is not present)
    absent, there = counts[False], counts[True]
    return RejectionResult(
        absent=absent.total(),
        absent_rejected=absent["rejected"],
        present=there.total(),
        present_rejected=there["rejected"],
        absent_pointed=absent["pointed"],
        present_pointed=there["pointed"],
        absent_missing=absent["missing"],
        present_missing=there["missing"],
        contradictions=MappingProxyType({kind: contradictions[kind] for kind in KINDS if contradictions[kind]}),
        real_boxes=real,
        wrong_boxes=wrong,
        reading=tally,
        right=MappingProxyType(right),
    )


def score_rejection(questions: RejectionQuestions, predictions: Predictions, reader: AnswerReader) -> RejectionResult:
    """Score a prediction file; its ids are those of the questions.

    Args:
        questions: what was asked for.
        predictions: what was answered, by id.
        reader: how the answers are written, and how their model saw pictures.

    Raises:
        BadInput: no id is in both; or boxes cannot be read without the size of a picture, and it is not known.
    """
    joined = join(predictions, (question.id for question in questions.questions))
    records = []
    for question in questions.questions:
        prediction = predictions.get(question.id)
        answer = None
        if prediction is not None:
            codec, view = reader.for_size(question.size)
            answer = GroundedText.parse(prediction.text, dialect=codec, frame=view)
        records.append(RejectionRecord(answer, question.present, question.id, question.objects))
    result = evaluate_rejection(records, classes=questions.classes)
    return replace(result, unknown=len(joined.unknown))


def _reading(answer: GroundedText, outcome: str) -> Reading:
    reason = answer.unread[0].reason if answer.unread else None
    if answer.boxes or (outcome == "rejected" and reason is None):
        return Reading("parsed" if reason is None else "partial", tuple(answer.boxes), (), reason)
    return replace(FAILED, reason=reason or NO_BOX)
