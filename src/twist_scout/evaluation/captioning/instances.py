"""The annotations that captions are scored against, and which prediction is about which image.

Two forms: COCO's ``instances_*.json`` (crowds included), and the ``truth.jsonl`` of drawn scenes (``twist-scout toyworld
sample``). Of COCO's file, segmentations are dropped while it is read: they are most of it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from twist_scout.data.rows import read_rows
from twist_scout.errors import BadInput, BadRecord, first_line
from twist_scout.evaluation.captioning.records import CaptioningRecord, TrueObject
from twist_scout.evaluation.predictions import Joined, Prediction, Predictions, join


@dataclass(frozen=True, slots=True)
class AnnotatedImage:
    """An image and everything that is annotated in it.

    Attributes:
        id: the image's, as text.
        file_name: the picture's.
        width: pixels of the original image.
        height: pixels of the original image.
        objects: in the order of the file.
    """

    id: str
    file_name: str
    width: int
    height: int
    objects: tuple[TrueObject, ...]


@dataclass(frozen=True, slots=True)
class Annotations:
    """All images, by ascending id (COCO's order), and all classes.

    Attributes:
        path: the file.
        images: by ascending id; ids that are no numbers in the order of the file.
        classes: names, in the order of their ids.
    """

    path: Path
    images: tuple[AnnotatedImage, ...]
    classes: tuple[str, ...]


def read_annotations(path: str | Path) -> Annotations:
    """Read COCO's instances, or the truth of drawn scenes.

    Raises:
        BadInput: the file cannot be read, or is neither.
    """
    path = Path(path)
    return _scenes(path) if path.suffix.lower() == ".jsonl" else _coco(path)


def captioning_records(
    annotations: Annotations, predictions: Predictions, *, only_predicted: bool = False
) -> tuple[list[CaptioningRecord], Joined]:
    """Put each prediction beside the truth of its image.

    A prediction is about the image whose id, file name, or file name without folder or ending its own ``id`` is, or else
    its ``image``.

    Args:
        annotations: the truth.
        predictions: by whatever id.
        only_predicted: leave images without a prediction aside instead of counting their objects as missed.

    Returns:
        A record for each image, in the order of the annotations; and which images have a prediction.

    Raises:
        BadInput: no prediction is about an image, or two are about the same.
    """
    images = _Lookup(annotations.images)
    renamed = Predictions(predictions.path)
    first: dict[str, str] = {}
    for prediction in predictions.values():
        found = images.of(prediction)
        if found is not None and found in first:
            raise BadInput(
                f"{predictions.path}: the predictions {first[found]!r} and {prediction.id!r} are both about image "
                f"{found}: keep one caption for each image."
            )
        renamed[found or prediction.id] = prediction
        if found is not None:
            first[found] = prediction.id
    joined = join(renamed, [image.id for image in annotations.images])
    records = [
        _record(image, renamed.get(image.id))
        for image in annotations.images
        if image.id in renamed or not only_predicted
    ]
    return records, joined


def _record(image: AnnotatedImage, prediction: Prediction | None) -> CaptioningRecord:
    return CaptioningRecord(
        prediction=None if prediction is None else prediction.text,
        width=image.width,
        height=image.height,
        truth=image.objects,
        id=image.id,
        score=None if prediction is None else prediction.score,
        image=image.file_name,
    )


class _Lookup:
    """Images by everything they may be called; what several are called names none."""

    def __init__(self, images: Sequence[AnnotatedImage]) -> None:
        self._ids = {image.id for image in images}
        self._names: dict[str, str] = {}
        forms = [(form, image.id) for image in images for form in _forms(image.file_name)]
        often = Counter(form for form, _ in forms)
        self._names = {form: id for form, id in forms if often[form] == 1}

    def of(self, prediction: Prediction) -> str | None:
        for called in (prediction.id, prediction.image):
            if called is None:
                continue
            plain = called.lstrip("0") if called.isascii() and called.isdigit() else called
            if called in self._ids or (plain or "0") in self._ids:
                return called if called in self._ids else plain or "0"
            for form in _forms(called):
                if form in self._names:
                    return self._names[form]
        return None


def _forms(name: str) -> tuple[str, ...]:
    """A file name as it is, without its folder, and without its ending too."""
    path = PurePosixPath(name.replace("\\", "/"))
    return tuple(dict.fromkeys((name, path.name, path.stem)))


def _coco(path: Path) -> Annotations:
    try:
        with path.open(encoding="utf-8-sig") as file:
            content = json.load(file, object_hook=_without_segmentation)
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror or error}): check the path.") from error
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path} cannot be read as JSON ({first_line(error)}): was the file cut short?") from error
    if not isinstance(content, dict) or not {"images", "annotations", "categories"} <= content.keys():
        raise BadInput(
            f"{path} is not in COCO's form: instances_*.json has images, annotations and categories; the truth of drawn "
            "scenes ends in .jsonl."
        )
    try:
        return _from_coco(path, content)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadInput(f"{path} is not in COCO's form ({first_line(error)}).") from error


def _without_segmentation(value: dict[str, Any]) -> dict[str, Any]:
    value.pop("segmentation", None)
    return value


def _from_coco(path: Path, content: dict[str, Any]) -> Annotations:
    names = {row["id"]: str(row["name"]) for row in content["categories"]}
    things: dict[Any, list[TrueObject]] = {row["id"]: [] for row in content["images"]}
    for row in content["annotations"]:
        if row["image_id"] not in things:
            raise ValueError(f"annotation {row.get('id')} is of image {row['image_id']}, which is not listed")
        x, y, width, height = map(float, row["bbox"])
        if row["category_id"] not in names:
            raise ValueError(f"annotation {row.get('id')} is of category {row['category_id']}, which is not listed")
        area = row.get("area")
        things[row["image_id"]].append(
            TrueObject(
                names[row["category_id"]],
                (x, y, width, height),
                None if area is None else float(area),
                bool(row.get("iscrowd", 0)),
            )
        )
    images = sorted(content["images"], key=lambda row: row["id"])
    listed = tuple(
        AnnotatedImage(
            str(row["id"]),
            str(row.get("file_name", "")),
            _pixels(row["width"]),
            _pixels(row["height"]),
            tuple(things[row["id"]]),
        )
        for row in images
    )
    return Annotations(path, listed, tuple(names[id] for id in sorted(names)))


def _scenes(path: Path) -> Annotations:
    images = []
    for number, row in read_rows(path):
        try:
            objects = []
            for thing in row["objects"]:
                x1, y1, x2, y2 = map(float, thing["box"])
                objects.append(TrueObject(str(thing["name"]), (x1, y1, x2 - x1, y2 - y1)))
            name = str(row["image"])
            size = _pixels(row["width"]), _pixels(row["height"])
            images.append(AnnotatedImage(name, name, *size, tuple(objects)))
        except (KeyError, TypeError, ValueError) as error:
            problem = (
                f"no drawn scene ({first_line(error)}): it has image, width, height and objects with name and box."
            )
            raise BadRecord(path, number, problem) from error
    names = sorted({thing.name for image in images for thing in image.objects})
    return Annotations(path, tuple(images), tuple(names))


def _pixels(value: Any) -> int:
    pixels = int(value)
    if pixels < 1:
        raise ValueError(f"an image has a side of {pixels} pixels")
    return pixels
