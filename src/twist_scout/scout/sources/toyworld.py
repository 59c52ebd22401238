"""Drawn scenes with their exact truth: ``truth.jsonl``."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from twist_scout.data.nouns import with_article
from twist_scout.errors import BadRecord
from twist_scout.scout.items import Entity, SourceItem
from twist_scout.scout.sources.source import Source

_ATTRIBUTES = ("color", "size")


class ToyworldSource(Source):
    """One item for each scene; every thing in it is annotated.

    The names of all scenes together are the closed list of things that a scene may lack, so the file is read twice.
    """

    kind = "toyworld"

    def __init__(self, path: Path, images: Path | None = None) -> None:
        file = path / "truth.jsonl" if path.is_dir() else path
        super().__init__(file, images)

    def read(self) -> Iterator[SourceItem]:
        """The scenes in the order of the file."""
        names = Counter(thing["name"] for _, row in self._rows() for thing in row["objects"])
        for number, row in self._rows():
            where = f"{self.path}, line {number}"
            path = self.picture(row["image"], where)
            if path is None:
                continue
            width, height = row["width"], row["height"]
            boxes = [self.box(thing["box"], width, height, where) for thing in row["objects"]]
            if None in boxes:
                continue
            yield SourceItem(
                id=Path(row["image"]).stem,
                source=self.name,
                image=str(path),
                width=width,
                height=height,
                boxes=tuple(box for box in boxes if box is not None),
                captions=(_grounded(row),),
                entities=tuple(
                    Entity(
                        name=thing["name"],
                        boxes=(index,),
                        attributes={key: thing[key] for key in _ATTRIBUTES if key in thing},
                    )
                    for index, thing in enumerate(row["objects"])
                ),
                relations=tuple(
                    (one, words, other) for one, words, other in (*row["relations"], *row.get("interactions", ()))
                ),
                complete=tuple(sorted(names)),
                meta={"seed": row.get("seed"), "split": row.get("split")},
            )

    def _rows(self) -> Iterator[tuple[int, dict[str, Any]]]:
        with self.path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                try:
                    row = json.loads(line)
                    row["image"], row["width"], row["height"], row["objects"], row["relations"]
                except (ValueError, KeyError, TypeError) as error:
                    problem = f"no scene's truth ({error}): write it again with `twist-scout toyworld sample`."
                    raise BadRecord(self.path, number, problem) from error
                yield number, row


def _grounded(row: dict[str, Any]) -> str:
    """``There is a red dog <box:0> and a car <box:1>.``"""
    parts = [f"{with_article(phrase)} <box:{','.join(map(str, boxes))}>" for phrase, boxes in row["grounded_caption"]]
    listed = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return f"There is {listed}."
