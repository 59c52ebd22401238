"""Differences to the first of several results, with the samples of all resampled together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from twist_scout.errors import BadInput
from twist_scout.evaluation.comparison.result import ComparisonResult, Difference
from twist_scout.evaluation.result import EvaluationResult
from twist_scout.evaluation.significance import PairedDifference, bootstrap_interval, mcnemar, paired_bootstrap

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Resamples of numbers that have to be computed anew on each.
RESAMPLES = 1_000
_LEVEL = 0.95


@runtime_checkable
class Resampled(Protocol):
    """A result whose headline is no mean of its samples' scores."""

    def resampled(self, counts: Ints) -> Floats:
        """The headline number on resamples of the samples.

        Args:
            counts: (resamples, samples) how often each sample was drawn, in the order of ``scores()``.

        Returns:
            (resamples,) numbers; NaN where a resample holds nothing to score.
        """
        ...


def compare(results: Mapping[str, EvaluationResult], *, seed: int = 0) -> ComparisonResult:
    """Compare results of one evaluator on the same samples with the first of them.

    Args:
        results: by the name of the model or file.
        seed: of the resampling.

    Raises:
        BadInput: there are fewer than two, they are of different protocols, or they share no sample.
    """
    names, scored = tuple(results), [result.scores() for result in results.values()]
    made = tuple(results.values())
    if len(made) < 2:
        raise BadInput("A comparison needs two results or more.")
    for name, result in results.items():
        if result.protocol != made[0].protocol:
            raise BadInput(
                f"{names[0]} is scored by {made[0].protocol} and {name} by {result.protocol}: "
                "numbers of different protocols cannot be compared."
            )
    ids = tuple(id for id in scored[0] if all(math.isfinite(scores.get(id, math.nan)) for scores in scored))
    if not ids:
        raise BadInput("No sample has a number in every result: were they scored against the same truth?")
    table = np.array([[scores[id] for id in ids] for scores in scored], dtype=np.float64)  # (models, samples)
    if all(isinstance(result, Resampled) for result in made):
        values, intervals, paired = _resampled(made, ids, seed)
    else:
        values = [float(row.mean()) for row in table]
        intervals = [bootstrap_interval(row, seed=seed) for row in table]
        paired = [paired_bootstrap(table[0], row, seed) for row in table[1:]]
    binary = bool(np.isin(table, (0.0, 1.0)).all())
    corrected = _holm([one.p for one in paired])
    differences = tuple(
        Difference(
            name,
            one,
            better=int((row > table[0]).sum()),
            worse=int((row < table[0]).sum()),
            same=int((row == table[0]).sum()),
            mcnemar=mcnemar(table[0] == 1, row == 1) if binary else None,
            corrected=p,
        )
        for name, row, one, p in zip(names[1:], table[1:], paired, corrected, strict=True)
    )
    everything = set().union(*scored)
    return ComparisonResult(
        names, made, tuple(values), tuple(intervals), differences, ids, left_out=len(everything) - len(ids)
    )


def _resampled(
    results: Sequence[EvaluationResult], ids: Sequence[str], seed: int
) -> tuple[list[float], list[tuple[float, float]], list[PairedDifference]]:
    """Numbers, intervals and differences of results that are computed anew on each resample of the samples."""
    generator = np.random.default_rng(seed)
    total = len(ids)
    counts = generator.multinomial(total, np.full(total, 1 / total), size=RESAMPLES)
    counts = np.concatenate([np.ones((1, total), dtype=np.int64), counts])
    found = []
    for result in results:
        assert isinstance(result, Resampled)
        place = {id: number for number, id in enumerate(result.scores())}
        columns = np.zeros((len(counts), len(place)), dtype=np.int64)
        columns[:, [place[id] for id in ids]] = counts
        found.append(result.resampled(columns))
    values = [float(numbers[0]) for numbers in found]
    drawn = [numbers[1:] for numbers in found]
    intervals = [_interval(value, numbers) for value, numbers in zip(values, drawn, strict=True)]
    paired = []
    for value, numbers in zip(values[1:], drawn[1:], strict=True):
        gap, gaps = value - values[0], numbers - drawn[0]
        paired.append(PairedDifference(gap, *_interval(gap, gaps), _p_of_zero(gap, gaps), total))
    return values, intervals, paired


def _centred(value: float, drawn: Floats) -> Floats:
    """Resamples with a number, shifted so that their median is the number of the sample itself.

    Average precision on resamples is not centred on that of the sample: rare classes drop out of some resamples, and
    copies of an image agree with each other in all.
    """
    known = drawn[np.isfinite(drawn)]
    return known - (np.median(known) - value) if known.size else known


def _interval(value: float, drawn: Floats) -> tuple[float, float]:
    centred = _centred(value, drawn)
    if not centred.size:
        return math.nan, math.nan
    low, high = np.quantile(centred, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return float(low), float(high)


def _p_of_zero(value: float, drawn: Floats) -> float:
    """Two-sided p of a difference."""
    centred = _centred(value, drawn)
    if not centred.any():
        return 1.0
    edge = 1e-12 * float(np.abs(centred).max())
    below = np.count_nonzero(centred < -edge) + 0.5 * np.count_nonzero(np.abs(centred) <= edge)
    share = float((below + 0.5) / (centred.size + 1))
    return min(1.0, 2 * min(share, 1 - share))


def _holm(ps: Sequence[float]) -> list[float]:
    """Holm's correction: the smallest p counts as often as there are tests, the next once less, and none below it."""
    corrected = [0.0] * len(ps)
    least = 0.0
    for rank, place in enumerate(sorted(range(len(ps)), key=lambda n: ps[n])):
        least = max(least, min(1.0, ps[place] * (len(ps) - rank)))
        corrected[place] = least
    return corrected
