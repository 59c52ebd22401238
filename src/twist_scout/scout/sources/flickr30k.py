"""Flickr30k Entities: captions whose phrases have ids, and the boxes of those ids.

A caption line: ``[/EN#283585/people Two young men] look at [/EN#283588/other a white van] .``; its boxes are in an XML
file in the layout of Pascal VOC, counted from 1 and with the last pixel included. A phrase without a box is a scene, or
something that cannot be boxed.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from xml.etree import ElementTree

from twist_scout.data.records import PixelBox
from twist_scout.scout.items import Entity, SourceItem
from twist_scout.scout.sources.source import Source

_PHRASE = re.compile(r"\[/EN#(?P<id>\d+)(?:/[^\s\]]*)*\s+(?P<words>[^\]]*)\]")
_LARGEST_XML = 1 << 20  # bytes; an annotation file is a few thousand


class Flickr30kSource(Source):
    """One item for each file of sentences.

    The pictures are expected in ``flickr30k-images`` or ``images`` below or beside the folder.
    """

    kind = "flickr30k"

    def default_images(self) -> Path:
        """The first of the usual places that exists."""
        places = [root / name for root in (self.path, self.path.parent) for name in ("flickr30k-images", "images")]
        return next((place for place in places if place.is_dir()), self.path)

    def length(self) -> int:
        """How many pictures have sentences."""
        return len(self._files)

    @cached_property
    def _files(self) -> list[Path]:
        return sorted((self.path / "Sentences").glob("*.txt"), key=lambda path: (len(path.stem), path.stem))

    def read(self) -> Iterator[SourceItem]:
        """The pictures in the order of their ids."""
        for file in self._files:
            picture = self.picture(f"{file.stem}.jpg", str(file))
            if picture is None:
                continue
            item = self._item(file, picture)
            if item is not None:
                yield item

    def _item(self, file: Path, picture: Path) -> SourceItem | None:
        xml = self.path / "Annotations" / f"{file.stem}.xml"
        root = self._xml(xml)
        size = _size(root) or self.size(picture, str(picture))
        if size is None:
            return None
        boxes, by_id = self._boxes(root, size, str(xml))
        captions: list[str] = []
        names: dict[tuple[int, ...], str] = {}
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
        for line in filter(str.strip, lines):
            captions.append(_PHRASE.sub(lambda match: _with_boxes(match, by_id, names), _escaped(line)).strip())
        return SourceItem(
            id=file.stem,
            source=self.name,
            image=str(picture),
            width=size[0],
            height=size[1],
            boxes=tuple(boxes),
            captions=tuple(" ".join(caption.split()) for caption in captions),
            entities=tuple(Entity(name=name, boxes=indexes) for indexes, name in names.items()),
        )

    def _xml(self, path: Path) -> ElementTree.Element | None:
        if not path.is_file():
            self.tally.note("annotation missing", str(path))
            return None
        text = path.read_bytes()
        if len(text) > _LARGEST_XML or b"<!ENTITY" in text:  # entities can be nested into a bomb
            self.tally.note("annotation refused", str(path))
            return None
        try:
            return ElementTree.fromstring(text)
        except ElementTree.ParseError:
            self.tally.note("annotation cannot be read", str(path))
            return None

    def _boxes(
        self, root: ElementTree.Element | None, size: tuple[int, int], where: str
    ) -> tuple[list[PixelBox], dict[str, tuple[int, ...]]]:
        boxes: list[PixelBox] = []
        by_id: dict[str, list[int]] = defaultdict(list)
        for thing in root.iter("object") if root is not None else ():
            found = thing.find("bndbox")
            if found is None:
                continue  # a scene, or a thing that cannot be boxed
            try:
                x1, y1, x2, y2 = (float(found.findtext(name, "")) for name in ("xmin", "ymin", "xmax", "ymax"))
            except ValueError:
                self.tally.note("box is not four numbers", where)
                continue
            if x1 > x2 or y1 > y2:
                self.tally.note("box turned round", where)
                x1, x2, y1, y2 = min(x1, x2), max(x1, x2), min(y1, y2), max(y1, y2)
            # counted from 1, the last pixel included: its right edge is the number itself
            self.tally.events["box counted from 1"] += 1
            box = self.box((x1 - 1, y1 - 1, x2, y2), *size, where)
            if box is None:
                continue
            boxes.append(box)
            for name in thing.findall("name"):
                by_id[(name.text or "").strip()].append(len(boxes) - 1)
        return boxes, {name: tuple(indexes) for name, indexes in by_id.items()}


def _size(root: ElementTree.Element | None) -> tuple[int, int] | None:
    if root is None:
        return None
    try:
        width, height = (int(root.findtext(f"size/{name}", "")) for name in ("width", "height"))
    except ValueError:
        return None
    return (width, height) if width > 0 and height > 0 else None


def _with_boxes(match: re.Match[str], by_id: dict[str, tuple[int, ...]], names: dict[tuple[int, ...], str]) -> str:
    words, boxes = match["words"], by_id.get(match["id"])
    if not boxes:
        return words
    names.setdefault(boxes, words.lower())
    return f"{words} <box:{','.join(map(str, boxes))}>"


def _escaped(line: str) -> str:
    """A caption that happens to hold what looks like a reference must not become one."""
    return line.replace("<box:", "< box:")
