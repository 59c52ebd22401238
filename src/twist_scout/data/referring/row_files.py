"""One row for each expression, or for each thing: the files that Shikra, Qwen-VL, lmms-eval and OFA read, and your own.

============  ===========================================================================================
``shikra``    ``img_path``, ``expression``, ``bbox``: corners
``qwen``      ``image``, ``sent``, ``bbox``: corners (InternVL's files are the same)
``lmms``      ``file_name``, ``answer``: a list of expressions, ``bbox``: x, y, width, height
``ofa``       ``text``, ``region_coord``: corners with commas between them, the picture itself as base64
``table``     ``image``, ``expression``, and ``bbox`` or ``bbox_xyxy``: corners, or ``bbox_norm``: corners in 0..1
``phrases``   the same with ``phrase`` for ``expression``, and ``bbox`` or ``boxes``: one or several, all of the phrase
``scenes``    this project's ``truth.jsonl`` of drawn scenes: one row each, with the expression of every object
``records``   this project's records of task ``rec``
============  ===========================================================================================

Boxes are in pixels of the original picture. Where a row gives no ``width`` and ``height``, the picture is looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import PurePath
from typing import Any

from twist_scout.data.records import Example, reference_spans
from twist_scout.data.referring.expression import (
    ReferringExpression,
    box_inside,
    corners_of,
    dataset_of,
    enclosing,
    split_name,
)
from twist_scout.data.referring.reader import ReferringReader, words
from twist_scout.data.rows import Row, read_rows

_CORNERS = ("bbox", "bbox_xyxy", "bbox_px", "bbox_xyxy_px")
_KEPT = ("image_id", "ann_id", "ref_id", "category", "raw", "distractors")


class _RowFile(ReferringReader):
    """Rows of JSON lines, a JSON list or CSV."""

    text_key: str
    image_keys: tuple[str, ...] = ("image",)

    def rows(self) -> Iterator[tuple[int, Any]]:
        """The rows as they are."""
        return read_rows(self.path)

    def expressions(self, number: int, row: Any) -> Iterable[ReferringExpression]:
        """One expression."""
        image = self.image(row)
        size = self.size(row, image)
        yield self.made(
            row, image, size, id=_id_of(row, number), text=row[self.text_key], corners=self.corners(row, size)
        )

    def image(self, row: Row) -> str:
        """The picture's name."""
        for key in self.image_keys:
            if isinstance(row.get(key), str) and row[key]:
                return str(row[key])
        raise ValueError(f"there is no picture: the key {self.image_keys[0]!r} is missing or empty")

    def corners(self, row: Row, size: tuple[int, int]) -> Any:
        """x1, y1, x2, y2 in pixels."""
        return _list(row["bbox"])

    def made(
        self, row: Row, image: str, size: tuple[int, int], *, id: str, text: Any, corners: Any
    ) -> ReferringExpression:
        """The expression, checked."""
        width, height = size
        dataset = dataset_of(str(row.get("dataset_name") or row.get("set") or "")) or self.file_dataset
        meta = {"dataset": dataset, **{key: row.get(key) for key in _KEPT}}
        return ReferringExpression(
            id=id,
            image=image,
            width=width,
            height=height,
            expression=words(text),
            box=box_inside(corners, width, height),
            split=split_name(row.get("split")) or self.file_split,
            meta={key: value for key, value in meta.items() if value is not None},
        )


class ShikraFile(_RowFile):
    """``REC_refcoco_unc_val.jsonl`` and its like."""

    form, text_key, image_keys = "shikra", "expression", ("img_path",)


class QwenFile(_RowFile):
    """``refcoco_val.jsonl`` of Qwen-VL and InternVL."""

    form, text_key, image_keys = "qwen", "sent", ("image",)


