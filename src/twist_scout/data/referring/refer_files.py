"""The original files of RefCOCO, RefCOCO+ and RefCOCOg: ``refs(unc).p`` with ``instances.json`` beside it.

A reference is one thing in one picture with several sentences about it; each sentence is an expression. Lists of the same
references as JSON are read too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from twist_scout.data.referring.distractors import Surroundings, others_of_the_class
from twist_scout.data.referring.expression import (
    ReferringExpression,
    box_inside,
    corners_of,
    split_name,
)
from twist_scout.data.referring.plain_pickle import load_plain_pickle, text_of
from twist_scout.data.referring.reader import ReferringReader, words
from twist_scout.data.rows import read_json
from twist_scout.errors import BadInput, first_line

INSTANCES = "instances.json"
_SPLIT_BY = re.compile(r"\((\w+)\)")


class ReferFiles(ReferringReader):
    """``refs(unc).p``, ``refs(umd).p``, ``refs(google).p``, or a folder that holds one of them.

    The words are those of ``sent``, which evaluations use; ``raw`` is kept in ``meta``.
    """

    form = "refer"

    def __init__(self, path: Path, images: Path | None = None, *, skip_bad: bool = False) -> None:
        super().__init__(_refs_of(path), images, skip_bad=skip_bad)
        found = _SPLIT_BY.search(self.path.name)
        self.split_by = found[1] if found else None

    def rows(self) -> Iterator[tuple[int, Any]]:
        """The references, with text instead of bytes."""
        loaded = read_json(self.path) if self.path.suffix == ".json" else load_plain_pickle(self.path)
        if not isinstance(loaded, list):
            raise BadInput(f"{self.path} holds no list of references: give the file refs(unc).p or its like.")
        for number, row in enumerate(loaded, start=1):
            yield number, {text_of(key): value for key, value in row.items()} if isinstance(row, dict) else row

    def expressions(self, number: int, row: Any) -> Iterable[ReferringExpression]:
        """One for each sentence."""
        annotation = self._annotations[row["ann_id"]]
        picture = self._pictures[row["image_id"]]
        width, height = int(picture["width"]), int(picture["height"])
        box = box_inside(corners_of(annotation["bbox"]), width, height)
        common = {
            "dataset": self.file_dataset,
            "split_by": self.split_by,
            "image_id": row["image_id"],
            "ann_id": row["ann_id"],
            "ref_id": row.get("ref_id"),
            "category": self._categories.get(row.get("category_id")),
            "distractors": self._distractors(row["image_id"], annotation.get("category_id")),
        }
        known = {key: value for key, value in common.items() if value is not None}
        for sentence in row["sentences"]:
            told = {text_of(key): value for key, value in sentence.items()}
            raw = {"raw": text_of(told["raw"])} if isinstance(told.get("raw"), (str, bytes)) else {}
            yield ReferringExpression(
                id=str(told["sent_id"]),
                image=str(picture["file_name"]),
                width=width,
                height=height,
                expression=words(text_of(told["sent"])),
                box=box,
                split=split_name(_plain(row.get("split"))) or self.file_split,
                meta={**known, **raw},
            )

    @cached_property
    def _tables(self) -> dict[str, Any]:
        path = self.path.with_name(INSTANCES)
        if not path.is_file():
            raise BadInput(f"{path} does not exist: the boxes of {self.path.name} are in it; put both in one folder.")
        content = read_json(path)
        if not isinstance(content, dict) or not {"images", "annotations"} <= set(content):
            raise BadInput(f"{path} is no COCO annotation file: it has no images and annotations.")
        return content

    @cached_property
    def _annotations(self) -> dict[Any, Any]:
        return self._by_id("annotations")

    @cached_property
    def _pictures(self) -> dict[Any, Any]:
        return self._by_id("images")

    @cached_property
    def _categories(self) -> dict[Any, str]:
        return {row["id"]: row["name"] for row in self._tables.get("categories", [])}

    @cached_property
    def _surroundings(self) -> Surroundings:
        return Surroundings(self._tables, self.path.with_name(INSTANCES))

    def _distractors(self, image_id: Any, category: Any) -> int | None:
        """Other things of the class in the picture; None where the annotations name no classes."""
        if category is None:
            return None
        return others_of_the_class(self._surroundings.things(image_id), category)

    def _by_id(self, table: str) -> dict[Any, Any]:
        try:
            return {row["id"]: row for row in self._tables[table]}
        except (TypeError, KeyError) as error:
            path = self.path.with_name(INSTANCES)
            raise BadInput(f"{path} has an entry without an id in {table} ({first_line(error)}).") from error


def _plain(value: Any) -> str:
    return text_of(value) if isinstance(value, (str, bytes)) else ""


def _refs_of(path: Path) -> Path:
    """The file itself, or the one in a folder.

    Raises:
        BadInput: a folder has none, or several.
    """
    if not path.is_dir():
        return path
    found = sorted(path.glob("refs(*).p"))
    if len(found) != 1:
        names = ", ".join(file.name for file in found)
        raise BadInput(f"{path} holds {f'several ({names}): name one of them' if names else 'no refs(...).p'}.")
    return found[0]
