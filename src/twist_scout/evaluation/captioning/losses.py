"""Why objects were missed and boxes were wrong, each with one cause.

The causes are tried in the order in which they are listed, and each object or box has the first that fits. An object is
missed if no box of its class is matched with it at IoU 0.5; a box is wrong if it is matched with no object.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from twist_scout.evaluation.captioning.arrays import Detections, Flags, Floats, Ints, Objects, pair_up
from twist_scout.evaluation.captioning.precision_recall import Matched

IOU = 0.5
NEAR = 0.1
"""From this IoU on, a box is meant for an object that it misses."""

MISSED: dict[str, str] = {
    "no_caption": "nothing was predicted for the image",
    "too_small_to_write": "the dialect's numbers are too coarse for so small a box",
    "shared_box": "its box is taken by another object of its class",
    "unmapped": "its box has a phrase that was mapped to no class",
    "other_class": "its box has a phrase that was mapped to another class",
    "imprecise": f"a box of its class is near, but below IoU {IOU}",
    "unreadable": "no box is near, and boxes of the caption could not be read",
    "not_mentioned": "no box is near",
}
WRONG: dict[str, str] = {
    "repeated": "an object of its class is there, and another box has it",
    "other_class": "an object of another class is there",
    "imprecise": f"an object of its class is near, but below IoU {IOU}",
    "nothing_there": "no such object is near",
}


@dataclass
class Losses:
    """What is lost, by cause.

    Attributes:
        missed: objects by cause, of `MISSED`.
        wrong: boxes by cause, of `WRONG`.
        missed_objects: row and cause of every missed object.
        wrong_boxes: row and cause of every wrong box.
    """

    missed: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    missed_objects: dict[int, str] = field(default_factory=dict, repr=False)
    wrong_boxes: dict[int, str] = field(default_factory=dict, repr=False)


def losses(
    objects: Objects,
    detections: Detections,
    matched: Matched,
    *,
    predicted: Flags,
    unreadable: Flags,
    can_write: Callable[[int], bool] | None = None,
) -> Losses:
    """Find the cause of every loss.

    Args:
        objects: M objects.
        detections: N boxes; those whose phrase has no class are -1.
        matched: the matching at `IOU`.
        predicted: (images,) whether there is a caption.
        unreadable: (images,) whether something in it that tries to be a box could not be read.
        can_write: whether the box of an object survives the dialect: written and read, at IoU 0.5 with itself.
    """
    near = pair_up(detections, objects, same_class=False)
    same = detections.category[near.detection] == objects.category[near.thing]
    single = ~objects.crowd[near.thing]
    hits = near.iou >= IOU

    missed = np.flatnonzero((matched.detection < 0) & ~objects.crowd)
    best = _best(near.thing, near.iou, len(objects))
    shared = best(same & hits)
    nameless = best(hits & (detections.category[near.detection] < 0))
    other = best(hits & ~same & (detections.category[near.detection] >= 0))
    close = best(same & (near.iou >= NEAR))
    aside = np.zeros(len(detections), dtype=bool)
    aside[matched.in_crowd] = True
    wrong = np.flatnonzero((matched.thing < 0) & ~aside & (detections.category >= 0))
    named = set(zip(detections.image.tolist(), detections.category.tolist(), strict=True))

    found = Losses()
    for row in missed.tolist():
        image = int(objects.image[row])
        said = (image, int(objects.category[row])) in named
        tests = (
            ("no_caption", not predicted[image]),
            ("too_small_to_write", said and can_write is not None and not can_write(row)),
            ("shared_box", shared[row] > 0),
            ("unmapped", nameless[row] > 0),
            ("other_class", other[row] > 0),
            ("imprecise", close[row] > 0),
            ("unreadable", bool(unreadable[image])),
        )
        found.missed_objects[row] = next((cause for cause, holds in tests if holds), "not_mentioned")
    found.missed.update(found.missed_objects.values())

    best = _best(near.detection, near.iou, len(detections))
    repeated, elsewhere = best(same & hits & single), best(~same & hits)
    beside = best(same & single & (near.iou >= NEAR))
    for row in wrong.tolist():
        causes = (("repeated", repeated[row]), ("other_class", elsewhere[row]), ("imprecise", beside[row]))
        found.wrong_boxes[row] = next((cause for cause, iou in causes if iou > 0), "nothing_there")
    found.wrong.update(found.wrong_boxes.values())
    return found


def _best(rows: Ints, iou: Floats, size: int) -> Callable[[Flags], Floats]:
    """The highest IoU of each row among some pairs; 0 without any."""

    def of(some: Flags) -> Floats:
        highest: Floats = np.zeros(size)
        np.maximum.at(highest, rows[some], iou[some])
        return highest

    return of
