"""COCO's instances: one JSON file; pictures are named from the user's folder, and boxes are ``x, y, width, height`` in pixels.

Beside what the format asks for, a box has its ``score``, which readers that do not know it pass over.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from twist_scout.labelling.formats.base import OutFile, Place, as_json
from twist_scout.labelling.labels import DIGITS, LabelledBox, Labels

FILE = "instances.json"


def write(labels: Labels, place: Place) -> Iterator[OutFile]:
    """The file; pictures in which nothing was found are listed too."""
    images = [
        {"id": number, "file_name": picture.name, "width": picture.width, "height": picture.height}
        for number, picture in enumerate(labels.pictures, start=1)
    ]
    found = [(number, box) for number, picture in enumerate(labels.pictures, start=1) for box in picture.boxes]
    annotations = [_annotation(id, image, box) for id, (image, box) in enumerate(found, start=1)]
    categories = [
        {"id": number, "name": name, "supercategory": ""} for number, name in enumerate(labels.classes, start=1)
    ]
    content = {
        "info": {"description": f"Labelled by {place.made_by}", "version": "1.0"},
        "licenses": [],
        "images": images,
        "annotations": annotations,
        "categories": categories,
    }
    yield OutFile(FILE, as_json(content))


def _annotation(id: int, image: int, box: LabelledBox) -> dict[str, Any]:
    x1, y1, x2, y2 = box.box
    made: dict[str, Any] = {
        "id": id,
        "image_id": image,
        "category_id": box.label + 1,
        "bbox": [x1, y1, round(x2 - x1, DIGITS), round(y2 - y1, DIGITS)],
        "area": round(box.area, DIGITS),
        "iscrowd": 0,
        "segmentation": [],
    }
    return made if box.score is None else {**made, "score": round(box.score, 6)}
