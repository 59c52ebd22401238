"""Average precision on resamples of the images, without matching a box twice.

Which object a box takes depends on its own image alone. So boxes are matched once; on a resample, an image that was
drawn three times counts three times in the cumulative sums that precision and recall are made of. Copies of one box
stand side by side in the ranking. That gives the number that COCO's evaluation has on the resampled data set: between
copies of a hit precision only rises, between copies of a miss recall stands still, and the interpolated curve sees
neither.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from twist_scout.evaluation.captioning.arrays import Detections, Flags, Floats, Ints, Objects, Pairs, pair_up

THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0.0, 1.0, 101)
_CHUNK, _FEWEST = 1 << 17, 16  # numbers held at a time, and resamples
_CLOSE = 1e-6


@dataclass(frozen=True, slots=True)
class _Ranked:
    """One class.

    Attributes:
        things: (O,) the image of each of its objects that is no crowd.
        image: (D,) the image of each of its boxes, the highest score first.
        hit: (T, D) whether the box takes an object, at each IoU threshold.
        ignored: (T, D) whether it takes a crowd, which counts neither for nor against.
    """

    things: Ints
    image: Ints
    hit: Flags
    ignored: Flags


class ResampledPrecision:
    """COCO's AP (mean over IoU 0.50:0.05:0.95 and classes) on any number of resamples of the images.

    Args:
        objects: what is annotated.
        detections: boxes with classes and scores.
        images: number of images.
        max_detections: boxes of one class in one image that count, by rank.
    """

    def __init__(self, objects: Objects, detections: Detections, images: int, max_detections: int = 100) -> None:
        self.images = images
        order = np.lexsort((np.arange(len(detections)), detections.image, -detections.score, detections.category))
        ranked = detections.take(order[detections.category[order] >= 0])
        ranked = ranked.take(_rank_in_image(ranked) < max_detections)
        hit, ignored = _match(ranked, objects)
        self._classes = [
            _Ranked(
                objects.image[(objects.category == category) & ~objects.crowd],
                ranked.image[rows],
                hit[:, rows],
                ignored[:, rows],
            )
            for category in np.unique(objects.category[~objects.crowd])
            for rows in [slice(*np.searchsorted(ranked.category, [category, category + 1]))]
        ]

    def ap(self, counts: Ints, thresholds: int = len(THRESHOLDS)) -> Floats:
        """AP on each resample.

        Args:
            counts: (resamples, images) how often each image was drawn.
            thresholds: how many IoU thresholds, from 0.5 on: 1 gives AP50.

        Returns:
            (resamples,) in [0, 1]; NaN where a resample holds no object.

        Raises:
            ValueError: the number of images is another.
        """
        if counts.ndim != 2 or counts.shape[1] != self.images:
            raise ValueError(f"counts of {self.images} images are wanted, not of shape {counts.shape}")
        total, classes = np.zeros(len(counts)), np.zeros(len(counts))
        for one in self._classes:
            precision = _class_precision(one, counts, thresholds)
            there = np.isfinite(precision)
            total[there] += precision[there]
            classes += there
        found: Floats = np.divide(total, classes, out=np.full(len(counts), np.nan), where=classes > 0)
        return found


def _class_precision(one: _Ranked, counts: Ints, thresholds: int) -> Floats:
    """AP of one class on each resample, (resamples,); NaN where none of its objects was drawn."""
    step = max(_FEWEST, _CHUNK // max(1, one.image.size))
    chunks = [_chunk_precision(one, counts[start : start + step], thresholds) for start in range(0, len(counts), step)]
    return np.concatenate(chunks) if chunks else np.zeros(0)


def _chunk_precision(one: _Ranked, counts: Ints, thresholds: int) -> Floats:
    # Boxes come first and resamples second here, so that sums along the ranking run over whole rows.
    drawn = np.ascontiguousarray(counts.T, dtype=np.float64)
    wanted = drawn[one.things].sum(axis=0)  # (resamples,)
    weight = drawn[one.image]  # (boxes, resamples)
    everything = np.cumsum(weight, axis=0)
    share = np.divide(1.0, wanted, out=np.zeros_like(wanted), where=wanted > 0)
    total = np.zeros(len(counts))
    for hit, ignored in zip(one.hit[:thresholds], one.ignored[:thresholds], strict=True):
        if not hit.any():
            continue
        counted = np.cumsum(np.where(ignored[:, None], 0.0, weight), axis=0) if ignored.any() else everything
        hits = np.cumsum(weight[hit], axis=0)  # the curve needs its values at hits only
        precision = hits / np.maximum(counted[hit], 1.0)
        best = np.maximum.accumulate(precision[::-1], axis=0)[::-1]
        reached = _recalls_reached(hits, wanted, share)
        best[0] *= reached[0]
        best[1:] *= np.diff(reached, axis=0)
        total += best.sum(axis=0)
    return np.where(wanted > 0, total / (thresholds * RECALLS.size), np.nan)


def _recalls_reached(hits: Floats, wanted: Floats, share: Floats) -> Floats:
    """How many of the recall points a recall is not below, (hits, resamples); 0 before the first hit.

    Args:
        hits: (hits, resamples) number so far.
        wanted: (resamples,) objects.
        share: (resamples,) 1 / wanted.
    """
    # Recall times 100 is next to a whole number wherever rounding could decide; there the points themselves are asked.
    reached: Floats = hits * (100 * share)
    whole = np.rint(reached)
    close = np.abs(reached - whole) < _CLOSE
    np.floor(reached, out=reached)
    if close.any():
        row, column = np.nonzero(close)
        points = whole[row, column].astype(np.int64)
        there = RECALLS[np.minimum(points, RECALLS.size - 1)] <= hits[row, column] / np.maximum(wanted[column], 1.0)
        reached[row, column] = np.where(there, points, points - 1)
    reached += 1
    reached[hits == 0] = 0
    return reached


def _rank_in_image(ranked: Detections) -> Ints:
    """The place of each box among those of its class in its image, from 0; boxes come by class, then by score."""
    order = np.lexsort((np.arange(len(ranked)), ranked.image, ranked.category))
    keys = np.stack([ranked.category[order], ranked.image[order]])
    first = np.ones(len(ranked), dtype=bool)
    first[1:] = (keys[:, 1:] != keys[:, :-1]).any(axis=0)
    starts = np.flatnonzero(first)
    place = np.empty(len(ranked), dtype=np.int64)
    place[order] = np.arange(len(ranked)) - np.repeat(starts, np.diff(np.append(starts, len(ranked))))
    return place


def _match(ranked: Detections, objects: Objects) -> tuple[Flags, Flags]:
    """COCO's matching at every threshold: (T, D) whether a box takes an object, and whether it takes a crowd."""
    hit = np.zeros((len(THRESHOLDS), len(ranked)), dtype=bool)
    ignored = np.zeros_like(hit)
    pairs = pair_up(ranked, objects)
    pairs = pairs.take(pairs.iou >= THRESHOLDS[0])
    # Within an image, boxes come by rank: pairs are by box, and boxes by class and score.
    for place, threshold in enumerate(np.minimum(THRESHOLDS, 1 - 1e-10).tolist()):
        enough = pairs.take(pairs.iou >= threshold)
        alone = _only_choices(enough)
        crowd = objects.crowd[enough.thing]
        hit[place, enough.detection[alone & ~crowd]] = True
        ignored[place, enough.detection[alone & crowd]] = True
        taken: set[int] = set()
        for detection, choices in _by_detection(enough.take(~alone)):
            free = [(iou, thing) for iou, thing in choices if thing not in taken and not objects.crowd[thing]]
            if free:
                taken.add(max(free)[1])  # of equal ones COCO takes the last
                hit[place, detection] = True
            elif any(objects.crowd[thing] for _, thing in choices):
                ignored[place, detection] = True
    return hit, ignored


def _only_choices(pairs: Pairs) -> Flags:
    """Pairs whose box and object have no other: nothing is to be decided there."""
    if not len(pairs):
        return np.zeros(0, dtype=bool)
    single: Flags = (np.bincount(pairs.detection)[pairs.detection] == 1) & (np.bincount(pairs.thing)[pairs.thing] == 1)
    return single


def _by_detection(pairs: Pairs) -> Iterable[tuple[int, list[tuple[float, int]]]]:
    """The choices of each box, in the order of the boxes."""
    choices: dict[int, list[tuple[float, int]]] = {}
    for detection, thing, iou in zip(pairs.detection.tolist(), pairs.thing.tolist(), pairs.iou.tolist(), strict=True):
        choices.setdefault(detection, []).append((iou, thing))
    return choices.items()
