"""COCO's instances: pictures, and boxes with the names of what is in them; questions and answers have no place there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from twist_scout.boxes.noun_phrase import noun_phrase_before
from twist_scout.boxes.steps import find_steps
from twist_scout.data.names import head_words
from twist_scout.data.nouns import plural, singular
from twist_scout.data.records import Example, Message, PixelBox, reference_spans
from twist_scout.errors import BadInput, BadRecord
from twist_scout.scout.exporters.base import Format, Reading, Target, row_of
from twist_scout.whole_file import whole_file

#: The name of a box that no words belong to.
UNNAMED = "object"
_Image = dict[str, Any]


def write(examples: Iterator[Example], target: Target) -> int:
    """Write the file; see :data:`COCO`. Returns how many pictures it has."""
    images: dict[str, _Image] = {}
    found: dict[tuple[int, PixelBox], dict[str, int]] = {}  # names of a box, and how often it is called so
    for example in examples:
        name = target.pictures.name(example)
        image = images.setdefault(
            name, {"id": len(images) + 1, "file_name": name, "width": example.width, "height": example.height}
        )
        for box, called in _named_boxes(example):
            names = found.setdefault((image["id"], box), {})
            names[called] = names.get(called, 0) + 1
    chosen = [(image, box, _usual(names)) for (image, box), names in found.items()]
    categories = {name: number for number, name in enumerate(sorted({name for _, _, name in chosen}), start=1)}
    annotations = [
        {
            "id": number,
            "image_id": image,
            "category_id": categories[name],
            "bbox": [x1, y1, x2 - x1, y2 - y1],
            "area": (x2 - x1) * (y2 - y1),
            "iscrowd": 0,
        }
        for number, (image, (x1, y1, x2, y2), name) in enumerate(chosen, start=1)
    ]
    content = {
        "info": {"description": "Boxes of grounded conversations", "version": "1.0"},
        "licenses": [],
        "images": list(images.values()),
        "annotations": annotations,
        "categories": [{"id": number, "name": name, "supercategory": ""} for name, number in categories.items()],
    }
    with whole_file(target.path) as file:
        file.write(json.dumps(content, ensure_ascii=False).encode())
    return len(images)


def _usual(names: dict[str, int]) -> str:
    """The name that a box has most often; any name goes before none."""
    named = {name: count for name, count in names.items() if name != UNNAMED}
    return max(sorted(named), key=lambda name: named[name], default=UNNAMED)


def _named_boxes(example: Example) -> Iterator[tuple[PixelBox, str]]:
    """Each box that a turn refers to, with the head noun of its phrase in the singular; of a localisation, the name asked for."""
    asked = example.meta.get("name") if example.task == "localization" else None
    for message in example.messages:
        text, earliest = message.content, 0
        headers = [step.body_start for step in find_steps(text)]
        for start, end, indexes in reference_spans(text):
            earliest = max([earliest, *(header for header in headers if header <= start)])
            first, last = noun_phrase_before(text, earliest, start)
            words = head_words(text[first:last].lower())
            name = str(asked) if asked else singular(words[-1]) if words else UNNAMED
            for index in indexes:
                yield example.boxes[index], name
            earliest = end


def read(path: Path, reading: Reading) -> Iterator[Example]:
    """Read instances: for each picture and each name in it a question where those are."""
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror or error}): check the path.") from error
    except (ValueError, RecursionError) as error:
        raise BadRecord(path, 1, "not valid JSON: was the file cut short?") from error
    with row_of(path, 1):
        categories = {category["id"]: str(category["name"]) for category in content["categories"]}
        of_image: dict[Any, list[dict[str, Any]]] = {}
        for annotation in content["annotations"]:
            if not annotation.get("iscrowd"):
                of_image.setdefault(annotation["image_id"], []).append(annotation)
        images = list(content["images"])
    for image in images:
        with row_of(path, 1):
            examples = list(_of_image(image, of_image.get(image["id"], []), categories))
        yield from examples


def _of_image(image: _Image, annotations: list[dict[str, Any]], categories: dict[Any, str]) -> Iterator[Example]:
    by_name: dict[str, list[PixelBox]] = {}
    for annotation in annotations:
        x, y, width, height = annotation["bbox"]
        if width > 0 and height > 0:
            by_name.setdefault(categories[annotation["category_id"]], []).append((x, y, x + width, y + height))
    for name, boxes in by_name.items():
        one = len(boxes) == 1
        asked = f"Where is the {name}?" if one else f"Where are the {plural(name)}?"
        named = name if one else plural(name)
        marks = ",".join(map(str, range(len(boxes))))
        yield Example(
            id=f"coco:{image['id']}:{name}",
            image=image["file_name"],
            width=image["width"],
            height=image["height"],
            task="localization",
            messages=[
                Message(role="user", content=asked.replace("<", "< ")),
                Message(role="assistant", content=f"The {named.replace('<', '< ')} <box:{marks}>."),
            ],
            boxes=boxes,
            meta={"name": name},
        )


COCO = Format(
    name="coco",
    summary="detection tools: pictures, boxes and their names in one JSON file",
    loses="all texts but the nouns of boxes, ids and metadata; a box with several names keeps the most frequent one; pictures "
    "without boxes keep no record",
    write=write,
    read=read,
    ending=".json",
)
