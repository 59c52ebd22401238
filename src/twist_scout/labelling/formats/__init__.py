"""The formats that labels are written in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from twist_scout.labelling.formats import coco, jsonl, label_studio, voc, yolo
from twist_scout.labelling.formats.base import OutFile, Place
from twist_scout.labelling.labels import Labels


class Write(Protocol):
    """Says which files a format has for some labels."""

    def __call__(self, labels: Labels, place: Place) -> Iterator[OutFile]:
        """The files, in a fixed order."""
        ...


FORMATS: Mapping[str, Write] = {
    "coco": coco.write,
    "yolo": yolo.write,
    "voc": voc.write,
    "labelstudio": label_studio.write,
    "jsonl": jsonl.write,
}
"""By the name that the user gives."""

MAIN_FILES: Mapping[str, str] = {
    "coco": coco.FILE,
    "yolo": yolo.FILE,
    "voc": voc.FOLDER,
    "labelstudio": label_studio.FILE,
    "jsonl": jsonl.FILE,
}
"""What to open of each."""

__all__ = ["FORMATS", "MAIN_FILES", "OutFile", "Place"]
