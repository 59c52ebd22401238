"""Flickr30k Entities as referring expressions: every phrase of every caption that has boxes.

A caption line: ``[/EN#283585/people Two young men] look at [/EN#283588/other a white van] .``; the boxes of an entity's
id are in an XML file. Phrases without a box (scenes, things that cannot be boxed) are left out, as the evaluations of this
data set do. Coordinates are those of the XML, unchanged: MDETR's and Ferret's evaluators take them so, though they are
counted from 1 (Shikra's subtracts 1).

The id of a phrase is PICTURE_SENTENCE_PLACE, all but the first counted from 0, the place among the phrases with boxes.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from twist_scout.data.records import PixelBox
from twist_scout.data.referring.expression import ReferringExpression, box_inside, enclosing
from twist_scout.data.referring.reader import ReferringReader, words
from twist_scout.errors import BadInput

SENTENCES, ANNOTATIONS = "Sentences", "Annotations"
_PHRASE = re.compile(r"\[/EN#(?P<id>\d+)(?P<kinds>(?:/[^\s\]]*)*)\s+(?P<words>[^\]]*)\]")
_LARGEST_XML = 1 << 20  # bytes; an annotation file is a few thousand


def is_flickr(path: Path) -> bool:
    """Whether a path is the folder of Flickr30k Entities."""
    return (path / SENTENCES).is_dir() and (path / ANNOTATIONS).is_dir()


class FlickrFolder(ReferringReader):
    """The folder with ``Sentences`` and ``Annotations``; ``train.txt``, ``val.txt`` and ``test.txt`` there name the splits."""

    form = "flickr"

    def rows(self) -> Iterator[tuple[int, Any]]:
        """The files of sentences, one for each picture, in the order of their ids."""
        if not is_flickr(self.path):
            raise BadInput(f"{self.path} is no folder of Flickr30k Entities: it has no {SENTENCES} and {ANNOTATIONS}.")
        files = sorted((self.path / SENTENCES).glob("*.txt"), key=lambda path: (len(path.stem), path.stem))
        yield from enumerate(files, start=1)

    def expressions(self, number: int, row: Any) -> Iterable[ReferringExpression]:
        """The phrases of a picture's captions, in their order."""
        annotation = self.path / ANNOTATIONS / f"{row.stem}.xml"
        root = _xml(annotation)
        width, height = _size(root, annotation)
        boxes = _boxes(root, annotation, width, height)
        for sentence, line in enumerate(filter(str.strip, _text(row).splitlines())):
            phrases = [match for match in _PHRASE.finditer(line) if boxes.get(match["id"])]
            for place, match in enumerate(phrases):
                found = boxes[match["id"]]
                yield ReferringExpression(
                    id=f"{row.stem}_{sentence}_{place}",
                    image=f"{row.stem}.jpg",
                    width=width,
                    height=height,
                    expression=words(match["words"]),
                    box=enclosing(found),
                    split=self._splits.get(row.stem),
                    meta={"dataset": "flickr30k", "entity": match["id"], "kind": match["kinds"].lstrip("/")},
                    boxes=tuple(found) if len(found) > 1 else (),
                )

    @cached_property
    def _splits(self) -> dict[str, str]:
        splits: dict[str, str] = {}
        for name in ("train", "val", "test"):
            path = self.path / f"{name}.txt"
            if path.is_file():
                splits.update(dict.fromkeys(_text(path).split(), name))
        return splits


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror or error}): check the folder.") from error


def _xml(path: Path) -> ElementTree.Element:
    if not path.is_file():
        raise ValueError(f"there is no annotation {path}")
    text = path.read_bytes()
    if len(text) > _LARGEST_XML or b"<!ENTITY" in text:  # entities can be nested into a bomb
        raise ValueError(f"{path} is no annotation of this data set")
    try:
        return ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise ValueError(f"{path} is not XML ({error})") from error


def _size(root: ElementTree.Element, path: Path) -> tuple[int, int]:
    try:
        width, height = (int(root.findtext(f"size/{name}", "")) for name in ("width", "height"))
    except ValueError:
        raise ValueError(f"{path} does not give the picture's size") from None
    if width <= 0 or height <= 0:
        raise ValueError(f"a picture of {width} x {height} pixels in {path}")
    return width, height


def _boxes(root: ElementTree.Element, path: Path, width: int, height: int) -> dict[str, list[PixelBox]]:
    boxes: dict[str, list[PixelBox]] = defaultdict(list)
    for thing in root.iter("object"):
        found = thing.find("bndbox")
        if found is None:
            continue  # a scene, or a thing that cannot be boxed
        try:
            corners = [float(found.findtext(name, "")) for name in ("xmin", "ymin", "xmax", "ymax")]
        except ValueError:
            raise ValueError(f"a box in {path} is not four numbers") from None
        box = box_inside(corners, width, height)
        for name in thing.findall("name"):
            boxes[(name.text or "").strip()].append(box)
    return boxes
