"""Between text with boxes and text with box references, ``<box:0,2>``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from twist_scout.boxes.box import Box
from twist_scout.boxes.grounded import GroundedText
from twist_scout.data.records import PixelBox, box_references

# Boxes of two mentions of one thing that overlap so much are one box, written twice with a jitter.
SAME_BOX = 0.9
_REFERENCE = re.compile(r"\s?<box:\d+(?:,\d+)*>")


def to_references(grounded: GroundedText, width: int, height: int) -> tuple[str, list[PixelBox]]:
    """A model's text with each group of boxes replaced by a reference.

    A box that is written again, exactly or within a jitter of IoU 0.9, becomes a reference to the first.

    Args:
        grounded: the text as it was read.
        width: of the original picture in pixels.
        height: of the original picture in pixels.

    Returns:
        The text, and the boxes in pixels that it refers to, in the order of their first mention.
    """
    pieces: list[str] = []
    boxes: list[Box] = []
    done = 0
    for phrase in grounded.phrases:
        before = grounded.text[done : phrase.boxes_start]
        pieces += [before, "" if not before or before[-1].isspace() else " "]
        indexes = dict.fromkeys(_index_of(box, boxes) for box in phrase.boxes)
        pieces.append(f"<box:{','.join(map(str, indexes))}>")
        done = phrase.boxes_end
    pieces.append(grounded.text[done:])
    return "".join(pieces), [box.to_pixels(width, height) for box in boxes]


def without_references(text: str) -> str:
    """The words alone."""
    return _REFERENCE.sub("", text).strip()


def renumbered(text: str, boxes: Sequence[PixelBox]) -> tuple[str, list[PixelBox]]:
    """Keep only the boxes that a text refers to, numbered in the order of their first mention."""
    order = list(dict.fromkeys(index for indexes in box_references(text) for index in indexes))
    numbers = {old: new for new, old in enumerate(order)}

    def renumber(match: re.Match[str]) -> str:
        return re.sub(r"\d+", lambda digits: str(numbers[int(digits[0])]), match[0])

    return _REFERENCE.sub(renumber, text), [boxes[old] for old in order]


def _index_of(box: Box, boxes: list[Box]) -> int:
    for index, known in enumerate(boxes):
        if known == box or known.iou(box) >= SAME_BOX:
            return index
    boxes.append(box)
    return len(boxes) - 1
