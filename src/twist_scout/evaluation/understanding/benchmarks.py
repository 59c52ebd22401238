"""The benchmarks by name: how each reads its truth, grades an answer, and what it reports."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twist_scout.errors import BadConfig, BadInput
from twist_scout.evaluation.predictions import Prediction, Predictions, join
from twist_scout.evaluation.result import ResultTable
from twist_scout.evaluation.understanding import gqa, mme, mme_files, pope, scienceqa, vqa
from twist_scout.evaluation.understanding.answers import read_answers
from twist_scout.evaluation.understanding.question import UNANSWERED, BenchmarkResult, Grade, Question

Questions = Mapping[str, Question]
Answers = Mapping[str, str]


@dataclass(frozen=True)
class Summary:
    """What a benchmark reports besides accuracy; as in :class:`BenchmarkResult`."""

    numbers: Mapping[str, float] = field(default_factory=dict)
    details: Sequence[ResultTable] = ()
    headline: str = "accuracy"
    remark: str = ""


@dataclass(frozen=True)
class Benchmark:
    """How a benchmark is scored.

    Attributes:
        name: as a command knows it.
        title: as people write it.
        version: of the protocol; a new one where the same answers would score otherwise.
        read: its truth, from a path.
        grade: what an answer is worth.
        summarise: the rest, from questions, answers and grades.
        truth: what the path is, for help texts.
    """

    name: str
    title: str
    version: int
    read: Callable[..., list[Question]]
    grade: Callable[[str, Question], Grade]
    summarise: Callable[[Questions, Answers, Mapping[str, Grade]], Summary]
    truth: str

    @property
    def protocol(self) -> str:
        """Name and version."""
        return f"{self.name}/{self.version}"


def _of_vqa(questions: Questions, answers: Answers, grades: Mapping[str, Grade]) -> Summary:
    return Summary(
        {"accuracy_normalised": vqa.normalised_accuracy(questions, answers)},
        remark="Where all people wrote the same, VQA's script compares letter by letter; accuracy_normalised does not.",
    )


def _of_scienceqa(questions: Questions, answers: Answers, grades: Mapping[str, Grade]) -> Summary:
    shown = [grades[id].score for id, question in questions.items() if "image" in question.groups.get("context", ())]
    numbers = {"accuracy_image": sum(shown) / len(shown)} if shown else {}
    return Summary(
        {**numbers, "accuracy_llava": scienceqa.llava_accuracy(questions, answers)},
        remark="accuracy_image: questions with a picture; accuracy_llava: with the letters that LLaVA's script reads.",
    )


def _of_pope(questions: Questions, answers: Answers, grades: Mapping[str, Grade]) -> Summary:
    numbers = pope.measures(questions, answers)
    del numbers["accuracy"]
    table = pope.settings_table(questions, answers)
    if len(table.rows) > 1:
        numbers["f1_mean_of_settings"] = pope.mean_f1(questions, answers)
    return Summary(numbers, [table] if table.rows else [])


def _of_mme(questions: Questions, answers: Answers, grades: Mapping[str, Grade]) -> Summary:
    tasks = mme.task_scores(questions, grades)
    totals = mme.sums(tasks)
    return Summary(totals, [mme.tasks_table(tasks)], next(iter(totals), "accuracy"), mme.remark(tasks))


def _plain(questions: Questions, answers: Answers, grades: Mapping[str, Grade]) -> Summary:
    return Summary()


BENCHMARKS: Mapping[str, Benchmark] = {
    benchmark.name: benchmark
    for benchmark in (
        Benchmark("vqa", "VQA", 1, vqa.read_vqa, vqa.grade_vqa, _of_vqa, "annotations JSON"),
        Benchmark("gqa", "GQA", 1, gqa.read_gqa, gqa.grade_gqa, _plain, "questions JSON with answers"),
        Benchmark(
            "scienceqa", "ScienceQA", 1, scienceqa.read_scienceqa, scienceqa.grade_scienceqa, _of_scienceqa,
            "problems.json, or its folder",
        ),
        Benchmark("textvqa", "TextVQA", 1, vqa.read_vqa, vqa.grade_textvqa, _plain, "TextVQA JSON with answers"),
        Benchmark("pope", "POPE", 1, pope.read_pope, pope.grade_pope, _of_pope, "JSONL, or a folder with all settings"),
        Benchmark("mme", "MME", 1, mme_files.read_mme, mme.grade_mme, _of_mme, "the release, its tables, or a TSV"),
    )
}  # fmt: skip


def get_benchmark(name: str) -> Benchmark:
    """A benchmark by name.

    Raises:
        BadConfig: there is no such benchmark.
    """
    try:
        return BENCHMARKS[name]
    except KeyError:
        raise BadConfig(f"There is no benchmark {name!r}: choose one of {', '.join(BENCHMARKS)}.") from None


def read_questions(
    benchmark: str, path: str | Path, *, split: str | None = None, texts: str | Path | None = None
) -> list[Question]:
    """The questions of a benchmark and their right answers.

    Args:
        benchmark: its name.
        path: its file or folder.
        split: of ScienceQA; without it, ``test``.
        texts: VQA's file of questions, for their texts.

    Raises:
        BadConfig: there is no such benchmark, or an option that is not its own.
        BadInput: the truth cannot be read, is empty, or has an id twice.
    """
    found = get_benchmark(benchmark)
    options: dict[str, Any] = {}
    if split is not None:
        if benchmark != "scienceqa":
            raise BadConfig(f"{found.title} has one file for each split: give that of {split!r} as the truth.")
        options["split"] = split
    if texts is not None:
        if benchmark not in ("vqa", "textvqa"):
            raise BadConfig(f"The truth of {found.title} holds its questions: leave their file out.")
        options["questions"] = Path(texts)
    questions = found.read(Path(path), **options)
    seen: set[str] = set()
    for question in questions:
        if question.id in seen:
            raise BadInput(f"{path} has two questions with the id {question.id[:60]!a}: give one split at a time.")
        seen.add(question.id)
    if not questions:
        raise BadInput(f"{path} holds no questions.")
    return questions


def read_answers_to(
    benchmark: str, path: str | Path, questions: Sequence[Question], *, skip_bad: bool = False
) -> Predictions:
    """Answers to a benchmark's questions: a file of :func:`read_answers`, or a folder.

    A folder holds MME's tables of results, or a file for each of POPE's settings.

    Raises:
        BadInput: a file cannot be read, or the folder holds none.
        BadRecord: an entry cannot be used.
    """
    path = Path(path)
    if not path.is_dir():
        return read_answers(path, skip_bad=skip_bad)
    if benchmark == "mme":
        return mme_files.read_mme_results(path, questions)
    found = Predictions(path)
    files = [file for file in sorted(path.glob("*.json*")) if pope.setting_of(file)] if benchmark == "pope" else []
    if not files:
        raise BadInput(f"{path} is a folder without files of answers: give the file.")
    for file in files:
        part = read_answers(file, skip_bad=skip_bad)
        found.left_out += part.left_out
        found.first_problem = found.first_problem or part.first_problem
        for answer in part.values():
            id = f"{pope.setting_of(file)}/{answer.id}"
            found[id] = Prediction(id, answer.text, answer.image)
    return found


def evaluate_benchmark(
    benchmark: str, answers: Mapping[str, str | Prediction], questions: Iterable[Question]
) -> BenchmarkResult:
    """Score answers on a benchmark. Questions without an answer are wrong; answers to other questions are left out.

    Args:
        benchmark: its name, one of :data:`BENCHMARKS`.
        answers: by id of the question.
        questions: with their right answers.

    Raises:
        BadConfig: there is no such benchmark.
        BadInput: no answer is to one of the questions.
    """
    found = get_benchmark(benchmark)
    by_id = {question.id: question for question in questions}
    if not isinstance(answers, Predictions):
        given = answers
        answers = Predictions()
        answers.update((id, one if isinstance(one, Prediction) else Prediction(id, one)) for id, one in given.items())
    joined = join(answers, by_id)
    texts = {id: answers[id].text for id in joined.matched}
    grades = {id: found.grade(texts[id], q) if id in texts else UNANSWERED for id, q in by_id.items()}
    summary = found.summarise(by_id, texts, grades)
    return BenchmarkResult(
        found.title,
        found.protocol,
        by_id,
        texts,
        grades,
        len(joined.unknown),
        summary.numbers,
        summary.details,
        summary.headline,
        summary.remark,
    )
