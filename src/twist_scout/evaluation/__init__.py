"""Measures of what a model gained (grounding) and of what it kept (understanding); §5 of the paper.

Every measure is a pure function from plain records (a prediction and its truth) to a frozen result
that carries its counts and prints itself. Who made the predictions does not matter: a model,
another model, or a file.
"""

from __future__ import annotations

from twist_scout.evaluation.captioning import (
    CaptioningRecord,
    CaptioningResult,
    NameMap,
    evaluate_captioning,
)
from twist_scout.evaluation.localization import (
    LocalizationRecord,
    LocalizationResult,
    evaluate_localization,
)
from twist_scout.evaluation.referring import ReferringRecord, ReferringResult, evaluate_referring
from twist_scout.evaluation.rejection import RejectionRecord, RejectionResult, evaluate_rejection
from twist_scout.evaluation.understanding import (
    UnderstandingRecord,
    UnderstandingResult,
    evaluate_understanding,
)

__all__ = [
    "CaptioningRecord",
    "CaptioningResult",
    "LocalizationRecord",
    "LocalizationResult",
    "NameMap",
    "ReferringRecord",
    "ReferringResult",
    "RejectionRecord",
    "RejectionResult",
    "UnderstandingRecord",
    "UnderstandingResult",
    "evaluate_captioning",
    "evaluate_localization",
    "evaluate_referring",
    "evaluate_rejection",
    "evaluate_understanding",
]
