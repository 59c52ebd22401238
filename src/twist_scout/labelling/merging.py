"""One thing is labelled once, and a place that two classes claim is known as such."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from twist_scout.boxes.box import iou_matrix
from twist_scout.labelling.labels import LabelledBox
from twist_scout.labelling.phrases import exclude

#: Two boxes that overlap by more than this, as intersection over union, are about the same thing.
SAME = 0.7


def merged(boxes: Sequence[LabelledBox], same: float = SAME) -> list[LabelledBox]:
    """The boxes of a picture without duplicates.

    Of two boxes of a class that overlap by more than ``same``, the one with the higher score stays, of equal ones the first.
    Boxes of different classes never merge.

    Args:
        boxes: of one picture, of any classes.
        same: intersection over union, in [0, 1].

    Returns:
        Those that stay, in the order given.
    """
    overlaps = iou_matrix([box.box for box in boxes], [box.box for box in boxes])  # (boxes, boxes)
    kept: list[int] = []
    for index in sorted(range(len(boxes)), key=lambda i: -(boxes[i].score or 0.0)):  # stable: the first of equals
        if not any(boxes[k].label == boxes[index].label and overlaps[k, index] > same for k in kept):
            kept.append(index)
    return [boxes[index] for index in sorted(kept)]


def with_contests(boxes: Sequence[LabelledBox], same: float = SAME) -> list[LabelledBox]:
    """The boxes of a picture, those marked whose place is claimed for something else too.

    A red car may be a car as well; a dog that is a cat as well is a mistake of one of the two.
    """
    overlaps = iou_matrix([box.box for box in boxes], [box.box for box in boxes]) > same

    def claimed(index: int) -> bool:
        box = boxes[index]
        rivals = (other for place, other in enumerate(boxes) if overlaps[index, place] and other.label != box.label)
        return any(exclude(box.phrase, other.phrase) for other in rivals)

    return [replace(box, contested=claimed(index)) for index, box in enumerate(boxes)]
