"""How good are the engine's checks? Errors of known kinds are put into right records, and counted when they are caught.

========  =====================================================================================
shifted   a thing's box is moved, in every step, until it overlaps its place by less than a half
swapped   the boxes of two things change places
color     a colour that the answer says is replaced by another
invented  a thing is mentioned, with a box, that is not in the picture
========  =====================================================================================
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from twist_scout.boxes.box import Box, corner_iou
from twist_scout.boxes.words import COLORS
from twist_scout.data.nouns import with_article
from twist_scout.data.records import Example, Message, PixelBox, box_references
from twist_scout.scout.checks import CheckSettings, check, failures
from twist_scout.scout.items import SourceItem

Rng = np.random.Generator
_COLOR = re.compile(rf"\b(?:{'|'.join(sorted(COLORS))})\b")


@dataclass
class CheckReport:
    """What the checks caught.

    Attributes:
        records: right records that were looked at.
        false_alarms: how many of them a check turned down, and ``alarms``, by which check.
        injected: errors by kind.
        caught: how many of them were turned down.
    """

    records: int = 0
    false_alarms: int = 0
    alarms: dict[str, int] = field(default_factory=dict)
    injected: dict[str, int] = field(default_factory=dict)
    caught: dict[str, int] = field(default_factory=dict)

    @property
    def recall(self) -> float:
        """Share of all injected errors that were caught."""
        return sum(self.caught.values()) / max(1, sum(self.injected.values()))

    @property
    def false_alarm_rate(self) -> float:
        """Share of right records that were turned down."""
        return self.false_alarms / max(1, self.records)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**vars(self), "recall": self.recall, "false_alarm_rate": self.false_alarm_rate}


def measure_checks(
    records: Iterable[tuple[Example, SourceItem]], *, seed: int = 0, settings: CheckSettings | None = None
) -> CheckReport:
    """Check right records as they are, and with one error of each kind that fits them."""
    settings = settings or CheckSettings()
    report = CheckReport()
    rng = np.random.default_rng(seed)
    for example, item in records:
        report.records += 1
        alarms = failures(check(example, item, settings))
        report.false_alarms += bool(alarms)
        for alarm in alarms:
            report.alarms[alarm.check] = report.alarms.get(alarm.check, 0) + 1
        for kind, inject in INJECTIONS.items():
            wrong = inject(example, item, rng)
            if wrong is not None:
                report.injected[kind] = report.injected.get(kind, 0) + 1
                caught = bool(failures(check(wrong, item, settings)))
                report.caught[kind] = report.caught.get(kind, 0) + caught
    return report


def shift_box(example: Example, item: SourceItem, rng: Rng) -> Example | None:
    """Move one thing to where it overlaps nothing by a half or more; None if there is no such place."""
    index = int(rng.integers(len(example.boxes)))
    one_thing = _of_one_thing(example, index)
    x1, y1, x2, y2 = example.boxes[index]
    width, height = x2 - x1, y2 - y1
    taken = [Box.from_pixels(*box, width=item.width, height=item.height) for box in item.boxes]
    for _ in range(50):
        left, top = rng.uniform(0, item.width - width), rng.uniform(0, item.height - height)
        moved: PixelBox = (left, top, left + width, top + height)
        box = Box.from_pixels(*moved, width=item.width, height=item.height)
        if all(box.iou(other) < 0.5 for other in taken):
            return _with_boxes(example, [moved if i in one_thing else b for i, b in enumerate(example.boxes)])
    return None


def swap_boxes(example: Example, item: SourceItem, rng: Rng) -> Example | None:
    """Let two things change places; None if the record has no two boxes that lie apart.

    Two that share name and colour, such as two girls, are told apart by nothing that an answer says, so they stay.
    """
    looks = [_look(box, item) for box in example.boxes]
    pairs = [
        (a, b)
        for a in range(len(looks))
        for b in range(a)
        if looks[a] != looks[b] and example.box(a).iou(example.box(b)) < 0.5
    ]
    if not pairs:
        return None
    a, b = pairs[int(rng.integers(len(pairs)))]
    boxes = list(example.boxes)
    for here, there in ((a, b), (b, a)):
        for index in _of_one_thing(example, here):
            boxes[index] = example.boxes[there]
    return _with_boxes(example, boxes)


def change_color(example: Example, item: SourceItem, rng: Rng) -> Example | None:
    """Say another colour, everywhere in the answer where the old one stands."""
    answer = example.messages[-1].content
    said = sorted(set(_COLOR.findall(answer)))
    if not said:
        return None
    old = said[int(rng.integers(len(said)))]
    known = sorted({entity.attributes["color"] for entity in item.entities if "color" in entity.attributes})
    others = [color for color in sorted(COLORS | set(known)) if color not in said]
    new = others[int(rng.integers(len(others)))]
    return _with_answer(example, re.sub(rf"\b{old}\b", new, answer))


def invent_thing(example: Example, item: SourceItem, rng: Rng) -> Example | None:
    """Mention a thing that the source would annotate and that is not there, with a box of its own."""
    here = {entity.name for entity in item.entities}
    absent = [name for name in item.complete if name not in here and name != example.meta.get("missing")]
    if not absent:
        return None
    name = absent[int(rng.integers(len(absent)))]
    width, height = item.width / 4, item.height / 4
    left, top = rng.uniform(0, item.width - width), rng.uniform(0, item.height - height)
    answer, mark = example.messages[-1].content, f"{with_article(name)} <box:{len(example.boxes)}>"
    head, colon, rest = answer.partition("Step 2: ")
    if not colon:
        return None
    longer = _with_boxes(example, [*example.boxes, (left, top, left + width, top + height)])
    return _with_answer(longer, f"{head}{colon}There is {mark}. {rest}")


INJECTIONS: dict[str, Callable[[Example, SourceItem, Rng], Example | None]] = {
    "shifted": shift_box,
    "swapped": swap_boxes,
    "color": change_color,
    "invented": invent_thing,
}


def _of_one_thing(example: Example, index: int) -> list[int]:
    """The boxes that lie where this one does: a model draws a thing anew in every step, and never quite the same."""
    return [other for other in range(len(example.boxes)) if example.box(other).iou(example.box(index)) >= 0.5]


def _look(box: PixelBox, item: SourceItem) -> tuple[str, str | None] | PixelBox:
    """Name and colour of the thing that a box is drawn around, or the box itself where it is nearly none."""
    found = [(corner_iou(box, item.boxes[place]), thing) for thing in item.entities for place in thing.boxes]
    overlap, thing = max(found, key=lambda pair: pair[0], default=(0.0, None))
    return box if thing is None or overlap < 0.5 else (thing.name, thing.attributes.get("color"))


def _with_boxes(example: Example, boxes: list[PixelBox]) -> Example:
    return example.model_copy(update={"boxes": boxes})


def _with_answer(example: Example, answer: str) -> Example:
    assert all(index < len(example.boxes) for indexes in box_references(answer) for index in indexes)
    return example.model_copy(update={"messages": [*example.messages[:-1], Message(role="assistant", content=answer)]})
