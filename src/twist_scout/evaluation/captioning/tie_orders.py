"""How much of an average precision is the order of equal scores.

Average precision is defined on a ranking, and a caption gives none: with constant scores any order of the boxes is as
good as another. So the same boxes are ranked again at random within their ties; and towards the two ends, by what only
the truth knows: right boxes first, and wrong boxes first. The ends are the best and the worst order that was found; no
order is proven to be the very last.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from twist_scout.evaluation.captioning.arrays import Floats, Ints, pair_up
from twist_scout.evaluation.captioning.average_precision import PrecisionEvaluator
from twist_scout.evaluation.captioning.matching import greedy_matching
from twist_scout.evaluation.captioning.reranking import Reranker

ORDERS = 20
"""Random orders unless told otherwise."""
_HALF = 0.5


@dataclass(frozen=True, slots=True)
class Spread:
    """One number over the orders, in [0, 1].

    Attributes:
        low: the lowest of the random orders.
        high: the highest of them.
        mean: their mean.
        worst: the lowest of all orders that were tried, those with wrong boxes first among them.
        best: the highest of all, those with right boxes first among them.
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
    ends = _towards_the_ends(evaluator)
    keys = [*ends, *(dice.permutation(len(scores)) for _ in range(orders))]
    evaluate = _quickly(evaluator)
    found: list[tuple[float, float]] = []
    for number, key in enumerate(keys, start=1):
        found.append(evaluate(_ranked(scores, key)))
        if progress is not None:
            progress(number, len(keys))
    return TieOrders(
        orders=orders,
        seed=seed,
        tied=_tied(evaluator),
        boxes=int((evaluator.detections.category >= 0).sum()),
        ap=_spread([ap for ap, _ in found], len(ends)),
        ap50=_spread([ap50 for _, ap50 in found], len(ends)),
    )


def _quickly(evaluator: PrecisionEvaluator) -> Callable[[Floats], tuple[float, float]]:
    """AP and AP50 of a ranking; the slow way where an image has more boxes of a class than COCO looks at."""
    reranker = Reranker(evaluator.objects, evaluator.detections)
    if reranker.largest_group <= evaluator.max_detections:
        return reranker.evaluate

    def slowly(ranks: Floats) -> tuple[float, float]:
        precision = evaluator.evaluate(ranks, areas=())
        return precision.ap, precision.ap50

    return slowly


def _ranked(scores: Floats, key: Ints) -> Floats:
    """Distinct scores: by score, then by key, the smallest first."""
    ranks: Floats = np.empty(len(scores), dtype=np.float64)
    ranks[np.lexsort((key, -scores))] = np.arange(len(scores), 0, -1)
    return ranks


def _towards_the_ends(evaluator: PrecisionEvaluator) -> list[Ints]:
    """Orders that come near the ends: for AP the best- and the worst-fitting box first, for AP50 what is wrong first.

    Last among the best-fitting are boxes whose object has a better one: they can only be wrong. At IoU 0.5 alone, boxes
    without an object come first, then objects with many boxes: only the first of those is right.
    """
    pairs = pair_up(evaluator.detections, evaluator.objects)
    single = pairs.take(~evaluator.objects.crowd[pairs.thing])
    rising = single.take(np.argsort(single.iou, kind="stable"))
    fit, nearest = np.zeros(len(evaluator.detections)), np.full(len(evaluator.detections), -1)
    fit[rising.detection], nearest[rising.detection] = rising.iou, rising.thing  # the last, and highest, stays
    wins = np.zeros(len(fit), dtype=bool)
    wins[greedy_matching(single).detection] = True
    reached = fit >= _HALF
    rivals = np.bincount(nearest[reached], minlength=len(evaluator.objects) + 1)[nearest]
    return [
        _places(np.lexsort((~wins, fit))),
        _places(np.lexsort((fit, nearest, -rivals, reached))),
        _places(np.lexsort((-fit, ~wins))),
    ]


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


def _spread(values: list[float], ends: int) -> Spread:
    drawn = values[ends:] or [float("nan")]
    return Spread(min(drawn), max(drawn), float(np.mean(drawn)), min(values), max(values))
