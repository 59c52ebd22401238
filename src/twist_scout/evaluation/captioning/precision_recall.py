"""Precision, recall and F1 of boxes at an IoU, which need no scores and know no order.

Boxes and objects of one class in one image are matched one to one so that as many as possible are (not greedily by
rank, for there is no rank). Boxes that lie in a crowd of their class and match no single object are left out, as in
COCO.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twist_scout.evaluation.captioning.arrays import Detections, Ints, Objects, Pairs, pair_up
from twist_scout.evaluation.captioning.matching import largest_matching

IOU_THRESHOLDS: tuple[float, ...] = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))


@dataclass(frozen=True, slots=True)
class PrecisionRecall:
    """Counts at one IoU threshold, over all classes and images.

    Attributes:
        iou: the threshold; a pair counts from there on.
        right: boxes with an object of their own.
        wrong: boxes without one.
        in_crowd: boxes within a crowd, which count for nothing.
        missed: objects without a box.
    """

    iou: float
    right: int
    wrong: int
    in_crowd: int
    missed: int

    @property
    def precision(self) -> float:
        """Share of the boxes that are right; NaN without boxes."""
        return _share(self.right, self.right + self.wrong)

    @property
    def recall(self) -> float:
        """Share of the objects that have a box; NaN without objects."""
        return _share(self.right, self.right + self.missed)

    @property
    def f1(self) -> float:
        """Harmonic mean of the two; NaN where there are neither boxes nor objects."""
        return _share(2 * self.right, 2 * self.right + self.wrong + self.missed)


@dataclass(frozen=True, slots=True)
class Matched:
    """Which box is matched with which object at one threshold.

    Attributes:
        thing: (N,) object of each detection, -1 without one.
        detection: (M,) detection of each object, -1 without one.
        in_crowd: (N,) detections that count for nothing.
    """

    thing: Ints
    detection: Ints
    in_crowd: Ints


def match(detections: Detections, objects: Objects, iou: float, pairs: Pairs | None = None) -> Matched:
    """Match boxes and objects of the same class.

    Args:
        detections: N boxes.
        objects: M objects.
        iou: threshold of a pair.
        pairs: those of `pair_up`, where they are at hand.
    """
    near = pair_up(detections, objects) if pairs is None else pairs
    near = near.take(near.iou >= min(iou, 1 - 1e-10))  # an IoU of 1 can come out a hair below
    crowded = objects.crowd[near.thing]
    covered = np.zeros(len(detections), dtype=bool)
    covered[near.detection[crowded]] = True
    found = largest_matching(near.take(~crowded), covered)
    thing = np.full(len(detections), -1, dtype=np.int64)
    detection = np.full(len(objects), -1, dtype=np.int64)
    rows = np.fromiter(found, dtype=np.int64, count=len(found))
    thing[rows] = np.fromiter(found.values(), dtype=np.int64, count=len(found))
    detection[thing[rows]] = rows
    return Matched(thing, detection, np.flatnonzero(covered & (thing < 0)))


def precision_recall(
    detections: Detections, objects: Objects, thresholds: Sequence[float] = IOU_THRESHOLDS
) -> list[PrecisionRecall]:
    """Counts at every threshold.

    Args:
        detections: boxes; those without a class (-1) count for nothing.
        objects: what is annotated.
        thresholds: of IoU.
    """
    pairs = pair_up(detections, objects)
    return [counts(match(detections, objects, iou, pairs), detections, objects, iou) for iou in thresholds]


def counts(matched: Matched, detections: Detections, objects: Objects, iou: float) -> PrecisionRecall:
    """What a matching amounts to."""
    right = int((matched.thing >= 0).sum())
    aside = len(matched.in_crowd)
    return PrecisionRecall(
        iou=iou,
        right=right,
        wrong=int((detections.category >= 0).sum()) - right - aside,
        in_crowd=aside,
        missed=int((~objects.crowd).sum()) - right,
    )


def f1_by_image(matched: Matched, detections: Detections, objects: Objects, images: int) -> list[float]:
    """F1 of each image; 1 where nothing is annotated and nothing was said.

    Args:
        matched: at the threshold wanted.
        detections: as matched.
        objects: as matched.
        images: how many images there are.
    """
    counted = detections.category >= 0
    counted[matched.in_crowd] = False
    boxes = np.bincount(detections.image[counted], minlength=images)
    things = np.bincount(objects.image[~objects.crowd], minlength=images)
    right = np.bincount(detections.image[matched.thing >= 0], minlength=images)
    whole = boxes + things
    f1 = np.divide(2 * right, whole, out=np.ones(images), where=whole > 0)
    return [float(value) for value in f1]


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
