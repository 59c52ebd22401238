"""A referring expression and its box, whatever file it comes from."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import PurePath
from typing import Any

from twist_scout.data.records import PixelBox

#: How far a box may stick out of its picture, as a share of the side; it is cut off at the border.
OVERHANG = 0.01
_SPLITS = {"validation": "val", "valid": "val", "training": "train", "testa": "testA", "testb": "testB"}
_SPLIT = re.compile(r"(?<![a-z0-9])(train|training|val|validation|testA|testB|test)(?![a-z0-9])", re.IGNORECASE)
_DATASET = re.compile(r"refcoco(plus|\+|g)?(?![a-z])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ReferringExpression:
    """An expression that a person wrote, and the thing that it means.

    Attributes:
        id: the sentence's id where the file has one, else its place in the file. Unique within the file.
        image: the picture's name as the file has it.
        width: pixels of the original picture.
        height: pixels of the original picture.
        expression: the words.
        box: (x1, y1, x2, y2) in pixels of the original picture, inside of it.
        split: ``train``, ``val``, ``testA``, ``testB`` or ``test``; None where the file does not say.
        meta: what else the file says: ``dataset``, ``image_id``, ``ann_id``, ``ref_id``, ``raw``, ... and ``distractors``,
            how many other things of the same class are in the picture, where the file knows.
        boxes: every box of the thing where it has several, as phrases of Flickr30k Entities do; ``box`` then encloses them.
    """

    id: str
    image: str
    width: int
    height: int
    expression: str
    box: PixelBox
    split: str | None = None
    meta: dict[str, Any] = field(default_factory=dict)
    boxes: tuple[PixelBox, ...] = ()


@lru_cache(maxsize=256)
def _usual(name: str) -> str | None:
    return _SPLITS.get(name.lower(), name) or None


def split_name(value: object) -> str | None:
    """The usual name of a split: ``validation`` is ``val``; None for nothing."""
    return _usual(str(value or "").strip())


def split_of_file(path: PurePath) -> str | None:
    """The split that a file's name tells, ``refcoco_unc_val.jsonl``."""
    found = _SPLIT.findall(path.stem.replace("_", " "))
    return split_name(found[-1]) if found else None


@lru_cache(maxsize=256)
def dataset_of(text: str) -> str | None:
    """``refcoco``, ``refcoco+`` or ``refcocog``, where a name tells it."""
    found = _DATASET.search(text)
    if found is None:
        return None
    return "refcoco" + {"plus": "+", "+": "+", "g": "g"}.get((found[1] or "").lower(), "")


def box_inside(corners: Sequence[Any], width: int, height: int) -> PixelBox:
    """A box that was checked and cut at the border of its picture.

    Args:
        corners: x1, y1, x2, y2 in pixels.
        width: of the picture.
        height: of the picture.

    Raises:
        ValueError: it is not four finite numbers, is inverted, or lies outside by more than `OVERHANG`; a reader that
            took a width for a corner is found out by this.
    """
    numbers = [value for value in corners if isinstance(value, (int, float)) and not isinstance(value, bool)]
    if len(corners) != 4 or len(numbers) != 4 or not all(map(math.isfinite, numbers)):
        raise ValueError(f"the box {list(corners)!r} is not four numbers")
    x1, y1, x2, y2 = map(float, numbers)
    if 0.0 <= x1 < x2 <= width and 0.0 <= y1 < y2 <= height:
        return (x1, y1, x2, y2)
    shown = [round(value, 2) for value in (x1, y1, x2, y2)]
    if x1 >= x2 or y1 >= y2:
        raise ValueError(f"the box {shown} has no area or is inverted")
    across, down = max(1.0, OVERHANG * width), max(1.0, OVERHANG * height)
    if x1 < -across or y1 < -down or x2 > width + across or y2 > height + down:
        raise ValueError(f"the box {shown} lies outside of the {width} x {height} picture")
    box = (max(x1, 0.0), max(y1, 0.0), min(x2, float(width)), min(y2, float(height)))
    if box[0] >= box[2] or box[1] >= box[3]:
        raise ValueError(f"the box {shown} has no area inside the {width} x {height} picture")
    return box


def enclosing(boxes: Sequence[PixelBox]) -> PixelBox:
    """The smallest box around boxes, of which there is at least one."""
    left, top, right, bottom = zip(*boxes, strict=True)
    return (min(left), min(top), max(right), max(bottom))


def corners_of(box: Sequence[Any]) -> tuple[Any, ...]:
    """COCO's x, y, width, height as corners.

    Raises:
        ValueError: it is not four numbers.
    """
    try:
        x, y, width, height = (float(value) for value in box)
    except (TypeError, ValueError):
        raise ValueError(f"the box {box!r} is not four numbers") from None
    return (x, y, x + width, y + height)
