"""Visual Genome: phrases about regions of a picture."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from twist_scout.data.records import PixelBox
from twist_scout.errors import BadInput, first_line
from twist_scout.scout.items import Entity, SourceItem
from twist_scout.scout.sources.json_source import JsonSource

PER_CAPTION = 6  # regions that are told in one caption


class VisualGenomeSource(JsonSource):
    """One item for each picture of ``region_descriptions.json``.

    Sizes come from ``image_data.json`` beside it, else from the picture. The pictures are expected in ``VG_100K``,
    ``VG_100K_2`` or ``images``.
    """

    kind = "vg"

    def length(self) -> int:
        """How many pictures there are."""
        return len(self._rows)

    @cached_property
    def _rows(self) -> list[dict[str, Any]]:
        rows = _read(self.path)
        if any(not isinstance(row, dict) or "regions" not in row for row in rows[:1]):
            raise BadInput(f"{self.path} holds no region descriptions: give region_descriptions.json.")
        return rows

    @cached_property
    def _sizes(self) -> dict[Any, tuple[int, int]]:
        file = self.path.with_name("image_data.json")
        rows = _read(file) if file.is_file() else []
        return {row.get("image_id", row.get("id")): (row["width"], row["height"]) for row in rows}

    def items(self) -> Iterator[SourceItem]:
        """The pictures in the order of the file."""
        for row in self._rows:
            number = row.get("id", row.get("image_id"))
            where = f"{self.path}, image {number}"
            path = self._picture(number, where)
            if path is None:
                continue
            size = self._sizes.get(number) or self.size(path, where)
            if size is not None:
                yield self._item(str(number), path, size, row["regions"], where)

    def _picture(self, number: Any, where: str) -> Path | None:
        for folder in ("VG_100K", "VG_100K_2", "images", "."):
            path = self.images / folder / f"{int(number)}.jpg"
            if path.is_file():
                return path
        self.tally.note("picture missing", f"{where} ({self.images})")
        return None

    def _item(
        self, id: str, path: Path, size: tuple[int, int], regions: list[dict[str, Any]], where: str
    ) -> SourceItem:
        boxes: list[PixelBox] = []
        told: list[str] = []
        entities: list[Entity] = []
        for region in regions:
            x, y = region["x"], region["y"]
            box = self.box((x, y, x + region["width"], y + region["height"]), *size, where)
            phrase = " ".join(str(region["phrase"]).replace("<box:", "< box:").split()).rstrip(".")
            if box is None or not phrase:
                continue
            boxes.append(box)
            told.append(f"{phrase} <box:{len(boxes) - 1}>")
            entities.append(Entity(name=phrase.lower(), boxes=(len(boxes) - 1,)))
        parts = [told[start : start + PER_CAPTION] for start in range(0, len(told), PER_CAPTION)]
        return SourceItem(
            id=id,
            source=self.name,
            image=str(path),
            width=size[0],
            height=size[1],
            boxes=tuple(boxes),
            captions=tuple("; ".join(part) + "." for part in parts),
            entities=tuple(entities),
        )


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} cannot be read as JSON ({first_line(error)}): download it again.") from error
    if not isinstance(rows, list):
        raise BadInput(f"{path} is no file of Visual Genome: it holds no list.")
    return rows
