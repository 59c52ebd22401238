"""One sample as a reader of a report sees it: its picture, what was asked, what was meant, what was answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from twist_scout.boxes.box import Box

#: A box and what it is called; the name may be empty.
Labelled = tuple[str, Box]


@dataclass(frozen=True, slots=True)
class Answer:
    """What one more model answered, where several are compared.

    Attributes:
        name: of the model or of its file.
        text: the answer as it was written.
        predicted: its boxes, each with the phrase that it belongs to.
        score: what the evaluator gave for it.
        spans: where each predicted box's phrase stands in the text, as (start, end); looked up by its words where empty.
    """

    name: str
    text: str
    predicted: Sequence[Labelled] = ()
    score: float | None = None
    spans: Sequence[tuple[int, int]] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """One sample of a report. Every text may be hostile: a page escapes it.

    Attributes:
        id: of the sample.
        group: the section of the page: ``"best"``, ``"worst"``, ``"flipped"``, or any other heading.
        image: the picture's file; None, or a file that cannot be read, is drawn as an empty frame.
        size: width and height of the original picture in pixels; None takes them from the file.
        question: what was asked.
        answer: what the model wrote.
        truth: what was meant, boxes of the original image.
        predicted: what the evaluator read in the answer.
        score: what the evaluator gave for it.
        note: one sentence on why it is shown, such as why it flips.
        name: of the model or file that answered; only needed beside ``others``.
        spans: where each predicted box's phrase stands in the answer, as (start, end); looked up by its words where empty.
        others: answers of other models to the same question.
    """

    id: str
    group: str
    image: Path | None = None
    size: tuple[int, int] | None = None
    question: str = ""
    answer: str = ""
    truth: Sequence[Labelled] = ()
    predicted: Sequence[Labelled] = ()
    score: float | None = None
    note: str = ""
    name: str = ""
    spans: Sequence[tuple[int, int]] = ()
    others: Sequence[Answer] = ()

    @property
    def answers(self) -> tuple[Answer, ...]:
        """The answer, and those of others, in order."""
        return (Answer(self.name, self.answer, self.predicted, self.score, self.spans), *self.others)
