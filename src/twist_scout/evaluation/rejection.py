"""Rejection: does the model refuse to point at what is not there, and only at that?

The negative samples of SCOUT (Figure A.2) teach the answer "This question is invalid." Two rates
belong together: a model that rejects everything has a perfect first one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from twist_scout.boxes.grounded import GroundedText
from twist_scout.evaluation.reading import as_grounded


@dataclass(frozen=True, slots=True)
class RejectionRecord:
    """What a model answered when asked to ground something, and whether that thing is in the
    picture.
    """

    prediction: str | GroundedText
    present: bool


@dataclass(frozen=True, slots=True)
class RejectionResult:
    """Counts over questions about absent and about present objects."""

    absent: int
    absent_rejected: int
    present: int
    present_rejected: int

    @property
    def rejection(self) -> float:
        """Share of questions about absent objects that were rejected; NaN where there were none."""
        return self.absent_rejected / self.absent if self.absent else float("nan")

    @property
    def false_rejection(self) -> float:
        """Share of questions about present objects that were rejected; NaN where there were
        none.
        """
        return self.present_rejected / self.present if self.present else float("nan")

    def __str__(self) -> str:
        return (
            f"absent rejected {self.rejection:.4f} ({self.absent_rejected} of {self.absent}), "
            f"present wrongly rejected {self.false_rejection:.4f} "
            f"({self.present_rejected} of {self.present})"
        )


def evaluate_rejection(records: Iterable[RejectionRecord], *, dialect: str = "scout") -> RejectionResult:
    """Count rejections; :attr:`GroundedText.rejected` says what counts as one.

    Args:
        records: answers, each with whether the thing asked for is in the picture.
        dialect: how boxes are written in predictions that are plain text.
    """
    counts = {True: [0, 0], False: [0, 0]}
    for record in records:
        tally = counts[bool(record.present)]
        tally[0] += 1
        tally[1] += as_grounded(record.prediction, dialect).rejected
    return RejectionResult(*counts[False], *counts[True])
