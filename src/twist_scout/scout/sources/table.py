"""Your own captioned pictures: JSON lines or CSV.

Every row names a picture (``image``) and says something about it: ``caption`` or ``captions``, or a ``phrase`` with its
box. Rows about one picture that follow one another are one item. Boxes may be given as

* ``boxes``: a list of [x1, y1, x2, y2], to which captions refer, ``A man <box:0> by two cars <box:1,2>``;
* ``bbox``, ``bbox_px`` or ``bbox_xyxy`` in pixels, or ``bbox_norm`` in 0..1, of the row's ``phrase`` or ``expression``.

``width`` and ``height`` are those of the picture that the boxes belong to; without them the file is looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from twist_scout.data.records import PixelBox, box_references
from twist_scout.data.rows import Row, by_picture, read_rows, values_of
from twist_scout.errors import BadRecord
from twist_scout.scout.items import Entity, SourceItem
from twist_scout.scout.sources.source import Source

_IN_PIXELS = ("bbox", "bbox_px", "bbox_xyxy", "bbox_xyxy_px")
_NAMES = ("phrase", "expression", "label", "name")


class TableSource(Source):
    """One item for each picture."""

    kind = "table"

    def read(self) -> Iterator[SourceItem]:
        """The pictures in the order of the file.

        Raises:
            BadRecord: a row names no picture, or its columns do not fit; names the line.
        """
        seen: dict[str, int] = {}
        for name, rows in by_picture(self._rows(), "image"):
            number = rows[0][0]
            where = f"{self.path}, line {number}"
            path = self.picture(name, where)
            size = None if path is None else self._size(rows[0][1], path, where)
            if path is None or size is None:
                continue
            seen[name] = seen.get(name, 0) + 1
            id = name if seen[name] == 1 else f"{name}#{seen[name]}"
            with values_of(self.path, rows[0][0]):
                item = self._item(id, path, size, rows)
            yield item

    def _rows(self) -> Iterator[tuple[int, Row]]:
        for number, row in read_rows(self.path):
            if not row.get("image"):
                raise BadRecord(self.path, number, "no picture: the column 'image' is missing or empty.")
            yield number, row

    def _size(self, row: Row, path: Path, where: str) -> tuple[int, int] | None:
        given: Any = row.get("size") or (row.get("width"), row.get("height"))
        try:
            width, height = (int(value) for value in given)
        except (TypeError, ValueError):
            return self.size(path, where)
        return (width, height) if width > 0 and height > 0 else self.size(path, where)

    def _item(self, id: str, path: Path, size: tuple[int, int], rows: list[tuple[int, Row]]) -> SourceItem:
        boxes: list[PixelBox] = []
        captions: list[str] = []
        entities: list[Entity] = []
        for number, row in rows:
            where = f"{self.path}, line {number}"
            first = len(boxes)
            own = [self.box(corners, *size, where) for corners in _list(row.get("boxes"), self.path, number)]
            boxes += [box for box in own if box is not None]
            for text in _captions(row, self.path, number):
                captions.append(_with_references(text, own, first))
            name = next((str(row[key]) for key in _NAMES if row.get(key)), None)
            if name is not None:
                box = self._named_box(row, size, number)
                entities.append(Entity(name=name, boxes=() if box is None else (len(boxes),)))
                boxes += [] if box is None else [box]
        if not captions and entities:
            captions.append("; ".join(_told(entity) for entity in entities) + ".")
        return SourceItem(
            id=id,
            source=self.name,
            image=str(path),
            width=size[0],
            height=size[1],
            boxes=tuple(boxes),
            captions=tuple(captions),
            entities=tuple(entities),
        )

    def _named_box(self, row: Row, size: tuple[int, int], number: int) -> PixelBox | None:
        where = f"{self.path}, line {number}"
        for key in _IN_PIXELS:
            if row.get(key):
                return self.box(_list(row[key], self.path, number), *size, where)
        if row.get("bbox_norm"):
            x1, y1, x2, y2 = _list(row["bbox_norm"], self.path, number)
            return self.box((x1 * size[0], y1 * size[1], x2 * size[0], y2 * size[1]), *size, where)
        return None


def _captions(row: Row, path: Path, number: int) -> list[str]:
    found = row.get("captions")
    texts = _list(found, path, number) if found else [row.get("caption") or ""]
    return [" ".join(str(text).split()) for text in texts if str(text).strip()]


def _with_references(text: str, boxes: Sequence[PixelBox | None], first: int) -> str:
    """A caption whose references count from ``first``; those to boxes that were left out go, as does what only looks like
    a reference.
    """
    kept: dict[int, int] = {}
    for index, box in enumerate(boxes):
        if box is not None:
            kept[index] = first + len(kept)
    for indexes in box_references(text):
        old = f"<box:{','.join(map(str, indexes))}>"
        there = [kept[index] for index in indexes if index in kept]
        text = text.replace(old, f"<\0{','.join(map(str, there))}>" if there else "")
    return text.replace("<box:", "< box:").replace("<\0", "<box:").replace("  ", " ").strip()


def _told(entity: Entity) -> str:
    return f"{entity.name} <box:{entity.boxes[0]}>" if entity.boxes else entity.name


def _list(value: Any, path: Path, number: int) -> list[Any]:
    """A list as it is, or written as JSON in a CSV cell."""
    if value is None or value == "":
        return []
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise BadRecord(path, number, f"{value!r} is no list: write it as JSON, [[1, 2, 3, 4]].") from error
    if not isinstance(value, (list, tuple)):
        raise BadRecord(path, number, f"{value!r} is no list.")
    return list(value)
