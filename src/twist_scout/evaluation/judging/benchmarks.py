"""Benchmarks that take a judge, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from twist_scout.errors import BadConfig
from twist_scout.evaluation.judging import llava_bench, mm_vet
from twist_scout.evaluation.judging.judge import Judge, judge_all
from twist_scout.evaluation.judging.llava_bench import OpenQuestion
from twist_scout.evaluation.judging.prompts import JudgePrompt, read_prompt
from twist_scout.evaluation.judging.record_file import Judgements
from twist_scout.evaluation.judging.result import JudgedResult
from twist_scout.evaluation.predictions import Prediction, Predictions, join
from twist_scout.evaluation.understanding.question import Question

JUDGED = ("llava-bench", "mm-vet")


def read_open_questions(benchmark: str, path: str | Path) -> list[OpenQuestion] | list[Question]:
    """The questions of a benchmark that takes a judge.

    Raises:
        BadConfig: there is no such benchmark.
        BadInput: the truth cannot be read.
    """
    _known(benchmark)
    return (llava_bench.read_llava_bench if benchmark == "llava-bench" else mm_vet.read_mm_vet)(Path(path))


def evaluate_with_judge(
    benchmark: str,
    answers: Mapping[str, str | Prediction],
    questions: Sequence[OpenQuestion] | Sequence[Question],
    judge: Judge,
    *,
    prompt: JudgePrompt | None = None,
    judgements: Judgements | None = None,
    runs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> JudgedResult:
    """Have answers graded, and score them as the benchmark does.

    Args:
        benchmark: ``llava-bench`` or ``mm-vet``.
        answers: by id of the question.
        questions: of that benchmark.
        judge: who grades.
        prompt: what it is told; None for the shipped prompt.
        judgements: of earlier runs; new ones are added as they come.
        runs: independent judgements of each answer; MM-Vet's paper has five.
        progress: told how many judgements there are, and how many there will be.

    Raises:
        BadConfig: there is no such benchmark, or the prompt does not fit it.
        BadInput: no answer is to one of the questions, or judgements cannot be kept.
    """
    _known(benchmark)
    told = prompt or read_prompt(benchmark)
    ids = [question.id for question in questions]
    given = Predictions()
    given.update((id, one if isinstance(one, Prediction) else Prediction(id, one)) for id, one in answers.items())
    joined = join(given, dict.fromkeys(ids))
    texts = {id: given[id].text for id in joined.matched}
    open_questions = [question for question in questions if isinstance(question, OpenQuestion)]
    closed = [question for question in questions if isinstance(question, Question)]
    if benchmark == "llava-bench":
        tasks = llava_bench.llava_bench_tasks(open_questions, texts, told, runs)
        read, version, largest, title, tokens = llava_bench.read_grades, llava_bench.VERSION, 10.0, "LLaVA-Bench", 512
    else:
        tasks = mm_vet.mm_vet_tasks(closed, texts, told, runs)
        read, version, largest, title, tokens = mm_vet.read_grade, mm_vet.VERSION, 1.0, "MM-Vet", 16
    own = "" if prompt is None else f" {told.digest}"
    protocol = f"{benchmark}/{version} prompt {told.version}{own} judge {judge.name}"
    found = judge_all(
        tasks,
        judge,
        read,
        protocol=f"{protocol} {told.digest}",
        judgements=judgements,
        max_tokens=tokens,
        progress=progress,
    )
    result = JudgedResult(title, protocol, len(ids), len(joined.missing), len(joined.unknown), found, largest)
    if benchmark == "llava-bench":
        return llava_bench.llava_bench_result(result, open_questions)
    return mm_vet.mm_vet_result(result, closed, texts)


def _known(benchmark: str) -> None:
    if benchmark not in JUDGED:
        raise BadConfig(f"There is no judged benchmark {benchmark!r}: choose {' or '.join(JUDGED)}.")
