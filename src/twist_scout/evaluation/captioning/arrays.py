"""Annotated objects and predicted boxes of a whole data set, as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Objects:
    """N annotated objects.

    Attributes:
        image: (N,) which image, counted from 0.
        category: (N,) which class, counted from 0.
        bbox: (N, 4) left, top, width, height in pixels of the original image.
        area: (N,) square pixels that COCO's size classes go by.
        crowd: (N,) whether it stands for many.
    """

    image: Ints
    category: Ints
    bbox: Floats
    area: Floats
    crowd: Flags

    def __len__(self) -> int:
        return len(self.image)


@dataclass(frozen=True, slots=True)
class Detections:
    """N boxes that captions give to their phrases.

    Attributes:
        image: (N,) which image, counted from 0.
        category: (N,) which class, counted from 0; -1 where the phrase was mapped to none.
        bbox: (N, 4) left, top, width, height in pixels of the original image.
        score: (N,) what ranks them; equal scores are in the order of the arrays.
    """

    image: Ints
    category: Ints
    bbox: Floats
    score: Floats

    def __len__(self) -> int:
        return len(self.image)

    def take(self, rows: Ints | Flags) -> Detections:
        """Some of them."""
        return Detections(self.image[rows], self.category[rows], self.bbox[rows], self.score[rows])


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of a detection and an object of the same image that touch each other.

    Attributes:
        detection: (P,) row of the detection.
        thing: (P,) row of the object.
        iou: (P,) intersection over union; with a crowd, the share of the detection that lies in it (COCO's rule).
    """

    detection: Ints
    thing: Ints
    iou: Floats

    def __len__(self) -> int:
        return len(self.detection)

    def take(self, rows: Ints | Flags) -> Pairs:
        """Some of them."""
        return Pairs(self.detection[rows], self.thing[rows], self.iou[rows])


def pair_up(detections: Detections, objects: Objects, *, same_class: bool = True) -> Pairs:
    """All pairs with an overlap, by detection, then by object.

    Args:
        detections: N of them.
        objects: M of them.
        same_class: leave out pairs of different classes.
    """
    width = int(max(detections.category.max(initial=0), objects.category.max(initial=0))) + 2
    ours, theirs = detections.image, objects.image
    if same_class:
        ours = ours * width + detections.category + 1
        theirs = theirs * width + objects.category + 1
    order = np.argsort(theirs, kind="stable")
    first = np.searchsorted(theirs[order], ours, side="left")
    counts = np.searchsorted(theirs[order], ours, side="right") - first
    row = np.repeat(np.arange(len(ours)), counts)
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    thing = order[np.repeat(first, counts) + within]
    overlap = _overlap(detections.bbox[row], objects.bbox[thing], objects.crowd[thing])
    touching = overlap > 0
    return Pairs(row[touching], thing[touching], overlap[touching])


def _overlap(a: Floats, b: Floats, crowd: Flags) -> Floats:
    """COCO's IoU of paired boxes, both (P, 4): divided by the first box's own area where the second is a crowd."""
    size = np.minimum(a[:, :2] + a[:, 2:], b[:, :2] + b[:, 2:]) - np.maximum(a[:, :2], b[:, :2])
    shared = np.clip(size, 0.0, None).prod(axis=1)
    own, other = a[:, 2:].prod(axis=1), b[:, 2:].prod(axis=1)
    union = np.where(crowd, own, own + other - shared)
    iou: Floats = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return iou
