"""How far a number, or a difference of two, could be an accident of the sample.

Intervals of single numbers: :func:`wilson` for shares, :func:`bootstrap_interval` for anything else. Differences of two
models on the same questions: :func:`mcnemar` for right and wrong, :func:`paired_bootstrap` for any score. What a sample
was too small to show: :func:`detectable_difference`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from twist_scout.evaluation.resampling import (
    Floats,
    checked,
    chunks,
    exchanged,
    interval_of_mean,
    share_below_zero,
    weighted,
)
from twist_scout.proportions import normal_quantile, wilson

__all__ = [
    "McNemar",
    "PairedDifference",
    "bootstrap_interval",
    "detectable_difference",
    "mcnemar",
    "mcnemar_counts",
    "paired_bootstrap",
    "wilson",
]

#: "mean", "median", or a function of an array (resamples, n) that gives one number per row.
Statistic = Literal["mean", "median"] | Callable[[Floats], Floats]

RESAMPLES = 10_000
_FEW = 16  # up to so many samples that differ, all ways to exchange the models on them are counted


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """What the second of two models scores more than the first, on the same samples.

    Attributes:
        difference: mean of the second minus mean of the first; NaN where there are no samples.
        low: lower bound of its 95 % interval; ``high``, upper bound.
        p: two-sided probability of a difference this far from zero if there were none; 1 where no sample differs.
        total: number of samples.
    """

    difference: float
    low: float
    high: float
    p: float
    total: int

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {name: _finite(value) for name, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class McNemar:
    """McNemar's test of two models on the same questions: only those that one alone got right tell them apart.

    Attributes:
        b_only: only the second model was right.
        a_only: only the first was.
        p: two-sided, exact (binomial) at every count.
    """

    b_only: int
    a_only: int
    p: float

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def bootstrap_interval(
    values: Sequence[float] | npt.ArrayLike,
    statistic: Statistic = "mean",
    seed: int = 0,
    *,
    level: float = 0.95,
    resamples: int = RESAMPLES,
) -> tuple[float, float]:
    """Percentile interval of a statistic over resamples of the values with replacement.

    Of means, values that are few and repeated (right or wrong, thirds) are drawn as counts, and from twenty thousand
    different values on the resampling distribution is taken from its first three cumulants: both give what drawing
    the values one by one gives, in a fraction of the time.

    Args:
        values: n numbers.
        statistic: "mean", "median", or a function from (resamples, n) to (resamples,).
        seed: of the draws; the same seed gives the same interval.
        level: confidence, in (0, 1).
        resamples: how many to draw.

    Returns:
        The bounds; NaN where there are no values.

    Raises:
        ValueError: a value is not finite, or the level lies outside (0, 1).
    """
    sample = checked(values)
    tail = (1 - level) / 2
    normal_quantile(level)  # refuses what is no level
    if not sample.size:
        return math.nan, math.nan
    if statistic == "mean":
        return interval_of_mean(weighted(sample), seed, level, resamples)
    reduce = (lambda drawn: np.median(drawn, axis=1)) if statistic == "median" else statistic
    assert callable(reduce)
    generator = np.random.default_rng(seed)
    parts = [
        reduce(sample[generator.integers(0, sample.size, (n, sample.size))]) for n in chunks(resamples, sample.size)
    ]
    low, high = np.quantile(np.concatenate(parts), [tail, 1 - tail])
    return float(low), float(high)


def paired_bootstrap(
    a: Sequence[float] | npt.ArrayLike,
    b: Sequence[float] | npt.ArrayLike,
    seed: int = 0,
    *,
    level: float = 0.95,
    resamples: int = RESAMPLES,
) -> PairedDifference:
    """Difference of two means over the same samples, resampled together.

    Where at most 16 samples differ, resamples hardly vary and would find too much. There p is exact: the share of all ways
    to exchange the two models on those samples that differ as much (for right and wrong that is McNemar's test), and the
    interval reaches to zero where this p cannot exclude it.

    Args:
        a: score of the first model on each of n samples.
        b: score of the second model on the same samples, in the same order.
        seed: of the draws.
        level: confidence of the interval, in (0, 1).
        resamples: how many to draw; where more than 16 samples differ, the smallest possible p is about 1 / resamples.

    Raises:
        ValueError: the lengths differ, a score is not finite, or the level lies outside (0, 1).
    """
    first, second = checked(a), checked(b)
    if first.size != second.size:
        raise ValueError(f"{first.size} and {second.size} scores are not of the same samples")
    differences = second - first
    if not differences.size:
        return PairedDifference(math.nan, math.nan, math.nan, 1.0, 0)
    if not differences.any():
        return PairedDifference(0.0, 0.0, 0.0, 1.0, differences.size)
    sample = weighted(differences)
    low, high = interval_of_mean(sample, seed, level, resamples)
    changed = differences[differences != 0]
    if changed.size <= _FEW:
        p = exchanged(changed)
        if p >= 1 - level:
            low, high = min(low, 0.0), max(high, 0.0)
    else:
        below = share_below_zero(sample, seed, resamples)
        p = min(1.0, 2 * min(below, 1 - below))
    return PairedDifference(float(differences.mean()), low, high, p, differences.size)


def mcnemar(a_right: Sequence[bool] | npt.ArrayLike, b_right: Sequence[bool] | npt.ArrayLike) -> McNemar:
    """McNemar's test on n questions that two models answered.

    Args:
        a_right: whether the first model was right, for each question.
        b_right: the same for the second.

    Raises:
        ValueError: the lengths differ.
    """
    first, second = np.asarray(a_right, dtype=bool), np.asarray(b_right, dtype=bool)
    if first.shape != second.shape or first.ndim != 1:
        raise ValueError(f"{first.shape} and {second.shape} answers are not to the same questions")
    return mcnemar_counts(int(np.count_nonzero(~first & second)), int(np.count_nonzero(first & ~second)))


def mcnemar_counts(b_only: int, a_only: int) -> McNemar:
    """McNemar's test from its two counts: how probable a split at least this uneven is among equals.

    Exact at any count: the binomial tail is summed from its logarithms.

    Raises:
        ValueError: a negative count.
    """
    if min(b_only, a_only) < 0:
        raise ValueError("counts of questions cannot be negative")
    total, fewer = b_only + a_only, min(b_only, a_only)
    if not total:
        return McNemar(0, 0, 1.0)
    steps = np.arange(1, fewer + 1, dtype=np.float64)
    logs = np.concatenate([[0.0], np.cumsum(np.log((total - steps + 1) / steps))]) - total * math.log(2)
    return McNemar(b_only, a_only, min(1.0, 2 * float(np.exp(logs).sum())))


def detectable_difference(
    a: Sequence[float] | npt.ArrayLike,
    b: Sequence[float] | npt.ArrayLike,
    *,
    level: float = 0.95,
    power: float = 0.8,
) -> float:
    """The smallest true difference of means that samples like these would have shown, at least four times out of five.

    It follows from the spread of the paired differences, by the normal approximation. The share of samples that differ is
    itself uncertain, so the upper end of its Wilson interval counts; and the answer is never less than the
    fewest one-sided changes that McNemar's test calls significant.

    Args:
        a: score of the first model on each of n samples, in [0, 1].
        b: score of the second.
        level: confidence of the test, in (0, 1).
        power: how probable it should be to see the difference.

    Returns:
        A difference in [0, 1]; NaN where there are no samples.

    Raises:
        ValueError: the lengths differ, or a score is not finite.
    """
    first, second = checked(a), checked(b)
    if first.size != second.size:
        raise ValueError(f"{first.size} and {second.size} scores are not of the same samples")
    total = first.size
    if not total:
        return math.nan
    differences = second - first
    changed = differences[differences != 0]
    size = float(np.sqrt(np.mean(changed**2))) if changed.size else 1.0
    share = wilson(changed.size, total, level)[1]
    spread = max(float(differences.std()), size * math.sqrt(share))
    fewest = 1 + math.ceil(math.log2(1 / (1 - level)))  # 2 / 2^k must fall below 1 - level
    wanted = (normal_quantile(level) + NormalDist().inv_cdf(power)) * spread / math.sqrt(total)
    return min(1.0, max(wanted, size * fewest / total))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
