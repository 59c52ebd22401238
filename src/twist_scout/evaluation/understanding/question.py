"""Questions with their right answers, what is read in an answer, and the score of a whole benchmark."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

from twist_scout.evaluation.result import ResultTable
from twist_scout.evaluation.significance import bootstrap_interval, wilson

_NOTHING: Mapping[str, tuple[str, ...]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Question:
    """A question about a picture, and what is right.

    Attributes:
        id: joins it to its answer.
        answers: the right answer; where several people answered, theirs, one each.
        text: the question.
        image: the picture's name, where there is one.
        choices: what there is to choose from, where there is a choice.
        groups: what kind of question it is, by name of the division: ``{"answer type": ("yes/no",)}``. It may be of
            several kinds of one division, or of none.
    """

    id: str
    answers: tuple[str, ...]
    text: str = ""
    image: str | None = None
    choices: tuple[str, ...] = ()
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _NOTHING)

    @property
    def truth(self) -> str:
        """The right answer; of several, the commonest, the first of equals."""
        return max(self.answers, key=self.answers.count)


@dataclass(frozen=True, slots=True)
class Grade:
    """What an answer is worth.

    Attributes:
        score: from 0, wrong, to 1, right.
        reading: what was read in it (a letter, yes or no, the normalised words); None where nothing could be.
    """

    score: float
    reading: str | None


UNANSWERED = Grade(0.0, None)


@dataclass(frozen=True, slots=True)
class GroupScore:
    """Accuracy of one kind of question.

    Attributes:
        accuracy: mean score in [0, 1].
        total: number of questions.
    """

    accuracy: float
    total: int


@dataclass(frozen=True)
class BenchmarkResult:
    """The score of a file of answers on a benchmark.

    Attributes:
        benchmark: its name as people write it.
        protocol: name and version of how it was scored.
        questions: by id, in the order of the truth.
        answers: what was answered, by id; without the missing ones.
        grades: by id, of every question.
        unknown: answers to questions that the benchmark does not have; they were left out.
        numbers: what else the benchmark reports, by the field's name.
        details: its own tables.
        headline: name of the number that stands for the benchmark: ``accuracy``, or one of ``numbers``.
        remark: what a reader must know about the number.
    """

    benchmark: str
    protocol: str
    questions: Mapping[str, Question] = field(repr=False)
    answers: Mapping[str, str] = field(repr=False)
    grades: Mapping[str, Grade] = field(repr=False)
    unknown: int = 0
    numbers: Mapping[str, float] = field(default_factory=dict)
    details: Sequence[ResultTable] = field(default=(), repr=False)
    headline: str = "accuracy"
    remark: str = ""

    @property
    def total(self) -> int:
        """Number of questions."""
        return len(self.questions)

    @property
    def missing(self) -> int:
        """Questions without an answer; they count as wrong."""
        return len(self.questions) - len(self.answers)

    @cached_property
    def unread(self) -> int:
        """Answers in which nothing could be read."""
        return sum(self.grades[id].reading is None for id in self.answers)

    @cached_property
    def accuracy(self) -> float:
        """Mean score over all questions in [0, 1]; NaN where there are none."""
        return math.fsum(grade.score for grade in self.grades.values()) / self.total if self.total else math.nan

    @cached_property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the accuracy: Wilson's where every score is 0 or 1, else by bootstrap."""
        scores = [grade.score for grade in self.grades.values()]
        if all(score in (0.0, 1.0) for score in scores):
            return wilson(int(sum(scores)), len(scores))
        return bootstrap_interval(scores)

    @cached_property
    def groups(self) -> Mapping[str, Mapping[str, GroupScore]]:
        """Accuracy by division and kind of question, kinds in alphabetic order."""
        found: dict[str, dict[str, list[float]]] = {}
        for id, question in self.questions.items():
            for division, kinds in question.groups.items():
                for kind in kinds:
                    found.setdefault(division, {}).setdefault(kind, []).append(self.grades[id].score)
        return {
            division: {kind: GroupScore(math.fsum(s) / len(s), len(s)) for kind, s in sorted(kinds.items())}
            for division, kinds in found.items()
        }

    def scores(self) -> Mapping[str, float]:
        """Score of each question."""
        return {id: grade.score for id, grade in self.grades.items()}

    def __str__(self) -> str:
        value = self.accuracy if self.headline == "accuracy" else self.numbers[self.headline]
        low, high = self.interval
        shown = (
            f"accuracy {value:.4f} [{low:.4f}, {high:.4f}]"
            if self.headline == "accuracy"
            else f"{self.headline} {value:.2f}"
        )
        parts = [f"{self.total:,} questions"]
        parts += [f"{count:,} {words}" for count, words in self._losses() if count]
        return f"{self.benchmark} {shown} ({'; '.join(parts)}; {self.protocol})"

    def _losses(self) -> list[tuple[int, str]]:
        return [
            (self.missing, "without an answer, counted as wrong"),
            (self.unread, "answers that could not be read"),
            (self.unknown, "answers to other questions, left out"),
        ]

    def to_dict(self) -> dict[str, Any]:
        """Every number, for JSON."""
        return {
            "benchmark": self.benchmark,
            "accuracy": finite(self.accuracy),
            "interval": [finite(bound) for bound in self.interval],
            "total": self.total,
            "answered": len(self.answers),
            "missing": self.missing,
            "unknown": self.unknown,
            "unread": self.unread,
            **{name: finite(value) for name, value in self.numbers.items()},
            "groups": {
                division: {kind: {"accuracy": score.accuracy, "total": score.total} for kind, score in kinds.items()}
                for division, kinds in self.groups.items()
            },
        }

    def tables(self) -> list[ResultTable]:
        """The numbers, the benchmark's own tables, and the accuracy of each kind of question."""
        numbers = [("accuracy", f"{self.accuracy:.4f}")]
        numbers += [(name, f"{value:.4f}") for name, value in self.numbers.items()]
        tables = [ResultTable(self.benchmark, ("measure", "value"), numbers, self.remark), *self.details]
        told = {table.columns[0] for table in self.details}
        for division, kinds in self.groups.items():
            if division in told:
                continue
            rows = [(kind, f"{score.accuracy:.4f}", f"{score.total:,}") for kind, score in kinds.items()]
            tables.append(ResultTable(f"by {division}", (division, "accuracy", "questions"), rows))
        return tables


def finite(value: float) -> float | None:
    """A number for JSON, which knows no NaN."""
    return value if math.isfinite(value) else None
