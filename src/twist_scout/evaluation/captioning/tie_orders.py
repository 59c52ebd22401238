"""How much of an average precision is the order of equal scores.

Average precision is defined on a ranking, and a caption gives none: with constant scores any order of the boxes is as
good as another. So the same boxes are ranked again, at random within their ties, and at the two ends by what only the
truth knows: the best-fitting boxes first, and the worst-fitting first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from twist_scout.evaluation.captioning.arrays import Floats, Ints, Pairs, pair_up
from twist_scout.evaluation.captioning.average_precision import AveragePrecision, PrecisionEvaluator
from twist_scout.evaluation.captioning.matching import greedy_matching

ORDERS = 20
"""Random orders unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Spread:
    """One number over the orders, in [0, 1].

    Attributes:
        low: the lowest of the random orders.
        high: the highest of them.
        mean: their mean.
        worst: with the worst-fitting box first among equals.
        best: with the best-fitting box first among equals.
    """

    low: float
    high: float
    mean: float
    worst: float
    best: float


@dataclass(frozen=True, slots=True)
class TieOrders:
    """Average precision over orders of equal scores.

    Attributes:
        orders: how many random ones.
        seed: of the draws.
        tied: boxes that share their score with another of their class.
        boxes: all that are ranked.
        ap: over the orders.
        ap50: over the orders.
    """

    orders: int
    seed: int
    tied: int
    boxes: int
    ap: Spread
    ap50: Spread


def tie_orders(
    evaluator: PrecisionEvaluator,
    *,
    orders: int = ORDERS,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> TieOrders:
    """Rank the boxes of an evaluator again and again.

    Args:
        evaluator: of the boxes.
        orders: how many random orders.
        seed: of the draws: the same seed, the same orders.
        progress: told how many of all orders are done.
    """
    scores = evaluator.detections.score
    dice = np.random.default_rng(seed)
    worst, best = _by_fit(evaluator)
    keys = [worst, best, *(dice.permutation(len(scores)) for _ in range(orders))]
    found: list[AveragePrecision] = []
    for number, key in enumerate(keys, start=1):
        found.append(evaluator.evaluate(_ranked(scores, key), areas=()))
        if progress is not None:
            progress(number, len(keys))
    return TieOrders(
        orders=orders,
        seed=seed,
        tied=_tied(evaluator),
        boxes=int((evaluator.detections.category >= 0).sum()),
        ap=_spread([precision.ap for precision in found]),
        ap50=_spread([precision.ap50 for precision in found]),
    )


def _ranked(scores: Floats, key: Ints) -> Floats:
    """Distinct scores: by score, then by key, the smallest first."""
    ranks: Floats = np.empty(len(scores), dtype=np.float64)
    ranks[np.lexsort((key, -scores))] = np.arange(len(scores), 0, -1)
    return ranks


def _by_fit(evaluator: PrecisionEvaluator) -> tuple[Ints, Ints]:
    """Two keys: worst fit first, best fit first.

    Last among the best-fitting are boxes whose object has a better one: they can only be wrong.
    """
    pairs = pair_up(evaluator.detections, evaluator.objects)
    single = pairs.take(~evaluator.objects.crowd[pairs.thing])
    fit = np.zeros(len(evaluator.detections))
    np.maximum.at(fit, single.detection, single.iou)
    kept: Pairs = greedy_matching(single)
    wins = np.zeros(len(fit), dtype=bool)
    wins[kept.detection] = True
    return _places(np.lexsort((~wins, fit))), _places(np.lexsort((-fit, ~wins)))


def _places(order: Ints) -> Ints:
    places = np.empty(len(order), dtype=np.int64)
    places[order] = np.arange(len(order))
    return places


def _tied(evaluator: PrecisionEvaluator) -> int:
    boxes = evaluator.detections.take(evaluator.detections.category >= 0)
    rows = np.stack((boxes.category.astype(np.float64), boxes.score), axis=1)
    if not len(rows):
        return 0
    _, counts = np.unique(rows, axis=0, return_counts=True)
    return int(counts[counts > 1].sum())


def _spread(values: list[float]) -> Spread:
    worst, best, *drawn = values
    drawn = drawn or [float("nan")]
    return Spread(min(drawn), max(drawn), float(np.mean(drawn)), worst, best)
