"""Referring expression comprehension: does the box that the model gives for an expression fit the
one object meant?

Table 2 and Table A.4 of the paper. Published evaluators differ in which box of an answer they score
and in the threshold, and so score the same predictions differently; the convention here, named
``scout``, is: the first box of the answer, a hit at IoU >= 0.5, an answer without a readable box a
miss.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from twist_scout.boxes.box import Box
from twist_scout.boxes.grounded import GroundedText
from twist_scout.evaluation.reading import first_box_ious


@dataclass(frozen=True, slots=True)
class ReferringRecord:
    """What a model answered to one referring expression, and the box that was meant (in the
    original image).
    """

    prediction: str | GroundedText
    truth: Box


@dataclass(frozen=True, slots=True)
class ReferringResult:
    """Referring accuracy.

    Attributes:
        total: number of expressions.
        hits: answers whose first box reaches the threshold.
        without_box: answers with no readable box; they count as misses.
        threshold: IoU from which a box is a hit.
        ious: one IoU per record, in the order of the records.
    """

    total: int
    hits: int
    without_box: int
    threshold: float = 0.5
    ious: tuple[float, ...] = field(default=(), repr=False)

    @property
    def accuracy(self) -> float:
        """Share of hits in [0, 1]; NaN where there were no records."""
        return self.hits / self.total if self.total else float("nan")

    def __str__(self) -> str:
        return (
            f"REC Acc@{self.threshold:g} {self.accuracy:.4f} ({self.hits} of {self.total}, first "
            f"box, IoU >= {self.threshold:g}; {self.without_box} answers without a box)"
        )


def evaluate_referring(
    records: Iterable[ReferringRecord], *, threshold: float = 0.5, dialect: str = "scout"
) -> ReferringResult:
    """Score answers to referring expressions in the ``scout`` convention.

    Args:
        records: answers and truths.
        threshold: IoU from which (inclusive) a box is a hit.
        dialect: how boxes are written in predictions that are plain text.
    """
    rows = list(records)
    ious, without_box = first_box_ious([r.prediction for r in rows], [r.truth for r in rows], dialect)
    return ReferringResult(
        total=len(rows),
        hits=int((ious >= threshold).sum()),
        without_box=without_box,
        threshold=threshold,
        ious=tuple(ious.tolist()),
    )
