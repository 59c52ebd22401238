"""Average precision of the same boxes under many rankings.

Only the ranking changes, so what does not depend on it is worked out once: overlaps, and the matches of boxes and objects
that are each other's only choice, which are nearly all of them. What is left is COCO's greedy matching of the contested
ones, and the precision-recall curve. The numbers are those of `average_precision.PrecisionEvaluator`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twist_scout.evaluation.captioning.arrays import Detections, Flags, Floats, Ints, Objects, Pairs, pair_up
from twist_scout.evaluation.captioning.matching import only_choice

_THRESHOLDS = np.linspace(0.5, 0.95, 10)
_RECALLS = np.linspace(0.0, 1.0, 101)


@dataclass(frozen=True, slots=True)
class _Contested:
    """What ranking decides at one threshold.

    Attributes:
        detections: (C,) boxes that compete for an object, or have several to choose from.
        objects: of each of them, those in reach, the best first.
        crowd: (C,) whether each of them lies in a crowd, which it takes where no object is left.
    """

    detections: Ints
    objects: list[list[int]]
    crowd: list[bool]


class Reranker:
    """Ranks the boxes of a data set again and again.

    Args:
        objects: what is annotated.
        detections: boxes; those without a class (-1) are left out.

    Attributes:
        largest_group: most boxes of one class in one image.
    """

    def __init__(self, objects: Objects, detections: Detections) -> None:
        self._rows: Ints = np.flatnonzero(np.isin(detections.category, np.unique(objects.category)))
        boxes = detections.take(self._rows)
        self._category = boxes.category
        self.largest_group = _largest_group(boxes)
        self._wanted = np.bincount(objects.category[~objects.crowd], minlength=1)
        pairs = pair_up(boxes, objects)
        self._hit = np.zeros((len(_THRESHOLDS), len(boxes)), dtype=bool)
        self._ignored = np.zeros_like(self._hit)
        self._contested = [
            self._settle(place, pairs.take(pairs.iou >= threshold), objects.crowd)
            for place, threshold in enumerate(np.minimum(_THRESHOLDS, 1 - 1e-10).tolist())
        ]

    def evaluate(self, ranks: Floats) -> tuple[float, float]:
        """AP and AP50, mean over classes; NaN where nothing is annotated.

        Args:
            ranks: (N,) of all detections, each once, the highest first.
        """
        own = ranks[self._rows]
        hit, ignored = self._hit.copy(), self._ignored.copy()
        for place, contested in enumerate(self._contested):
            self._match(contested, own, hit[place], ignored[place])
        order = np.lexsort((-own, self._category))
        category = self._category[order]
        hit, counted = hit[:, order], ~ignored[:, order]
        found = []
        for number in np.flatnonzero(self._wanted).tolist():
            part = slice(*np.searchsorted(category, [number, number + 1]).tolist())
            found.append(_curve(hit[:, part], counted[:, part], int(self._wanted[number])))
        if not found:
            return float("nan"), float("nan")
        table = np.stack(found)  # (classes, IoU thresholds)
        return float(table.mean()), float(table[:, 0].mean())

    def _settle(self, place: int, pairs: Pairs, crowd: Flags) -> _Contested:
        """Mark the matches that no ranking changes; the rest is contested."""
        alone = only_choice(pairs)
        single = ~crowd[pairs.thing]
        self._hit[place, pairs.detection[alone & single]] = True
        self._ignored[place, pairs.detection[alone & ~single]] = True
        rest = pairs.take(~alone)
        # Of equal overlaps COCO takes the object that is listed last.
        rest = rest.take(np.lexsort((-rest.thing, -rest.iou, rest.detection)))
        objects: dict[int, list[int]] = {}
        in_crowd = dict.fromkeys(rest.detection.tolist(), False)
        for detection, thing, many in zip(
            rest.detection.tolist(), rest.thing.tolist(), crowd[rest.thing].tolist(), strict=True
        ):
            if many:
                in_crowd[detection] = True
            else:
                objects.setdefault(detection, []).append(thing)
        return _Contested(
            np.fromiter(in_crowd, dtype=np.int64, count=len(in_crowd)),
            [objects.get(detection, []) for detection in in_crowd],
            list(in_crowd.values()),
        )

    @staticmethod
    def _match(contested: _Contested, ranks: Floats, hit: Flags, ignored: Flags) -> None:
        """COCO's greedy matching: the highest rank chooses first, and a crowd can be had by all."""
        taken: set[int] = set()
        hits, crowded = [], []
        for number in np.argsort(-ranks[contested.detections], kind="stable").tolist():
            for thing in contested.objects[number]:
                if thing not in taken:
                    taken.add(thing)
                    hits.append(number)
                    break
            else:
                if contested.crowd[number]:
                    crowded.append(number)
        hit[contested.detections[hits]] = True
        ignored[contested.detections[crowded]] = True


def _curve(hit: Flags, counted: Flags, wanted: int) -> Floats:
    """Average precision of one class at each threshold.

    Args:
        hit: (T, D) whether each box has an object, by rank.
        counted: (T, D) whether it counts at all.
        wanted: how many objects there are.
    """
    right = np.cumsum(hit, axis=1, dtype=np.float64)
    wrong = np.cumsum(counted & ~hit, axis=1, dtype=np.float64)
    precision = right / (right + wrong + np.spacing(1))
    best = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    padded = np.concatenate([best, np.zeros((len(best), 1))], axis=1)  # recall that is never reached
    recall = right / wanted
    ap = [
        row[np.searchsorted(reached, _RECALLS, side="left")].mean() for row, reached in zip(padded, recall, strict=True)
    ]
    return np.array(ap, dtype=np.float64)


def _largest_group(boxes: Detections) -> int:
    if not len(boxes):
        return 0
    _, counts = np.unique(np.stack([boxes.image, boxes.category]), axis=1, return_counts=True)
    return int(counts.max())
