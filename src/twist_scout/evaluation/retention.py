"""What was kept: the answers of a model before and after, to the same questions. §5.3 and Table 3 of the paper.

Three verdicts, from the strongest down:

* *bit-identical*: every output is the same text. Files of answers can show no more than that; that every logit and every
  weight is the same is stated by the certificate (``twist-scout certify``).
* *statistically indistinguishable*: texts differ, and neither McNemar's test nor the paired bootstrap finds a difference
  of scores at the 5 % level. The smallest difference that the sample could have shown is said beside it: a small sample
  finds nothing, and that is no proof.
* *different*: one of them does; or texts differ and there is no truth to score them by.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from twist_scout.errors import BadInput
from twist_scout.evaluation.predictions import Prediction
from twist_scout.evaluation.result import ResultTable
from twist_scout.evaluation.significance import (
    McNemar,
    PairedDifference,
    detectable_difference,
    mcnemar,
    paired_bootstrap,
)
from twist_scout.evaluation.understanding.benchmarks import evaluate_benchmark
from twist_scout.evaluation.understanding.question import BenchmarkResult, Question, finite

Verdict = Literal["bit-identical", "statistically indistinguishable", "different"]
PROTOCOL = "retention/1"
LEVEL = 0.05
#: From this score on an answer counts as right, where McNemar's test needs a yes or a no.
RIGHT = 0.5

_CERTIFY = "Files show texts; that logits and weights are the same is what twist-scout certify states."


@dataclass(frozen=True)
class RetentionScores:
    """What the answers before and after are worth.

    Attributes:
        before: score of the base; ``after``, of the adapted model.
        difference: after minus before, of the mean score, by paired bootstrap.
        test: McNemar's test; ``a_only`` is what only the base got right.
        detectable: the smallest difference that this sample could have shown.
    """

    before: BenchmarkResult
    after: BenchmarkResult
    difference: PairedDifference
    test: McNemar
    detectable: float

    @property
    def differ(self) -> bool:
        """Whether one of the tests finds a difference."""
        return min(self.difference.p, self.test.p) < LEVEL


@dataclass(frozen=True)
class RetentionResult:
    """How much of what a model answered is answered still.

    Attributes:
        total: questions that both answered.
        changed: ids of those that were answered otherwise.
        only_base: questions that only the base answered; ``only_adapted``, only the adapted model.
        scored: the scores, where there was a truth.
        base: answers of the base by id; ``adapted``, of the adapted model.
    """

    total: int
    changed: tuple[str, ...]
    only_base: int
    only_adapted: int
    scored: RetentionScores | None = None
    base: Mapping[str, str] = field(default_factory=dict, repr=False)
    adapted: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def protocol(self) -> str:
        """Name and version."""
        return PROTOCOL if self.scored is None else f"{PROTOCOL} of {self.scored.before.protocol}"

    @property
    def identical(self) -> int:
        """Questions with the same answer, character by character."""
        return self.total - len(self.changed)

    @property
    def verdict(self) -> Verdict:
        """The strongest of the three that holds."""
        if not self.changed and not self.only_base and not self.only_adapted:
            return "bit-identical"
        if self.scored is not None and not self.scored.differ:
            return "statistically indistinguishable"
        return "different"

    @property
    def explanation(self) -> str:
        """What the verdict rests on, in a sentence or two."""
        if self.verdict == "bit-identical":
            return f"All {self.total:,} outputs are the same text. {_CERTIFY}"
        share = f"{self.identical:,} of {self.total:,} outputs are the same text"
        if self.only_base or self.only_adapted:
            share += (
                f"; {self.only_base:,} questions were answered by the base alone, {self.only_adapted:,} by the other"
            )
        if self.scored is None:
            return f"{share}. Whether the score differs takes a truth."
        difference, test = self.scored.difference, self.scored.test
        found = (
            f"{share}. Accuracy changed by {difference.difference:+.4f} [{difference.low:+.4f}, {difference.high:+.4f}] "
            f"(bootstrap p {difference.p:.2g}); the base alone was right {test.a_only:,} times, the other alone "
            f"{test.b_only:,} times (McNemar p {test.p:.2g})."
        )
        if self.verdict == "different":
            return found
        return (
            f"{found} The smallest difference that this sample could have shown is about {self.scored.detectable:.4f}."
        )

    def scores(self) -> Mapping[str, float]:
        """Score after minus score before by question; without a truth, 0 where the texts are the same, else 1."""
        if self.scored is not None:
            before, after = self.scored.before.scores(), self.scored.after.scores()
            return {id: after[id] - score for id, score in before.items()}
        changed = set(self.changed)
        return {id: float(id in changed) for id in self.base if id in self.adapted}

    def __str__(self) -> str:
        return f"{self.verdict.capitalize()}: {self.explanation} ({self.protocol})"

    def to_dict(self) -> dict[str, Any]:
        """Every number, for JSON."""
        found: dict[str, Any] = {
            "verdict": self.verdict,
            "explanation": self.explanation,
            "total": self.total,
            "identical": self.identical,
            "identical_share": self.identical / self.total,
            "changed": list(self.changed),
            "only_base": self.only_base,
            "only_adapted": self.only_adapted,
        }
        if self.scored is not None:
            found |= {
                "benchmark": self.scored.before.benchmark,
                "before": self.scored.before.to_dict(),
                "after": self.scored.after.to_dict(),
                "difference": self.scored.difference.to_dict(),
                "mcnemar": {
                    "only_base_right": self.scored.test.a_only,
                    "only_adapted_right": self.scored.test.b_only,
                    "p": self.scored.test.p,
                },
                "detectable_difference": finite(self.scored.detectable),
            }
        return found

    def tables(self) -> list[ResultTable]:
        """Outputs, then scores before and after, in all and by kind of question."""
        rows = [
            ("answered by both", f"{self.total:,}"),
            ("same text", f"{self.identical:,}"),
            ("other text", f"{len(self.changed):,}"),
            ("answered by the base alone", f"{self.only_base:,}"),
            ("answered by the other alone", f"{self.only_adapted:,}"),
        ]
        tables = [ResultTable("outputs", ("questions", "count"), rows)]
        return tables if self.scored is None else [*tables, *_score_tables(self.scored)]


def evaluate_retention(
    base: Mapping[str, str | Prediction],
    adapted: Mapping[str, str | Prediction],
    *,
    benchmark: str | None = None,
    questions: Iterable[Question] = (),
    seed: int = 0,
) -> RetentionResult:
    """Compare the answers of a model before and after.

    Args:
        base: answers before, by id of the question.
        adapted: answers after.
        benchmark: how to score them; None compares texts alone.
        questions: of the benchmark, with their right answers.
        seed: of the bootstrap.

    Raises:
        BadConfig: there is no such benchmark.
        BadInput: they have not one question in common, or none of the benchmark.
    """
    before, after = _texts(base), _texts(adapted)
    both = [id for id in before if id in after]
    if not both:
        raise BadInput(
            "The two files answer not one question in common: their ids should be those of the same questions."
        )
    scored = None
    if benchmark is not None:
        asked = list(questions)
        scored = _scored(
            evaluate_benchmark(benchmark, before, asked), evaluate_benchmark(benchmark, after, asked), seed
        )
    changed = tuple(id for id in both if before[id] != after[id])
    return RetentionResult(len(both), changed, len(before) - len(both), len(after) - len(both), scored, before, after)


def _scored(before: BenchmarkResult, after: BenchmarkResult, seed: int) -> RetentionScores:
    a, b = list(before.scores().values()), list(after.scores().values())
    return RetentionScores(
        before,
        after,
        paired_bootstrap(a, b, seed),
        mcnemar([score >= RIGHT for score in a], [score >= RIGHT for score in b]),
        detectable_difference(a, b),
    )


def _texts(answers: Mapping[str, str | Prediction]) -> dict[str, str]:
    return {id: one.text if isinstance(one, Prediction) else one for id, one in answers.items()}


def _score_tables(scored: RetentionScores) -> list[ResultTable]:
    before, after = scored.before, scored.after
    numbers = [("accuracy", before.accuracy, after.accuracy)]
    numbers += [(name, before.numbers[name], after.numbers.get(name, math.nan)) for name in before.numbers]
    columns = ("measure", "before", "after", "difference")
    rows = [(name, f"{a:.4f}", f"{b:.4f}", f"{b - a:+.4f}") for name, a, b in numbers]
    tables = [ResultTable(before.benchmark, columns, rows)]
    for division, kinds in before.groups.items():
        pairs = ((kind, score.accuracy, after.groups[division][kind].accuracy) for kind, score in kinds.items())
        rows = [(kind, f"{a:.4f}", f"{b:.4f}", f"{b - a:+.4f}") for kind, a, b in pairs]
        tables.append(ResultTable(f"accuracy by {division}", (division, *columns[1:]), rows))
    return tables
