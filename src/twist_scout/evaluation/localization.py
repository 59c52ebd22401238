"""Object localisation: given a name, how well does the box cover the object? Table 1 of the paper.

The measure is the mean IoU over all queries. An answer without a readable box has IoU 0 and is
never left out, else a model could raise its score by saying nothing where it is unsure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from twist_scout.boxes.box import Box
from twist_scout.boxes.grounded import GroundedText
from twist_scout.evaluation.reading import first_box_ious


@dataclass(frozen=True, slots=True)
class LocalizationRecord:
    """What a model answered when asked for an object by name, and where the object is (in the
    original image).
    """

    prediction: str | GroundedText
    truth: Box


@dataclass(frozen=True, slots=True)
class LocalizationResult:
    """Localisation quality.

    Attributes:
        total: number of queries.
        without_box: answers with no readable box; their IoU is 0.
        miou: mean IoU over all queries in [0, 1]; NaN where there were none.
        ious: one IoU per record, in the order of the records.
    """

    total: int
    without_box: int
    miou: float
    ious: tuple[float, ...] = field(default=(), repr=False)

    def __str__(self) -> str:
        return (
            f"localisation mIoU {self.miou:.4f} (first box of {self.total} answers; "
            f"{self.without_box} without a box count as 0)"
        )


def evaluate_localization(records: Iterable[LocalizationRecord], *, dialect: str = "scout") -> LocalizationResult:
    """Mean IoU of the first box of each answer.

    Args:
        records: answers and truths.
        dialect: how boxes are written in predictions that are plain text.
    """
    rows = list(records)
    ious, without_box = first_box_ious([r.prediction for r in rows], [r.truth for r in rows], dialect)
    return LocalizationResult(
        total=len(rows),
        without_box=without_box,
        miou=float(ious.mean()) if rows else float("nan"),
        ious=tuple(ious.tolist()),
    )
