"""Models side by side, as a result that prints itself."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from twist_scout.errors import BadInput
from twist_scout.evaluation.result import EvaluationResult, ResultTable
from twist_scout.evaluation.significance import McNemar, PairedDifference


@dataclass(frozen=True, slots=True)
class Difference:
    """What one model scores more than the first.

    Attributes:
        name: of the model or file.
        paired: the difference of the headline numbers with its 95 % interval and p.
        better: samples on which it scores more than the first; ``worse``, less; ``same``, equally much.
        mcnemar: the exact test of right and wrong, where every score is 0 or 1.
        corrected: p by Holm's method, for the number of models compared with the first.
    """

    name: str
    paired: PairedDifference
    better: int
    worse: int
    same: int
    mcnemar: McNemar | None
    corrected: float

    @property
    def differ(self) -> int:
        """Samples on which the two score differently."""
        return self.better + self.worse

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "name": self.name,
            **self.paired.to_dict(),
            "p_holm": self.corrected,
            "better": self.better,
            "worse": self.worse,
            "same": self.same,
            "mcnemar": None if self.mcnemar is None else asdict(self.mcnemar),
        }

    def __str__(self) -> str:
        return (
            f"{self.name} {_signed(self.paired.difference)} [{_signed(self.paired.low)}, {_signed(self.paired.high)}], "
            f"p {_p(self.paired.p)}, {self.differ:,} samples differ ({self.better:,} better, {self.worse:,} worse)"
        )


@dataclass(frozen=True, slots=True)
class ComparisonResult:
    """Models side by side; itself a result, which prints itself.

    Attributes:
        names: of the models or files, the one that the others are compared with first.
        results: of each.
        values: the headline number of each on the samples compared.
        intervals: its 95 % interval.
        differences: of all but the first to the first.
        ids: samples compared, in the order of the first result.
        left_out: samples that not every result has a number for.
    """

    names: tuple[str, ...]
    results: tuple[EvaluationResult, ...] = field(repr=False)
    values: tuple[float, ...]
    intervals: tuple[tuple[float, float], ...]
    differences: tuple[Difference, ...]
    ids: tuple[str, ...] = field(repr=False)
    left_out: int = 0

    @property
    def protocol(self) -> str:
        """Name and version."""
        return "comparison/1"

    def __str__(self) -> str:
        left = f"; {self.left_out:,} more samples without a number in each were left out" if self.left_out else ""
        against = "; ".join(str(difference) for difference in self.differences)
        return (
            f"against {self.names[0]} ({self.results[0].protocol}, {len(self.ids):,} samples{left}): {against} "
            f"(paired bootstrap, 95 %; {self.protocol})"
        )

    def to_dict(self) -> dict[str, Any]:
        """Every number, with each result in full."""
        return {
            "of": self.results[0].protocol,
            "samples": len(self.ids),
            "left_out": self.left_out,
            "files": [
                {
                    "name": name,
                    "score": _number(value),
                    "score_interval": [_number(b) for b in bounds],
                    **result.to_dict(),
                }
                for name, value, bounds, result in zip(
                    self.names, self.values, self.intervals, self.results, strict=True
                )
            ],
            "differences": [difference.to_dict() for difference in self.differences],
        }

    def tables(self) -> list[ResultTable]:
        """The models, their differences to the first, and what each result says of itself."""
        rows = [
            (name, _shown(value), f"[{_shown(low)}, {_shown(high)}]")
            for name, value, (low, high) in zip(self.names, self.values, self.intervals, strict=True)
        ]
        models = ResultTable("Models", ("model", "score", "95 % interval"), rows)
        full = [(name, str(result)) for name, result in zip(self.names, self.results, strict=True)]
        exact = any(difference.mcnemar for difference in self.differences)
        several = len(self.differences) > 1
        columns = ["model", "difference", "95 % interval", "p", *(["p (Holm)"] if several else [])]
        columns += ["better", "worse", *(["p (McNemar)"] if exact else [])]
        differences = [self._row(difference, several, exact) for difference in self.differences]
        note = "The samples of both are resampled together." + (
            " McNemar's test is exact; it looks only at samples that one of the two alone got right." if exact else ""
        )
        return [
            models,
            ResultTable(f"Difference to {self.names[0]}", columns, differences, note),
            ResultTable("In full", ("model", "result"), full),
        ]

    def scores(self) -> Mapping[str, float]:
        """What the second model scores more than the first on each sample."""
        return self.gains(self.names[1])

    def gains(self, name: str) -> dict[str, float]:
        """What a model scores more than the first on each sample.

        Raises:
            BadInput: there is no such model.
        """
        if name not in self.names:
            raise BadInput(f"{name} is not among the models compared: {', '.join(self.names)}.")
        first, other = self.results[0].scores(), self.results[self.names.index(name)].scores()
        return {id: other[id] - first[id] for id in self.ids}

    def flipped(self, most: int | None = None) -> list[str]:
        """Samples on which the models differ, those on which they differ most first.

        Args:
            most: how many of them.
        """
        scored = [result.scores() for result in self.results]
        spread = {id: max(s[id] for s in scored) - min(s[id] for s in scored) for id in self.ids}
        return sorted((id for id in self.ids if spread[id]), key=lambda id: -spread[id])[:most]

    @staticmethod
    def _row(difference: Difference, several: bool, exact: bool) -> list[str]:
        paired = difference.paired
        row = [difference.name, _signed(paired.difference), f"[{_signed(paired.low)}, {_signed(paired.high)}]"]
        row += [_p(paired.p), *([_p(difference.corrected)] if several else [])]
        row += [f"{count:,}" for count in (difference.better, difference.worse)]
        test = difference.mcnemar
        return row + ([_p(test.p) if test else "–"] if exact else [])


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _shown(value: float) -> str:
    return f"{value:.4f}" if math.isfinite(value) else "–"


def _signed(value: float) -> str:
    return f"{value:+.4f}" if math.isfinite(value) else "–"


def _p(value: float) -> str:
    return f"{value:.4f}" if value >= 0.0001 else "< 0.0001"