class TableFile(_RowFile):
    """Your own rows."""

    form, text_key, image_keys = "table", "expression", ("image", "file_name", "image_path")

    def corners(self, row: Row, size: tuple[int, int]) -> Any:
        """From pixels, else from fractions."""
        for key in _CORNERS:
            if row.get(key):
                return _list(row[key])
        x1, y1, x2, y2 = _list(row["bbox_norm"])
        return (x1 * size[0], y1 * size[1], x2 * size[0], y2 * size[1])


class PhraseFile(TableFile):
    """Phrases of captions: one row each, with one box or, under ``boxes``, several."""

    form, text_key = "phrases", "phrase"

    def expressions(self, number: int, row: Any) -> Iterable[ReferringExpression]:
        """One phrase; of several boxes, ``box`` is the one around them."""
        several = _list(row["boxes"]) if row.get("boxes") else []
        if not several:
            yield from super().expressions(number, row)
            return
        image = self.image(row)
        size = self.size(row, image)
        boxes = tuple(box_inside(_list(box), *size) for box in several)
        made = self.made(row, image, size, id=_id_of(row, number), text=row[self.text_key], corners=enclosing(boxes))
        yield replace(made, boxes=boxes if len(boxes) > 1 else ())


class ScenesFile(_RowFile):
    """The truth of drawn scenes."""

    form = "scenes"

    def expressions(self, number: int, row: Any) -> Iterable[ReferringExpression]:
        """One for each object that an expression tells from the others; its id is the picture's name and the object's index."""
        image = self.image(row)
        size = self.size(row, image)
        kinds = [str(thing["name"]) for thing in row["objects"]]
        for index, thing in enumerate(row["objects"]):
            if not thing.get("expression"):
                continue
            about = row | {"category": kinds[index], "distractors": kinds.count(kinds[index]) - 1}
            id = f"{PurePath(image).stem}-{index}"
            yield self.made(about, image, size, id=id, text=thing["expression"], corners=_list(thing["box"]))


class LmmsFile(_RowFile):
    """Rows of the data sets that lmms-eval reads: one thing, several expressions."""

    form, text_key, image_keys = "lmms", "answer", ("file_name", "image")

    def expressions(self, number: int, row: Any) -> Iterable[ReferringExpression]:
        """One for each answer."""
        image = self.image(row)
        size = self.size(row, image)
        answers = _list(row["answer"]) if not isinstance(row["answer"], str) else [row["answer"]]
        if not answers:
            raise ValueError("the list of answers is empty")
        corners = corners_of(_list(row["bbox"]))
        id = str(row.get("question_id", number))
        for place, answer in enumerate(answers):
            yield self.made(row, image, size, id=f"{id}-{place}", text=answer, corners=corners)


class RecordsFile(_RowFile):
    """This project's records: what was asked for stands in ``meta["expression"]``, its box is the first of the answer."""

    form, text_key = "records", "expression"

    def expressions(self, number: int, row: Any) -> Iterable[ReferringExpression]:
        """One, of records of task ``rec``; none of others."""
        example = Example.model_validate(row)
        expression = example.meta.get("expression")
        spans = reference_spans(example.messages[-1].content)
        if example.task != "rec" or example.negative or expression is None or not spans:
            return
        yield ReferringExpression(
            id=example.id,
            image=example.image,
            width=example.width,
            height=example.height,
            expression=words(expression),
            box=example.boxes[spans[0][2][0]],
            split=split_name(example.meta.get("split")) or self.file_split,
            meta={key: value for key, value in example.meta.items() if key not in ("expression", "split")},
        )


def _id_of(row: Row, number: int) -> str:
    id = row.get("sent_id", row.get("id"))
    return str(number if id is None else id)


def _list(value: Any) -> list[Any]:
    """A list as it is, or written as JSON in a CSV cell.

    Raises:
        ValueError: it is none.
    """
    found = json.loads(value) if isinstance(value, str) else value
    if not isinstance(found, (list, tuple)):
        raise ValueError(f"{value!r} is no list")
    return list(found)
