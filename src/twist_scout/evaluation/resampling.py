"""The arithmetic of resampling: means of samples drawn with replacement, and of exchanged pairs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from twist_scout.proportions import normal_quantile

Floats = npt.NDArray[np.float64]
#: Different values, in order, and how often each occurs.
Weighted = tuple[Floats, npt.NDArray[np.int64]]

MANY = 20_000  # of so many different values the resampling distribution of the mean is taken from its cumulants
_EDGE = 1e-12  # an accident of rounding must not decide on which side of zero a balanced resample lies
_CHUNK = 4_000_000  # numbers drawn at a time


def checked(values: Sequence[float] | npt.ArrayLike) -> Floats:
    """The values as an array (n,).

    Raises:
        ValueError: they are no list, or one is not finite.
    """
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1:
        raise ValueError(f"scores are a list of numbers, not of shape {sample.shape}")
    if not np.isfinite(sample).all():
        raise ValueError("a score is not a finite number")
    return sample


def weighted(sample: Floats) -> Weighted:
    """The different values and how often each occurs."""
    values, counts = np.unique(sample, return_counts=True)
    return values, counts.astype(np.int64)


def cumulants(values: Floats, counts: npt.NDArray[np.int64]) -> tuple[float, float, float]:
    """Mean, standard error and skewness of the mean of a resample."""
    total = int(counts.sum())
    mean = float(values @ counts / total)
    centred = values - mean
    variance = float(centred**2 @ counts / total)
    if variance == 0:
        return mean, 0.0, 0.0
    skewness = float(centred**3 @ counts / total) / variance**1.5
    return mean, math.sqrt(variance / total), skewness / math.sqrt(total)


def interval_of_mean(sample: Weighted, seed: int, level: float, resamples: int) -> tuple[float, float]:
    """Percentile interval of the mean over resamples."""
    if sample[0].size > MANY:
        mean, error, skew = cumulants(*sample)
        z = normal_quantile(level)
        bend = skew * (z * z - 1) / 6  # Cornish and Fisher
        return mean + error * (bend - z), mean + error * (bend + z)
    tail = (1 - level) / 2
    low, high = np.quantile(means(*sample, seed, resamples), [tail, 1 - tail])
    return float(low), float(high)


def means(values: Floats, counts: npt.NDArray[np.int64], seed: int, resamples: int) -> Floats:
    """Mean of each resample, shape (resamples,)."""
    generator = np.random.default_rng(seed)
    total = int(counts.sum())
    if values.size <= total // 4:
        share = counts / total
        drawn = [generator.multinomial(total, share, size=n) @ values / total for n in chunks(resamples, values.size)]
    else:
        sample = np.repeat(values, counts)
        drawn = [sample[generator.integers(0, total, (n, total))].mean(axis=1) for n in chunks(resamples, total)]
    return np.concatenate(drawn)


def share_below_zero(sample: Weighted, seed: int, resamples: int) -> float:
    """The share of resamples whose mean is below zero; of those at zero, half."""
    if sample[0].size > MANY:
        mean, error, skew = cumulants(*sample)
        reach = -mean / error
        return NormalDist().cdf(reach - skew * (reach * reach - 1) / 6)
    drawn = means(*sample, seed, resamples)
    edge = _EDGE * float(np.abs(sample[0]).max())
    below = np.count_nonzero(drawn < -edge) + 0.5 * np.count_nonzero(np.abs(drawn) <= edge)
    return float((below + 0.5) / (resamples + 1))


def exchanged(changed: Floats) -> float:
    """Of all ways to exchange two models on k samples that differ, the share whose total is as far from zero."""
    sums = np.zeros(1)
    for difference in changed:
        sums = np.concatenate([sums - difference, sums + difference])
    return float(np.mean(np.abs(sums) >= abs(changed.sum()) - _EDGE * np.abs(changed).max()))


def chunks(resamples: int, width: int) -> Iterator[int]:
    """How many resamples to draw at a time, so that memory does not grow with the sample."""
    step = max(1, _CHUNK // max(1, width))
    for start in range(0, resamples, step):
        yield min(step, resamples - start)
