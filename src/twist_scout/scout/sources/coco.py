"""COCO: captions and instances, each by itself or both."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from twist_scout.data.records import PixelBox
from twist_scout.errors import BadInput, first_line
from twist_scout.scout.items import Entity, SourceItem
from twist_scout.scout.sources.json_source import JsonSource


class CocoSource(JsonSource):
    """One item for each picture.

    ``captions_val2017.json`` and ``instances_val2017.json`` find each other by name. Every class of the instances is
    annotated in full, so a class without an instance is absent; crowds, which are boxed as a whole, are no instances, but
    what they show is not absent either.
    """

    kind = "coco"

    def default_images(self) -> Path:
        """``images`` or the split's folder, beside the annotations or one level up."""
        split = self.path.stem.rpartition("_")[2]
        roots = (self.path.parent, self.path.parent.parent)
        places = [root / name for root in roots for name in (split, "images", f"images/{split}")]
        return next((place for place in places if place.is_dir()), self.path.parent)

    def length(self) -> int:
        """How many pictures there are."""
        return len(self._tables["images"])

    @cached_property
    def _tables(self) -> dict[str, list[dict[str, Any]]]:
        files = [self.path]
        for one, other in (("captions_", "instances_"), ("instances_", "captions_")):
            if self.path.name.startswith(one):
                beside = self.path.with_name(self.path.name.replace(one, other, 1))
                files += [beside] if beside.is_file() else []
        tables: dict[str, list[dict[str, Any]]] = {"images": [], "annotations": [], "categories": []}
        known: set[Any] = set()
        for file in files:
            content = _read(file)
            tables["annotations"] += content.get("annotations", [])
            tables["categories"] += content.get("categories", [])
            for row in content.get("images", []):
                if row["id"] not in known:
                    known.add(row["id"])
                    tables["images"].append(row)
        return tables

    def items(self) -> Iterator[SourceItem]:
        """The pictures in the order of the file."""
        names = {row["id"]: row["name"] for row in self._tables["categories"]}
        captions: dict[Any, list[str]] = defaultdict(list)
        instances: dict[Any, list[dict[str, Any]]] = defaultdict(list)
        for row in self._tables["annotations"]:
            if "caption" in row:
                captions[row["image_id"]].append(" ".join(str(row["caption"]).replace("<box:", "< box:").split()))
            elif "bbox" in row:
                instances[row["image_id"]].append(row)
        for row in self._tables["images"]:
            item = self._item(row, captions[row["id"]], instances[row["id"]], names)
            if item is not None:
                yield item

    def _item(
        self, row: dict[str, Any], captions: list[str], instances: list[dict[str, Any]], names: dict[Any, str]
    ) -> SourceItem | None:
        where = f"{self.path}, image {row['id']}"
        path = self.picture(row["file_name"], where)
        if path is None:
            return None
        width, height = row["width"], row["height"]
        boxes: list[PixelBox] = []
        entities: list[Entity] = []
        crowds = set()
        for instance in instances:
            name = names.get(instance["category_id"])
            if name is None:
                self.tally.note("instance of an unknown class", where)
                continue
            if instance.get("iscrowd"):
                self.tally.events["crowd"] += 1
                crowds.add(name)
                continue
            box = self.box(_corners(instance["bbox"]), width, height, where)
            if box is not None:
                boxes.append(box)
                entities.append(Entity(name=name, boxes=(len(boxes) - 1,)))
        return SourceItem(
            id=str(row["id"]),
            source=self.name,
            image=str(path),
            width=width,
            height=height,
            boxes=tuple(boxes),
            captions=tuple(captions),
            entities=tuple(entities),
            complete=tuple(name for name in names.values() if name not in crowds),
            meta={"file_name": row["file_name"]},
        )


def _corners(box: Any) -> Any:
    """COCO's x, y, width, height as corners; what is no such list is left for the check of boxes to name."""
    try:
        x, y, width, height = (float(value) for value in box)
    except (TypeError, ValueError):
        return box
    return (x, y, x + width, y + height)


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} cannot be read as JSON ({first_line(error)}): download it again.") from error
    if not isinstance(content, dict) or not isinstance(content.get("images"), list):
        raise BadInput(f"{path} is no COCO annotation file: it has no list of images.")
    return content
