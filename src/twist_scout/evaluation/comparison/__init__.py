"""Several models on the same samples: what each scores, and whether a difference could be an accident of the sample.

A difference of two means hides that both models met the same samples; resampling them together does not, and so sees
smaller differences. Every model is compared with the first. Where a headline number is no mean over samples (average
precision is computed from all images at once), the result itself says what it would be on a resample (`Resampled`).

==============  ==================================================================
``pairing``     intervals, p values, exact tests
``result``      what came out, in words, tables and JSON
``tasks``       the evaluators by name: how each reads its truth and scores a file
``cases``       the pictures on which the models differ
==============  ==================================================================
"""

from __future__ import annotations

from twist_scout.evaluation.comparison.cases import compared_cases
from twist_scout.evaluation.comparison.pairing import Resampled, compare
from twist_scout.evaluation.comparison.result import ComparisonResult, Difference
from twist_scout.evaluation.comparison.tasks import TASKS, Asked, Task, TaskOptions, open_task

__all__ = [
    "TASKS",
    "Asked",
    "ComparisonResult",
    "Difference",
    "Resampled",
    "Task",
    "TaskOptions",
    "compare",
    "compared_cases",
    "open_task",
]
