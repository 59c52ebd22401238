"""Image understanding: what a model could do before tuning must still be there after it. §5.3 of the paper.

Answers are scored as the benchmarks' own tools score them: VQA, GQA, ScienceQA, TextVQA, POPE and MME
(:func:`evaluate_benchmark`); short answers to the toy world's questions by :func:`evaluate_understanding`. Benchmarks that
need a judge are in :mod:`twist_scout.evaluation.judging`.
"""

from __future__ import annotations

from twist_scout.evaluation.understanding.answers import read_answers
from twist_scout.evaluation.understanding.benchmarks import (
    BENCHMARKS,
    Benchmark,
    evaluate_benchmark,
    get_benchmark,
    read_answers_to,
    read_questions,
)
from twist_scout.evaluation.understanding.question import BenchmarkResult, Grade, GroupScore, Question
from twist_scout.evaluation.understanding.short_answers import (
    UnderstandingRecord,
    UnderstandingResult,
    answer_matches,
    evaluate_understanding,
    normalise_answer,
)

__all__ = [
    "BENCHMARKS",
    "Benchmark",
    "BenchmarkResult",
    "Grade",
    "GroupScore",
    "Question",
    "UnderstandingRecord",
    "UnderstandingResult",
    "answer_matches",
    "evaluate_benchmark",
    "evaluate_understanding",
    "get_benchmark",
    "normalise_answer",
    "read_answers",
    "read_answers_to",
    "read_questions",
]
