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
    PhraseMapper,
    SentenceEncoder,
    TrueObject,
    evaluate_captioning,
)
from twist_scout.evaluation.comparison import ComparisonResult, compare
from twist_scout.evaluation.judging import JudgedResult, evaluate_with_judge
from twist_scout.evaluation.localization import (
    LocalizationRecord,
    LocalizationResult,
    evaluate_localization,
)
from twist_scout.evaluation.pages import Case, write_report
from twist_scout.evaluation.predictions import Prediction, Predictions, read_predictions
from twist_scout.evaluation.referring import ReferringRecord, ReferringResult, evaluate_referring
from twist_scout.evaluation.rejection import RejectionRecord, RejectionResult, evaluate_rejection
from twist_scout.evaluation.retention import RetentionResult, evaluate_retention
from twist_scout.evaluation.understanding import (
    BenchmarkResult,
    Question,
    UnderstandingRecord,
    UnderstandingResult,
    evaluate_benchmark,
    evaluate_understanding,
)

__all__ = [
    "BenchmarkResult",
    "CaptioningRecord",
    "CaptioningResult",
    "Case",
    "ComparisonResult",
    "JudgedResult",
    "LocalizationRecord",
    "LocalizationResult",
    "NameMap",
    "PhraseMapper",
    "Prediction",
    "Predictions",
    "Question",
    "ReferringRecord",
    "ReferringResult",
    "RejectionRecord",
    "RejectionResult",
    "RetentionResult",
    "SentenceEncoder",
    "TrueObject",
    "UnderstandingRecord",
    "UnderstandingResult",
    "compare",
    "evaluate_benchmark",
    "evaluate_captioning",
    "evaluate_localization",
    "evaluate_referring",
    "evaluate_rejection",
    "evaluate_retention",
    "evaluate_understanding",
    "evaluate_with_judge",
    "read_predictions",
    "write_report",
]
