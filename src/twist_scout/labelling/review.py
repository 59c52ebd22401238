"""What a person marked as wrong on the contact sheet.

::

    {"review": 1, "wrong": [{"image": "a/b.jpg", "label": "dog", "box": [10, 20, 80, 90]}]}

A mark is about a place and not about a number, so it holds when classes or thresholds change.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from twist_scout.boxes.box import Corners, corner_iou
from twist_scout.errors import BadInput, first_line
from twist_scout.labelling.labels import LabelledBox, Labels
from twist_scout.labelling.merging import with_contests

FORMAT = 1
_SAME_PLACE = 0.9
Wrong = Mapping[tuple[str, str], list[Corners]]


def read_review(path: Path) -> Wrong:
    """Boxes that are wrong, by picture and label.

    Raises:
        BadInput: the file cannot be read or is no review.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["review"] != FORMAT:
            raise ValueError(f"its form is {content['review']!r}")
        wrong: dict[tuple[str, str], list[Corners]] = {}
        for mark in content["wrong"]:
            x1, y1, x2, y2 = map(float, mark["box"])
            wrong.setdefault((str(mark["image"]), str(mark["label"])), []).append((x1, y1, x2, y2))
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadInput(
            f"{path} is no review ({first_line(error)}): save one with the button of the contact sheet."
        ) from error
    return wrong


def apply_review(labels: Labels, wrong: Wrong, same: float) -> tuple[Labels, int]:
    """The labels without the boxes that are wrong, and how many those are.

    Args:
        labels: of the folder.
        wrong: as :func:`read_review` gives it.
        same: how much two boxes of different classes overlap that claim one place.
    """

    def is_wrong(picture: str, box: LabelledBox) -> bool:
        marks = wrong.get((picture, labels.classes[box.label]), [])
        return any(corner_iou(mark, box.box) > _SAME_PLACE for mark in marks)

    pictures = []
    removed = 0
    for picture in labels.pictures:
        kept = [box for box in picture.boxes if not is_wrong(picture.name, box)]
        if len(kept) < len(picture.boxes):
            removed += len(picture.boxes) - len(kept)
            picture = replace(picture, boxes=tuple(with_contests(kept, same)))
        pictures.append(picture)
    return replace(labels, pictures=tuple(pictures)), removed
