"""COCO's and LVIS's ``instances`` as localisation queries."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from twist_scout.errors import BadInput, first_line
from twist_scout.evaluation.localization.frames import resized_coco
from twist_scout.evaluation.localization.queries import LocalizationQuery


def coco_pictures(content: Mapping[str, Any], path: Path) -> Iterator[list[LocalizationQuery]]:
    """The queries of each picture, in the order of the file.

    Args:
        content: the annotations as JSON.
        path: of their file, for messages.

    Raises:
        BadInput: an entry is not what its place says; names the annotation or the picture.
    """
    names = _names(content, path)
    found: dict[Any, list[Mapping[str, Any]]] = defaultdict(list)
    for place, annotation in enumerate(_list(content, "annotations", path)):
        if not isinstance(annotation, dict) or "image_id" not in annotation:
            raise BadInput(f"{path}: entry {place} of annotations has no image_id.")
        found[annotation["image_id"]].append(annotation)
    for place, picture in enumerate(_list(content, "images", path)):
        try:
            id, width, height = picture["id"], int(picture["width"]), int(picture["height"])
            image = image_name(picture)
            if width < 1 or height < 1:
                raise ValueError(f"a size of {width} x {height}")
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise BadInput(f"{path}: entry {place} of images cannot be used ({_reason(error)}).") from error
        yield [_query(annotation, names, image, width, height, path) for annotation in found[id]]


def is_lvis(content: Mapping[str, Any]) -> bool:
    """Whether the annotations are LVIS's: its classes have synsets."""
    categories = content.get("categories")
    return isinstance(categories, list) and bool(categories) and "synset" in categories[0]


def image_name(picture: Mapping[str, Any]) -> str:
    """The picture's file: as named, or split folder and file of its address, which is all that LVIS gives."""
    name = picture.get("file_name")
    return str(name) if name else "/".join(str(picture["coco_url"]).split("/")[-2:])


def plain_name(name: str) -> str:
    """A class as people say it: ``stop_sign`` is ``stop sign``, ``bat_(animal)`` is ``bat``."""
    return name.replace("_", " ").split(" (")[0].strip()


def _names(content: Mapping[str, Any], path: Path) -> dict[Any, str]:
    try:
        return {row["id"]: plain_name(str(row["name"])) for row in _list(content, "categories", path)}
    except (TypeError, KeyError) as error:
        raise BadInput(f"{path}: a category has no id or no name ({_reason(error)}).") from error


def _query(
    annotation: Mapping[str, Any], names: Mapping[Any, str], image: str, width: int, height: int, path: Path
) -> LocalizationQuery:
    try:
        x, y, wide, high = box = [float(value) for value in annotation["bbox"]]
        if not all(map(math.isfinite, box)):
            raise ValueError(f"the box {box}")
        area = float(annotation.get("area", wide * high))
        if not math.isfinite(area):
            raise ValueError(f"the area {area}")
        return LocalizationQuery(
            id=str(annotation["id"]),
            image=image,
            name=names[annotation["category_id"]],
            width=width,
            height=height,
            box=(x, y, x + wide, y + high),
            resized=resized_coco(box, width, height),
            area=area,
            crowd=bool(annotation.get("iscrowd")),
        )
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        known = annotation.get("id", "without an id")
        raise BadInput(f"{path}: annotation {known!r} cannot be used ({_reason(error)}).") from error


def _list(content: Mapping[str, Any], key: str, path: Path) -> list[Any]:
    found = content.get(key)
    if not isinstance(found, list):
        raise BadInput(f"{path} is no file of COCO's or LVIS's instances: it has no list of {key}.")
    return found


def _reason(error: Exception) -> str:
    return f"there is no {error}" if isinstance(error, KeyError) else first_line(error)
