"""The score that a judge gave, and how sure one can be of it."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

from twist_scout.evaluation.judging.judge import Judgement
from twist_scout.evaluation.result import ResultTable
from twist_scout.evaluation.understanding.question import finite


@dataclass(frozen=True)
class JudgedResult:
    """The score of a file of answers, as a judge sees them.

    A number of one judge says nothing beside that of another; so the judge is part of the protocol.

    Attributes:
        benchmark: its name as people write it.
        protocol: name and version, of the prompt too, and the judge.
        total: number of questions.
        missing: questions without an answer.
        unknown: answers to other questions; they were left out.
        judgements: by id and run.
        largest: the best grade there is; grades divided by it are the scores of samples.
        score: the benchmark's number, of what was judged.
        interval: 95 % interval of the score, by bootstrap over the questions; how judges waver is not in it.
        numbers: what else the benchmark reports.
        groups: score and number of questions by division and kind.
        details: the benchmark's own tables.
    """

    benchmark: str
    protocol: str
    total: int
    missing: int
    unknown: int
    judgements: Mapping[tuple[str, int], Judgement] = field(repr=False)
    largest: float = 1.0
    score: float = float("nan")
    interval: tuple[float, float] = (float("nan"), float("nan"))
    numbers: Mapping[str, float] = field(default_factory=dict)
    groups: Mapping[str, Mapping[str, Mapping[str, float]]] = field(default_factory=dict, repr=False)
    details: Sequence[ResultTable] = field(default=(), repr=False)
    own_grades: Mapping[str, float] = field(default_factory=dict, repr=False)

    @cached_property
    def mean_grades(self) -> Mapping[str, tuple[float, ...]]:
        """Grades by question, the mean over its runs; of questions with a readable judgement."""
        runs: dict[str, list[tuple[float, ...]]] = {}
        for (id, _), judgement in self.judgements.items():
            if judgement.grades is not None:
                runs.setdefault(id, []).append(judgement.grades)
        return {id: tuple(map(statistics.fmean, zip(*found, strict=True))) for id, found in runs.items()}

    @property
    def unjudged(self) -> int:
        """Judgements that could not be had or read; they are left out of the score."""
        return sum(judgement.grades is None for judgement in self.judgements.values())

    @property
    def runs(self) -> int:
        """Independent judgements of each answer."""
        return 1 + max((run for _, run in self.judgements), default=0)

    @property
    def spread(self) -> float | None:
        """Mean over the questions of the standard deviation of the model's grade between runs; None of a single run."""
        if self.runs < 2:
            return None
        grades: dict[str, list[float]] = {}
        for (id, _), judgement in self.judgements.items():
            if judgement.grades is not None:
                grades.setdefault(id, []).append(judgement.grades[-1])
        several = [statistics.stdev(found) for found in grades.values() if len(found) > 1]
        return statistics.fmean(several) if several else None

    def with_score(
        self,
        score: float,
        interval: tuple[float, float],
        details: Sequence[ResultTable],
        numbers: Mapping[str, float] | None = None,
        groups: Mapping[str, Mapping[str, Mapping[str, float]]] | None = None,
        own_grades: Mapping[str, float] | None = None,
    ) -> Self:
        """The same with its numbers filled in."""
        grades = own_grades or {id: grades[-1] for id, grades in self.mean_grades.items()}
        return replace(
            self,
            score=score,
            interval=interval,
            details=details,
            numbers=numbers or {},
            groups=groups or {},
            own_grades=grades,
        )

    def scores(self) -> Mapping[str, float]:
        """The model's grade of each judged question, as a share of the best."""
        return {id: grade / self.largest for id, grade in self.own_grades.items()}

    def __str__(self) -> str:
        low, high = self.interval
        parts = [f"{self.total:,} questions"]
        parts += [f"{self.runs} runs"] if self.runs > 1 else []
        parts += [f"{self.missing:,} without an answer"] if self.missing else []
        parts += [f"{self.unjudged:,} judgements could not be had, left out"] if self.unjudged else []
        parts += [f"{self.unknown:,} answers to other questions, left out"] if self.unknown else []
        return f"{self.benchmark} score {self.score:.2f} [{low:.2f}, {high:.2f}] ({'; '.join(parts)}; {self.protocol})"

    def to_dict(self) -> dict[str, Any]:
        """Every number, for JSON."""
        return {
            "benchmark": self.benchmark,
            "score": finite(self.score),
            "interval": [finite(bound) for bound in self.interval],
            "total": self.total,
            "missing": self.missing,
            "unknown": self.unknown,
            "runs": self.runs,
            "unjudged": self.unjudged,
            "spread_between_runs": self.spread,
            **{name: finite(value) for name, value in self.numbers.items()},
            "groups": {name: dict(kinds) for name, kinds in self.groups.items()},
        }

    def tables(self) -> list[ResultTable]:
        """The benchmark's tables, and what went wrong."""
        problems: dict[str, int] = {}
        for judgement in self.judgements.values():
            if judgement.problem is not None:
                problems[judgement.problem] = problems.get(judgement.problem, 0) + 1
        tables = list(self.details)
        if problems:
            rows = [(text, f"{count:,}") for text, count in sorted(problems.items(), key=lambda one: -one[1])[:8]]
            tables.append(ResultTable("judgements that could not be had", ("why", "count"), rows))
        return tables
