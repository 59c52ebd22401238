"""Rejection: does the model refuse to point at what is not there, and only at that? §4, Figures A.2 and A.4.

======================  =======================================================================
``questions``           things that are in a picture, and things that are not
``sources``             POPE's files, COCO's instances, drawn scenes, records
``verdict``             whether an answer refuses, points, or does neither
``contradiction``       whether a refusal points at what is really there instead
``scoring``             the rates
``result``              what they are, in words, tables and JSON
``cases``               the pictures behind them
======================  =======================================================================
"""

from __future__ import annotations

from twist_scout.evaluation.rejection.cases import rejection_cases
from twist_scout.evaluation.rejection.contradiction import ClassNames, Contradiction, judge
from twist_scout.evaluation.rejection.questions import RejectionQuestion
from twist_scout.evaluation.rejection.result import RejectionResult
from twist_scout.evaluation.rejection.scoring import RejectionRecord, evaluate_rejection, score_rejection
from twist_scout.evaluation.rejection.sources import RejectionQuestions, read_rejection_questions
from twist_scout.evaluation.rejection.verdict import rejects, verdict_of

__all__ = [
    "ClassNames",
    "Contradiction",
    "RejectionQuestion",
    "RejectionQuestions",
    "RejectionRecord",
    "RejectionResult",
    "evaluate_rejection",
    "judge",
    "read_rejection_questions",
    "rejection_cases",
    "rejects",
    "score_rejection",
    "verdict_of",
]
