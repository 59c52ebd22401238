"""Referring expression comprehension: does the box that the model gives for an expression fit the one object meant?

Table 2 and Table A.4 of the paper. Published evaluators differ in the box of an answer that they score, in what they take
its numbers for, and in the threshold, and so score the same predictions differently; each is a named convention here.

===============  ==========================================================================
``truth``        what was meant, from any published file
``samples``      answers beside it, and the boxes that the dialect reads
``quick``        the short way to boxes in plain form
``readers``      how published evaluators find boxes in a text
``frames``       what the numbers mean to them, and in which picture they compare
``conventions``  the ten named conventions, each with its source
``scoring``      IoUs and verdicts, without a loop over samples
``strata``       by size, length of the expression and distractors
``flips``        which samples two conventions disagree on, and why
``result``       what came out, and how it is shown
``evaluate``     from records to a result
``cases``        the pictures behind it
===============  ==========================================================================
"""

from __future__ import annotations

from twist_scout.evaluation.referring.cases import referring_cases
from twist_scout.evaluation.referring.conventions import CONVENTIONS, Convention, get_convention
from twist_scout.evaluation.referring.evaluate import evaluate, evaluate_referring, outcomes_of, result_of
from twist_scout.evaluation.referring.flips import Flip
from twist_scout.evaluation.referring.result import PROTOCOL, ReferringResult
from twist_scout.evaluation.referring.samples import ReferringRecord, Samples, from_predictions, from_records
from twist_scout.evaluation.referring.scoring import Outcome, Scorer
from twist_scout.evaluation.referring.truth import Truth, gather, read_truth

__all__ = [
    "CONVENTIONS",
    "PROTOCOL",
    "Convention",
    "Flip",
    "Outcome",
    "ReferringRecord",
    "ReferringResult",
    "Samples",
    "Scorer",
    "Truth",
    "evaluate",
    "evaluate_referring",
    "from_predictions",
    "from_records",
    "gather",
    "get_convention",
    "outcomes_of",
    "read_truth",
    "referring_cases",
    "result_of",
]
