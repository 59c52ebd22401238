"""Open questions, graded by a judge: LLaVA-Bench and MM-Vet. §5.3 of the paper."""

from __future__ import annotations

from twist_scout.evaluation.judging.asking import Ask, JudgeReply, JudgeRequest
from twist_scout.evaluation.judging.benchmarks import JUDGED, evaluate_with_judge, read_open_questions
from twist_scout.evaluation.judging.judge import Judge, Judgement
from twist_scout.evaluation.judging.llava_bench import OpenQuestion
from twist_scout.evaluation.judging.prompts import JudgePrompt, read_prompt
from twist_scout.evaluation.judging.record_file import Judgements
from twist_scout.evaluation.judging.result import JudgedResult

__all__ = [
    "JUDGED",
    "Ask",
    "Judge",
    "JudgePrompt",
    "JudgeReply",
    "JudgeRequest",
    "JudgedResult",
    "Judgement",
    "Judgements",
    "OpenQuestion",
    "evaluate_with_judge",
    "read_open_questions",
    "read_prompt",
]
