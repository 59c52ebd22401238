"""YOLO as Ultralytics reads it: ``data.yaml``, ``images/`` and, with the same names, ``labels/``.

A line of a label file is ``class x y width height``, the box by its middle, as fractions of the picture. A picture in which
nothing was found has an empty file: it teaches what background looks like.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

import yaml

from twist_scout.labelling.formats.base import OutFile, Place, stems
from twist_scout.labelling.labels import LabelledPicture, Labels

FILE = "data.yaml"
#: Kinds of pictures that its readers do not know.
_UNKNOWN = frozenset((".gif",))
_REMARK = (
    "# Training and validation are the same pictures here: set some apart, and look at the labels, before you trust a\n"
    "# validation score.\n"
)


def write(labels: Labels, place: Place) -> Iterator[OutFile]:
    """The data file, then a picture and its labels, one after the other."""
    names = yaml.safe_dump({"names": dict(enumerate(labels.classes))}, allow_unicode=True, sort_keys=False)
    yield OutFile(FILE, f"{_REMARK}train: images\nval: images\n{names}".encode())
    paths = stems(picture.name for picture in labels.pictures)
    for picture in labels.pictures:
        stem, kind = paths[picture.name], PurePosixPath(picture.name).suffix
        convert = kind.lower() in _UNKNOWN
        yield OutFile(f"images/{stem}{'.png' if convert else kind}", None, picture.name, convert)
        yield OutFile(f"labels/{stem}.txt", _lines(picture).encode())


def _lines(picture: LabelledPicture) -> str:
    lines = []
    for box in picture.boxes:
        x1, y1, x2, y2 = box.box
        middle = ((x1 + x2) / 2 / picture.width, (y1 + y2) / 2 / picture.height)
        size = ((x2 - x1) / picture.width, (y2 - y1) / picture.height)
        lines.append(f"{box.label} {' '.join(f'{value:.6f}' for value in (*middle, *size))}\n")
    return "".join(lines)
