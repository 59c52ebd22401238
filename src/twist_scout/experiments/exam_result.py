"""What a model reached in the toy-world exam, split by split."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from twist_scout.evaluation import (
    CaptioningResult,
    LocalizationResult,
    ReferringResult,
    RejectionResult,
    UnderstandingResult,
)
from twist_scout.evaluation.significance import bootstrap_interval
from twist_scout.evaluation.stepwise import StepwiseResult
from twist_scout.proportions import wilson
from twist_scout.toyworld.exam import Split

#: Resamples of the pictures for the interval of AP50.
_RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Scores:
    """What a model reached on one set of scenes."""

    understanding: UnderstandingResult
    referring: ReferringResult
    localization: LocalizationResult
    captioning: CaptioningResult
    stepwise: StepwiseResult
    rejection: RejectionResult

    def to_dict(self) -> dict[str, float | None]:
        """The headline numbers, all in [0, 1]; ``None`` where nothing was asked."""
        values = {
            "understanding_accuracy": self.understanding.accuracy,
            "rec_acc50": self.referring.accuracy,
            "localization_miou": self.localization.miou,
            "gic_ap50": self.captioning.ap50,
            "steps_final": self.stepwise.final_accuracy,
            "steps_boxes": self.stepwise.box_accuracy,
            "rejection": self.rejection.rejection,
            "false_rejection": self.rejection.false_rejection,
        }
        return {name: _number(value) for name, value in values.items()}

    def intervals(self) -> dict[str, tuple[float, float]]:
        """95 % intervals of the headline numbers: Wilson's of shares, the bootstrap's of means and of AP50.

        The questions of an exam are the sample. Measures of which nothing was asked are left out.
        """
        steps, rejection = self.stepwise, self.rejection
        shares = {
            "understanding_accuracy": (self.understanding.correct, self.understanding.total),
            "rec_acc50": (self.referring.hits, self.referring.total),
            "steps_final": (steps.right, steps.total),
            "steps_boxes": (steps.box_hits, steps.boxes),
            "rejection": (rejection.absent_rejected, rejection.absent),
            "false_rejection": (rejection.present_rejected, rejection.present),
        }
        found = {name: wilson(hits, total) for name, (hits, total) in shares.items() if total}
        if self.localization.total:
            found["localization_miou"] = bootstrap_interval(self.localization.ious)
        if self.captioning.images:
            found["gic_ap50"] = _ap50_interval(self.captioning)
        return found


@dataclass(frozen=True, slots=True)
class ExamResult:
    """The outcome of an exam.

    Attributes:
        scenes: number of plain test scenes.
        seed: seed of the first one.
        splits: scores by split; ``plain`` is always there. In splits about something held out only the questions about it count.
        bit_equal: whether the understanding-mode logits equal the base's to the bit; ``None`` where
            it was not tested.
        bit_equal_prompts: on how many prompts that was tested.
        seconds: how long the exam took.
    """

    scenes: int
    seed: int
    splits: dict[Split, Scores]
    bit_equal: bool | None
    bit_equal_prompts: int
    seconds: float = field(compare=False)

    @property
    def scores(self) -> Scores:
        """On the plain test scenes."""
        return self.splits["plain"]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; the headline numbers at the top level."""
        s = self.scores
        return {
            **s.to_dict(),
            "bit_equal": self.bit_equal,
            "bit_equal_prompts": self.bit_equal_prompts,
            "gic_ap": _number(s.captioning.ap),
            "gic_score_policy": s.captioning.score_policy,
            "intervals": {name: [round(value, 4) for value in pair] for name, pair in s.intervals().items()},
            "understanding_by_kind": {k: c / n for k, (c, n) in s.understanding.by_kind.items()},
            "splits": {name: scores.to_dict() for name, scores in self.splits.items()},
            # The name that it had before there were other splits.
            **({"held_out_pairs": self.splits["pairs"].to_dict()} if "pairs" in self.splits else {}),
            "questions": {
                "understanding": s.understanding.total,
                "rec": s.referring.total,
                "localization": s.localization.total,
                "gic": s.captioning.images,
                "steps": s.stepwise.total,
                "step boxes": s.stepwise.boxes,
                "absent": s.rejection.absent,
                "present": s.rejection.present,
            },
            "scenes": self.scenes,
            "seed": self.seed,
            "seconds": round(self.seconds, 1),
        }


def _ap50_interval(result: CaptioningResult) -> tuple[float, float]:
    lots = np.random.default_rng(0).multinomial(result.images, [1 / result.images] * result.images, _RESAMPLES)
    low, high = np.nanquantile(result.resampled(lots, ap50=True), [0.025, 0.975])
    return float(low), float(high)


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value
