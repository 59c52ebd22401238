"""Step-by-step answers: is the final answer right, and do the boxes of the steps lie where they should?

The answers of Figure A.1 end in "So the answer is …"; what is said there is compared as a short answer is. The boxes
are compared in the order in which the steps name them: a box that is missing or in another place than its turn counts
as missed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from twist_scout.boxes.box import Box, paired_iou
from twist_scout.boxes.grounded import GroundedText
from twist_scout.evaluation.reading import as_grounded
from twist_scout.evaluation.understanding import answer_matches


@dataclass(frozen=True, slots=True)
class StepwiseRecord:
    """A step-by-step answer, the final answer that is right, and the right box of every mention in the steps, in order."""

    prediction: str | GroundedText
    final: str
    boxes: Sequence[Box]


@dataclass(frozen=True, slots=True)
class StepwiseResult:
    """Quality of step-by-step answers.

    Attributes:
        total: number of questions.
        right: answers whose final answer is right.
        boxes: number of boxes that the right steps have.
        box_hits: boxes of the answers at IoU >= ``threshold`` with the right one at their place.
        threshold: IoU from which a box is a hit.
    """

    total: int
    right: int
    boxes: int
    box_hits: int
    threshold: float = 0.5

    @property
    def final_accuracy(self) -> float:
        """Share of right final answers; NaN where there were no questions."""
        return self.right / self.total if self.total else float("nan")

    @property
    def box_accuracy(self) -> float:
        """Share of step boxes that are hit; NaN where there were none."""
        return self.box_hits / self.boxes if self.boxes else float("nan")

    def __str__(self) -> str:
        return (
            f"step-by-step: final answer right {self.final_accuracy:.4f} ({self.right} of {self.total}), step boxes at IoU >= "
            f"{self.threshold:g} {self.box_accuracy:.4f} ({self.box_hits} of {self.boxes})"
        )


def evaluate_stepwise(
    records: Iterable[StepwiseRecord], *, threshold: float = 0.5, dialect: str = "scout"
) -> StepwiseResult:
    """Score step-by-step answers.

    Args:
        records: answers and truths.
        threshold: IoU from which (inclusive) a box is a hit.
        dialect: how boxes are written in predictions that are plain text.
    """
    total = right = boxes = hits = 0
    for record in records:
        answer = as_grounded(record.prediction, dialect)
        total += 1
        right += answer_matches(answer.answer or "", record.final)
        boxes += len(record.boxes)
        given = list(answer.boxes)[: len(record.boxes)]
        if given:
            hits += int((paired_iou(given, list(record.boxes)[: len(given)]) >= threshold).sum())
    return StepwiseResult(total, right, boxes, hits, threshold)
