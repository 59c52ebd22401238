"""MDETR's and Ferret's files: COCO's layout with one entry of ``images`` for each expression, which is its ``caption``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from twist_scout.data.referring.expression import ReferringExpression, box_inside, corners_of, dataset_of
from twist_scout.data.referring.reader import ReferringReader, words
from twist_scout.data.rows import read_json
from twist_scout.errors import BadInput, first_line


class CocoLikeFile(ReferringReader):
    """``finetune_refcoco_val.json`` and its like; the one annotation of an entry is what its expression means."""

    form = "mdetr"

    def rows(self) -> Iterator[tuple[int, Any]]:
        """Each entry with its annotations."""
        content = read_json(self.path)
        try:
            boxes: dict[Any, list[Any]] = defaultdict(list)
            for annotation in content["annotations"]:
                boxes[annotation["image_id"]].append(annotation)
            entries = [(entry, boxes[entry["id"]]) for entry in content["images"]]
            names = {row["id"]: row["name"] for row in content.get("categories", [])}
        except (TypeError, KeyError, AttributeError) as error:
            raise BadInput(f"{self.path} is not in COCO's layout ({first_line(error)} is missing).") from error
        for number, (entry, found) in enumerate(entries, start=1):
            yield number, (entry, found, names)

    def expressions(self, number: int, row: Any) -> Iterable[ReferringExpression]:
        """The entry's caption, with its box."""
        entry, annotations, names = row
        if len(annotations) != 1:
            raise ValueError(f"{len(annotations)} boxes for one expression")
        (annotation,) = annotations
        width, height = int(entry["width"]), int(entry["height"])
        meta = {
            "dataset": dataset_of(str(entry.get("dataset_name", ""))) or self.file_dataset,
            "image_id": entry.get("original_id", entry.get("original_img_id")),
            "ann_id": annotation.get("original_id"),
            "category": names.get(annotation.get("category_id")),
            "tokens_positive": annotation.get("tokens_positive"),
        }
        yield ReferringExpression(
            id=str(entry["id"]),
            image=str(entry["file_name"]),
            width=width,
            height=height,
            expression=words(entry["caption"]),
            box=box_inside(corners_of(annotation["bbox"]), width, height),
            split=self.file_split,
            meta={key: value for key, value in meta.items() if value is not None},
        )
