"""What of an answer is right, told from the truth of its picture and not from the engine's checks.

The paper's people (§4) called an answer right whose boxes overlap what they are about by a half and whose relations are
true. Here the annotations of a source that annotates everything decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from twist_scout.boxes.box import corner_iou
from twist_scout.boxes.words import COLORS
from twist_scout.data.kinds import may_be
from twist_scout.data.records import Example
from twist_scout.scout.checks.reading import Mention, content_words, read_record
from twist_scout.scout.items import Entity, SourceItem

_SIZES = frozenset(("small", "medium", "large"))


@dataclass
class Precision:
    """How much of some data is right.

    Attributes:
        records: how many were looked at, and ``right_records``, how many are right altogether.
        boxes: how many boxes they have, and ``right_boxes``, how many of them are right.
    """

    records: int = 0
    right_records: int = 0
    boxes: int = 0
    right_boxes: int = 0

    def add(self, example: Example, item: SourceItem) -> None:
        """Count a record."""
        right = right_boxes(example, item)
        self.records += 1
        self.right_records += is_right(example, item)
        self.boxes += len(right)
        self.right_boxes += sum(right)

    def to_dict(self) -> dict[str, Any]:
        """For JSON, with both shares."""
        return {
            **vars(self),
            "records_right": self.right_records / max(1, self.records),
            "boxes_right": self.right_boxes / max(1, self.boxes),
        }


def right_boxes(example: Example, item: SourceItem) -> list[bool]:
    """Of every box of the answer: does it overlap (IoU at least 0.5) a thing of the name, the colour and the size that
    its phrase says?
    """
    return [
        max((corner_iou(example.boxes[index], place) for place in places), default=0.0) >= 0.5
        for mention in read_record(example).mentions
        for places in [[item.boxes[place] for thing in item.entities if _fits(thing, mention) for place in thing.boxes]]
        for index in mention.boxes
    ]


def is_right(example: Example, item: SourceItem) -> bool:
    """Whether all boxes are right and the final answer is the one that came with the question.

    A negative record is right where the picture has nothing of the missing thing's name and the answer refuses.
    """
    reading, boxes = read_record(example), right_boxes(example, item)
    if not boxes or not all(boxes):
        return False
    if example.negative:
        absent = all(not may_be(thing.name, str(example.meta.get("missing"))) for thing in item.entities)
        return reading.refuses and absent
    expected = str(example.meta.get("expected") or "")
    return not reading.refuses and content_words(expected) == content_words(reading.final)


def _fits(thing: Entity, mention: Mention) -> bool:
    said = {*mention.adjectives, mention.said}
    return may_be(thing.name, mention.head) and all(
        not said & words or thing.attributes.get(attribute) in said
        for attribute, words in (("color", COLORS), ("size", _SIZES))
    )
