"""Pascal VOC's folder as localisation queries: one XML file for each picture.

::

    VOC2007/Annotations/000001.xml       what is in the picture
    VOC2007/ImageSets/Main/test.txt      which pictures are in the split
    VOC2007/JPEGImages/000001.jpg
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError, TreeBuilder
from xml.parsers import expat

from twist_scout.errors import BadInput, first_line
from twist_scout.evaluation.localization.coco_files import plain_name
from twist_scout.evaluation.localization.frames import resized_voc
from twist_scout.evaluation.localization.queries import LocalizationQuery

LARGEST = 8 << 20
"""Bytes; an annotation file is a few thousand."""

#: VOC writes these classes as one word.
_SPLIT_NAMES = {"diningtable": "dining table", "pottedplant": "potted plant", "tvmonitor": "tv monitor"}


def is_voc(path: Path) -> bool:
    """Whether a folder holds VOC's annotations."""
    return _annotations(path) is not None


def voc_pictures(path: Path, split: str = "test") -> Iterator[list[LocalizationQuery]]:
    """The queries of each picture of a split, in the order of its list.

    Args:
        path: the folder of a year, ``VOCdevkit`` with one year in it, or a folder of XML files.
        split: its list is ``ImageSets/Main/<split>.txt``; without any lists, all files are taken.

    Raises:
        BadInput: there are no annotations, the split has no list, or a file cannot be read; names the file.
    """
    annotations = _annotations(path)
    if annotations is None:
        raise BadInput(f"{path} holds no folder Annotations with XML files: give the folder of VOC2007.")
    for stem in _stems(annotations, split):
        yield _picture(annotations / f"{stem}.xml", stem)


def parse_xml(data: bytes) -> Element:
    """The tree of an XML document that declares nothing: no document type, and so no entities.

    Raises:
        ValueError: it is not well-formed, or declares something.
    """
    builder = TreeBuilder()
    parser = expat.ParserCreate()

    def refuse(*declared: object) -> None:
        raise ValueError("it declares a document type or an entity, which no annotation needs")

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(data, True)
        return builder.close()
    except (expat.ExpatError, ParseError) as error:
        raise ValueError(first_line(error)) from error


def _annotations(path: Path) -> Path | None:
    if not path.is_dir():
        return None
    years = sorted(path.glob("VOC20*"))
    for place in (path / "Annotations", *(year / "Annotations" for year in years[:1]), path):
        if place.is_dir() and next(place.glob("*.xml"), None) is not None:
            return place
    return None


def _stems(annotations: Path, split: str) -> list[str]:
    lists = annotations.parent / "ImageSets" / "Main"
    if not lists.is_dir():
        return sorted(file.stem for file in annotations.glob("*.xml"))
    file = lists / f"{split}.txt"
    try:
        return [line.split()[0] for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        there = ", ".join(sorted(found.stem for found in lists.glob("*.txt") if "_" not in found.stem))
        raise BadInput(f"{file} cannot be read: the splits here are {there or 'none'}.") from error


def _picture(file: Path, stem: str) -> list[LocalizationQuery]:
    try:
        if file.stat().st_size > LARGEST:
            raise ValueError(f"it is larger than {LARGEST >> 20} MiB")
        root = parse_xml(file.read_bytes())
        width, height = (int(root.findtext(f"size/{edge}", "")) for edge in ("width", "height"))
        if width < 1 or height < 1:
            raise ValueError(f"a size of {width} x {height}")
        image = (root.findtext("filename") or "").strip() or f"{stem}.jpg"
        # Only direct children: the parts of a person are boxed inside of it.
        objects = enumerate(root.findall("object"), start=1)
        return [_query(thing, f"{stem}-{number}", image, width, height) for number, thing in objects]
    except OSError as error:
        raise BadInput(f"{file} cannot be read ({error.strerror or error}): is the folder complete?") from error
    except ValueError as error:
        raise BadInput(f"{file} is no annotation of Pascal VOC ({first_line(error)}).") from error


def _query(thing: Element, id: str, image: str, width: int, height: int) -> LocalizationQuery:
    name = (thing.findtext("name") or "").strip()
    if not name:
        raise ValueError("an object has no name")
    corners = [float(thing.findtext(f"bndbox/{edge}", "nan")) for edge in ("xmin", "ymin", "xmax", "ymax")]
    if not all(map(math.isfinite, corners)):
        raise ValueError(f"the box of {name!r} is not four numbers")
    x1, y1, x2, y2 = corners
    # Counted from 1, the last pixel included: the left edge is one less, the right edge the number itself.
    box = (x1 - 1, y1 - 1, x2, y2)
    return LocalizationQuery(
        id=id,
        image=image,
        name=_SPLIT_NAMES.get(name, plain_name(name)),
        width=width,
        height=height,
        box=box,
        resized=resized_voc(corners, width, height),
        area=max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1]),
        crowd=(thing.findtext("difficult") or "").strip() == "1",
    )
