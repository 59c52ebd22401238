"""LLaVA's conversations: a JSON list of ``id``, ``image`` and ``conversations``, boxes written out in the text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from twist_scout.boxes.dialects import dialect_frame, get_dialect
from twist_scout.boxes.grounded import GroundedText
from twist_scout.data.records import Example, Message, PixelBox, render_messages
from twist_scout.scout.exporters.base import (
    ASIDE,
    Format,
    Reading,
    RowIds,
    Target,
    aside,
    row_of,
    taken_aside,
)
from twist_scout.scout.exporters.json_array import rows_of_list
from twist_scout.scout.exporters.marked_text import BoxList, neutral, without_reference_marks
from twist_scout.whole_file import whole_file

DIALECT = "llava"
_IMAGE = "<image>"
_SPEAKERS = {"user": "human", "assistant": "gpt"}
_ROLES = {"human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant", "system": "system"}


def write(examples: Iterator[Example], target: Target) -> int:
    """Write the list; see :data:`LLAVA`."""
    count = 0
    with whole_file(target.path) as file:
        file.write(b"[")
        for example in examples:
            text = json.dumps(_row(example, target), ensure_ascii=False)
            file.write((b",\n" if count else b"\n") + text.encode())
            count += 1
        file.write(b"\n]\n")
    return count


def _row(example: Example, target: Target) -> dict[str, Any]:
    name = target.dialect or DIALECT
    frame = dialect_frame(name, width=example.width, height=example.height)
    conversations: list[dict[str, str]] = []
    for message in render_messages(example, get_dialect(name, frame), frame):
        if message["role"] != "system":
            words = neutral(message["content"], (_IMAGE,))
            first = f"{_IMAGE}\n" if not conversations else ""
            conversations.append({"from": _SPEAKERS[message["role"]], "value": first + words})
    return {
        "id": example.id,
        "image": target.pictures.name(example),
        "conversations": conversations,
        "width": example.width,
        "height": example.height,
        ASIDE: aside(example, "task", "negative", "meta"),
    }


def read(path: Path, reading: Reading) -> Iterator[Example]:
    """Read such a list; see :data:`LLAVA`."""
    numbers = RowIds(path.stem)
    for place, row in rows_of_list(path):
        with row_of(path, place):
            example = _example(row, path, reading, numbers)
        yield example


def _example(row: dict[str, Any], path: Path, reading: Reading, numbers: RowIds) -> Example:
    width, height = reading.size(row["image"], path, row)
    boxes = BoxList()
    name = reading.dialect or DIALECT
    frame = dialect_frame(name, width=width, height=height)
    messages = []
    for turn in row["conversations"]:
        words = turn["value"].removeprefix(f"{_IMAGE}\n").removesuffix(f"\n{_IMAGE}").replace(_IMAGE, "")
        words = without_reference_marks(words)
        grounded = GroundedText.parse(words, dialect=get_dialect(name, frame), frame=frame)
        messages.append(Message(role=_ROLES[turn["from"]], content=_with_references(grounded, boxes, width, height)))  # type: ignore[arg-type]
    known = taken_aside(row)
    return Example(
        id=numbers.id(row),
        image=row["image"],
        width=width,
        height=height,
        task=known.get("task") or ("gic" if boxes.boxes else "understanding"),
        messages=messages,
        boxes=boxes.boxes,
        negative=known.get("negative", False),
        meta=known.get("meta", {}),
    )


def _with_references(grounded: GroundedText, boxes: BoxList, width: int, height: int) -> str:
    pieces, done = [], 0
    for phrase in grounded.phrases:
        pixels: list[PixelBox] = [box.to_pixels(width, height) for box in phrase.boxes]
        seen = [(x1, y1, x2, y2) for x1, y1, x2, y2 in pixels if x1 < x2 and y1 < y2]
        if seen:
            pieces += [grounded.text[done : phrase.boxes_start], boxes.reference(seen)]
            done = phrase.boxes_end
    return "".join(pieces) + grounded.text[done:]


LLAVA = Format(
    name="llava",
    summary="LLaVA and what trains on its conversations: a JSON list, boxes as text",
    loses="system turns; boxes are rounded to the dialect's resolution; groups of boxes that follow one another become one; "
    "texts that look like a box are one; <image> in a text gets a space",
    write=write,
    read=read,
    ending=".json",
)
