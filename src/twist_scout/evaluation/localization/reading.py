"""From a path to a localisation subset."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from twist_scout.data.rows import read_json, read_rows, values_of
from twist_scout.errors import BadInput
from twist_scout.evaluation.localization.coco_files import coco_pictures, is_lvis
from twist_scout.evaluation.localization.frames import resized_coco
from twist_scout.evaluation.localization.queries import MAX_OBJECTS, LocalizationQuery, LocalizationSubset, subset_of
from twist_scout.evaluation.localization.voc_files import is_voc, voc_pictures

TRUTH = "truth.jsonl"


def read_subset(path: str | Path, *, max_objects: int | None = MAX_OBJECTS, split: str = "test") -> LocalizationSubset:
    """Read annotations, and keep the pictures with few of them (PIN's rule).

    Args:
        path: COCO's or LVIS's instances (``.json``), the folder of a year of Pascal VOC, or a ``truth.jsonl`` of drawn
            scenes (or its folder).
        max_objects: the most annotations a picture may have, crowd and difficult ones counted; None: any number.
        split: of Pascal VOC.

    Raises:
        BadInput: the path cannot be read, is none of those, or nothing is left.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise BadInput(f"{path} does not exist: check the path of the annotations.")
    if path.is_dir() and is_voc(path):
        return subset_of("voc", voc_pictures(path, split), max_objects, path=path)
    if path.is_dir() and (path / TRUTH).is_file():
        path = path / TRUTH
    if path.is_dir():
        raise BadInput(f"{path} holds neither Pascal VOC's Annotations nor {TRUTH}: give the file of the annotations.")
    if path.suffix.lower() == ".jsonl":
        return subset_of("toyworld", _drawn(path), max_objects, path=path)
    content = read_json(path)
    if not isinstance(content, dict):
        raise BadInput(f"{path} is no file of COCO's or LVIS's instances: it is a list.")
    return subset_of("lvis" if is_lvis(content) else "coco", coco_pictures(content, path), max_objects, path=path)


def _drawn(path: Path) -> Iterator[list[LocalizationQuery]]:
    """The queries of each drawn scene."""
    for number, row in read_rows(path):
        with values_of(path, number):
            image, width, height = str(row["image"]), int(row["width"]), int(row["height"])
            queries = []
            for place, thing in enumerate(row["objects"]):
                x1, y1, x2, y2 = map(float, thing["box"])
                sides = (x2 - x1, y2 - y1)
                queries.append(
                    LocalizationQuery(
                        id=f"{Path(image).stem}-{place}",
                        image=image,
                        name=str(thing["name"]),
                        width=width,
                        height=height,
                        box=(x1, y1, x2, y2),
                        resized=resized_coco((x1, y1, *sides), width, height),
                        area=sides[0] * sides[1],
                    )
                )
        yield queries
