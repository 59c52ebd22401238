"""Pascal VOC: an XML file for each picture, in ``Annotations/``.

Pixels are counted from 1 and the last one is included; a box is rounded outwards to whole pixels.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import PurePosixPath
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from twist_scout.labelling.formats.base import OutFile, Place, stems
from twist_scout.labelling.labels import LabelledBox, LabelledPicture, Labels

FOLDER = "Annotations"


def write(labels: Labels, place: Place) -> Iterator[OutFile]:
    """One file for each picture, those without boxes too."""
    paths = stems(picture.name for picture in labels.pictures)
    for picture in labels.pictures:
        root = _annotation(picture, labels, place)
        indent(root)
        yield OutFile(f"{FOLDER}/{paths[picture.name]}.xml", tostring(root, encoding="unicode").encode() + b"\n")


def _annotation(picture: LabelledPicture, labels: Labels, place: Place) -> Element:
    root = Element("annotation")
    path = PurePosixPath(picture.name)
    folder = path.parent.name or place.pictures.resolve().name
    _with_texts(root, folder=folder, filename=path.name)
    _with_texts(SubElement(root, "source"), database=place.made_by)
    _with_texts(SubElement(root, "size"), width=str(picture.width), height=str(picture.height), depth="3")
    _with_texts(root, segmented="0")
    for box in picture.boxes:
        thing = SubElement(root, "object")
        _with_texts(thing, name=labels.classes[box.label], pose="Unspecified", truncated="0", difficult="0")
        _with_texts(SubElement(thing, "bndbox"), **_corners(box, picture))
    return root


def _corners(box: LabelledBox, picture: LabelledPicture) -> dict[str, str]:
    x1, y1, x2, y2 = box.box
    left, top = math.floor(x1) + 1, math.floor(y1) + 1
    right, bottom = max(left, math.ceil(x2)), max(top, math.ceil(y2))
    limits = (picture.width, picture.height, picture.width, picture.height)
    values = (min(value, limit) for value, limit in zip((left, top, right, bottom), limits, strict=True))
    return dict(zip(("xmin", "ymin", "xmax", "ymax"), map(str, values), strict=True))


def _with_texts(parent: Element, **texts: str) -> None:
    for name, text in texts.items():
        SubElement(parent, name).text = text
