"""Shikra's JSON lines: referring expressions, captions with boxes, and grounded chains of thought.

A row has ``img_path`` and, of referring expressions, ``expression`` and ``bbox``; otherwise ``boxes`` and texts in which
``<ph_st>`` and ``<ph_ed>`` enclose phrases whose boxes stand in ``..._boxes_seq``, a list of box numbers for each phrase.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from twist_scout.data.records import PixelBox
from twist_scout.data.rows import Row, by_picture, read_rows, values_of
from twist_scout.errors import BadRecord
from twist_scout.scout.items import Entity, SourceItem
from twist_scout.scout.sources.source import Source

#: Texts of a row and the boxes of their phrases, the most telling first.
TEXTS = (("cot_with_ans", "answer_boxes_seq"), ("caption", "boxes_seq"), ("answer", "answer_boxes_seq"))
_PHRASE = re.compile(r"<ph_st>(.*?)<ph_ed>", re.DOTALL)
_MARKS = re.compile(r"<ph_st>|<ph_ed>|<boxes>")


class ShikraSource(Source):
    """One item for each picture; rows about one picture that follow one another are put together."""

    kind = "shikra"

    def read(self) -> Iterator[SourceItem]:
        """The pictures in the order of the file.

        Raises:
            BadRecord: a row is none of Shikra's; names the line.
        """
        seen: dict[str, int] = {}
        for name, rows in by_picture(self._rows(), "img_path"):
            where = f"{self.path}, line {rows[0][0]}"
            path = self.picture(name, where) if (self.images / name).is_file() else self.picture(Path(name).name, where)
            size = None if path is None else _given_size(rows[0][1]) or self.size(path, where)
            if path is None or size is None:
                continue
            seen[name] = seen.get(name, 0) + 1
            with values_of(self.path, rows[0][0]):
                item = self._item(name if seen[name] == 1 else f"{name}#{seen[name]}", path, size, rows)
            yield item

    def _rows(self) -> Iterator[tuple[int, Row]]:
        for number, row in read_rows(self.path):
            if not row.get("img_path"):
                raise BadRecord(self.path, number, "no picture: the key 'img_path' is missing or empty.")
            yield number, row

    def _item(self, id: str, path: Path, size: tuple[int, int], rows: list[tuple[int, Row]]) -> SourceItem:
        boxes: list[PixelBox] = []
        captions: list[str] = []
        entities: list[Entity] = []
        for number, row in rows:
            where = f"{self.path}, line {number}"
            if row.get("expression"):
                box = self.box(row.get("bbox") or (), *size, where)
                if box is not None:
                    boxes.append(box)
                    words = _plain(str(row["expression"]))
                    captions.append(f"{words} <box:{len(boxes) - 1}>.")
                    entities.append(Entity(name=words, boxes=(len(boxes) - 1,)))
                continue
            numbers: dict[int, int] = {}
            for index, corners in enumerate(row.get("boxes") or ()):
                box = self.box(corners, *size, where)
                if box is not None:
                    numbers[index] = len(boxes)
                    boxes.append(box)
            for text, order in TEXTS:
                if row.get(text):
                    caption, named = self._told(str(row[text]), row.get(order) or [], numbers, where)
                    captions.append(caption)
                    entities += named
                    break
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

    def _told(self, text: str, order: Sequence[Any], numbers: dict[int, int], where: str) -> tuple[str, list[Entity]]:
        """A text with references, and its phrases as entities."""
        named: list[Entity] = []
        pieces: list[str] = []
        done = 0
        for position, match in enumerate(_PHRASE.finditer(text)):
            pieces.append(_plain(text[done : match.start()], strip=False))
            words = _plain(match[1])
            indexes = order[position] if position < len(order) else []
            found = [numbers[i] for i in indexes if i in numbers] if isinstance(indexes, list) else []
            if found and words:
                pieces.append(f"{words} <box:{','.join(map(str, found))}>")
                named.append(Entity(name=words, boxes=tuple(found)))
            else:
                self.tally.note("phrase without a box", where)
                pieces.append(words)
            done = match.end()
        pieces.append(_plain(text[done:], strip=False))
        return " ".join("".join(pieces).split()), named


def _plain(text: str, *, strip: bool = True) -> str:
    """Words without Shikra's marks, and without what only looks like a reference."""
    words = _MARKS.sub("", text).replace("<box:", "< box:")
    return " ".join(words.split()) if strip else words


def _given_size(row: Row) -> tuple[int, int] | None:
    width, height = row.get("width"), row.get("height")
    if isinstance(width, int) and isinstance(height, int) and width > 0 and height > 0:
        return width, height
    return None
