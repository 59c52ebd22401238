"""ms-swift's grounding rows: ``messages`` with ``<ref-object>`` and ``<bbox>``, and ``objects`` that fill them in.

The trainer writes boxes as each model wants them, so one file serves many models.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from twist_scout.data.records import Example, Message, PixelBox
from twist_scout.scout.exporters.base import (
    ASIDE,
    Format,
    Reading,
    RowIds,
    Target,
    aside,
    json_line,
    row_of,
    rows_of_lines,
    taken_aside,
)
from twist_scout.scout.exporters.marked_text import BoxList, neutral, phrases, without_reference_marks
from twist_scout.whole_file import whole_file

_IMAGE, _PHRASE, _BOX = "<image>", "<ref-object>", "<bbox>"
_MARKS = (_IMAGE, _PHRASE, _BOX, "<video>", "<audio>")
_PLACES = re.compile(rf"(?P<phrase>{_PHRASE})?(?P<boxes>(?:{_BOX})+)|{_PHRASE}")


def write(examples: Iterator[Example], target: Target) -> int:
    """Write the rows; see :data:`SWIFT`."""
    count = 0
    with whole_file(target.path) as file:
        for example in examples:
            file.write(json_line(_row(example, target)))
            count += 1
    return count


def _row(example: Example, target: Target) -> dict[str, Any]:
    names: list[str] = []
    boxes: list[PixelBox] = []
    messages = []
    pictured = False
    for message in example.messages:
        pieces = []
        for words, phrase, gap, indexes in phrases(neutral(message.content, _MARKS)):
            pieces.append(words)
            if not indexes:
                continue
            if phrase and gap == " ":
                pieces.append(_PHRASE)
                names.append(phrase)
            else:
                pieces.append(phrase + gap)
            pieces.append(_BOX * len(indexes))
            boxes += [example.boxes[index] for index in indexes]
        content = "".join(pieces)
        if message.role == "user" and not pictured:
            content, pictured = _IMAGE + content, True
        messages.append({"role": message.role, "content": content})
    return {
        "id": example.id,
        "messages": messages,
        "images": [target.pictures.name(example)],
        "objects": {"ref": names, "bbox": [list(box) for box in boxes], "bbox_type": "real"},
        ASIDE: aside(example, "task", "negative", "meta", "width", "height"),
    }


def read(path: Path, reading: Reading) -> Iterator[Example]:
    """Read such rows; see :data:`SWIFT`."""
    numbers = RowIds(path.stem)
    for number, row in rows_of_lines(path):
        with row_of(path, number):
            example = _example(row, path, reading, numbers)
        yield example


def _example(row: dict[str, Any], path: Path, reading: Reading, numbers: RowIds) -> Example:
    images = row["images"]
    image = images[0] if isinstance(images, list) else images
    image = image["path"] if isinstance(image, dict) else image
    known = taken_aside(row)
    width, height = reading.size(image, path, known)
    objects = row.get("objects") or {}
    corners = _pixels(objects, width, height)
    names = iter(objects.get("ref") or ())
    coming = iter(corners)
    boxes = BoxList()

    def fill(match: re.Match[str]) -> str:
        if match["boxes"] is None:
            return str(next(names))
        group = [next(coming) for _ in range(match["boxes"].count(_BOX))]
        phrase = f"{next(names)} " if match["phrase"] else ""
        return without_reference_marks(phrase) + boxes.reference(group)

    try:
        messages = [
            Message(
                role=message["role"],
                content=_PLACES.sub(fill, without_reference_marks(message["content"].replace(_IMAGE, "", 1))),
            )
            for message in row["messages"]
        ]
    except StopIteration:
        raise ValueError("its marks want more names or boxes than its objects have") from None
    return Example(
        id=numbers.id(row),
        image=image,
        width=width,
        height=height,
        task=known.get("task") or ("gic" if boxes.boxes else "understanding"),
        messages=messages,
        boxes=boxes.boxes,
        negative=known.get("negative", False),
        meta=known.get("meta", {}),
    )


def _pixels(objects: dict[str, Any], width: int, height: int) -> list[PixelBox]:
    scale = (width, height, width, height) if objects.get("bbox_type") == "norm1" else (1, 1, 1, 1)
    corners = []
    for box in objects.get("bbox") or ():
        if len(box) != 4:
            raise ValueError("a box of its objects is not four numbers")
        x1, y1, x2, y2 = (float(value) * factor for value, factor in zip(box, scale, strict=True))
        corners.append((x1, y1, x2, y2))
    return corners


SWIFT = Format(
    name="swift",
    summary="ms-swift: JSON lines with objects, boxes in pixels",
    loses="boxes that no text refers to; a box that is stored twice becomes one; references that follow one another with "
    "nothing between them become one; marks of the format in a text get a space",
    write=write,
    read=read,
)
