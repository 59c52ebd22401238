"""Predictions and truths side by side, as arrays."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from twist_scout.boxes.doctor.numbers_in_text import quads_in
from twist_scout.boxes.jsonl import read_objects, size_of, text_of
from twist_scout.errors import BadInput, BadRecord

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

MOST_ROWS = 2000
"""Rows that are looked at; of more, a fixed random choice."""


@dataclass(frozen=True)
class Row:
    """What a model wrote about one picture, and where the things are.

    Args:
        id: name of the row in both files.
        text: what the model wrote.
        boxes: true boxes ``x1, y1, x2, y2`` in pixels of the original picture, at least one.
        size: width and height of the original picture.
        said_size: the size that the predictions file gives, if any: often that of the picture that
            the model was shown.
    """

    id: str
    text: str
    boxes: tuple[tuple[float, float, float, float], ...]
    size: tuple[int, int]
    said_size: tuple[int, int] | None = None


@dataclass(frozen=True)
class Joined:
    """Rows that are in both files.

    Args:
        rows: the rows.
        without_prediction: ids that only the truth has.
        without_truth: ids that only the predictions have.
    """

    rows: tuple[Row, ...]
    without_prediction: int = 0
    without_truth: int = 0


@dataclass(frozen=True)
class Samples:
    """Every prediction of a row against every true box of that row, flat; K pairs, T true boxes.

    Args:
        rows: the rows that hold numbers.
        unread: how many rows held no four numbers.
        numbers: (K, 4), the numbers as written.
        truth: (T, 4), corners in fractions of the original picture.
        truth_of: (K,), which true box a pair belongs to, ascending.
        first_pair: (T,), the first pair of each true box.
        sizes: (K, 2), width and height of the original picture in pixels.
        said_sizes: (K, 2), the size from the predictions file, or that of the original picture.
        single: (K,), whether the row has one prediction and one true box.
    """

    rows: tuple[Row, ...]
    unread: int
    numbers: FloatArray
    truth: FloatArray
    truth_of: IntArray
    first_pair: IntArray
    sizes: FloatArray
    said_sizes: FloatArray
    single: BoolArray


def join(
    predictions: Iterable[bytes], truth: Iterable[bytes], names: tuple[str, str] = ("predictions", "truth")
) -> Joined:
    """Join the lines of a predictions file and of a truth file by their ids.

    Args:
        predictions: lines ``{"id", "text"}``, with ``width`` and ``height`` where the model was
            shown another size.
        truth: lines ``{"id", "boxes", "width", "height"}``; ``sent_id`` and ``bbox`` (one box) are
            understood too.
        names: what to call the files in messages.

    Raises:
        BadRecord: a line cannot be used.
        BadInput: no id is in both files.
    """
    written: dict[str, tuple[str, tuple[int, int] | None]] = {}
    for number, record in read_objects(predictions, names[0]):
        key = _id(record, names[0], number)
        if key in written:
            raise BadRecord(names[0], number, f"a second prediction for id {key!r}: keep one of them.")
        written[key] = (text_of(record, names[0], number), size_of(record, names[0], number))
    rows: list[Row] = []
    seen: set[str] = set()
    last = ""
    for number, record in read_objects(truth, names[1]):
        key = last = _id(record, names[1], number)
        if key in seen:
            raise BadRecord(names[1], number, f"a second truth for id {key!r}: put all its boxes on one line.")
        seen.add(key)
        size = size_of(record, names[1], number)
        if size is None:
            raise BadRecord(names[1], number, "no width and height: give those of the original picture.")
        boxes = _boxes(record, names[1], number)
        if key in written and boxes:
            rows.append(Row(key, written[key][0], boxes, size, written[key][1]))
    if not seen & written.keys():
        example = next(iter(written), "")
        raise BadInput(
            f"no id of {names[0]} is in {names[1]} (for instance {example!r} there and {last!r} here): "
            "use the same ids in both files."
        )
    return Joined(tuple(rows), len(seen - written.keys()), len(written.keys() - seen))


def choose(rows: Sequence[Row], most: int = MOST_ROWS) -> list[Row]:
    """At most so many rows; the same ones each time."""
    if len(rows) <= most:
        return list(rows)
    return random.Random(0).sample(list(rows), most)


def make_samples(rows: Sequence[Row], read: Callable[[str], list[Any]] = quads_in) -> Samples:
    """Pair the numbers of each row with its true boxes.

    Args:
        rows: the rows.
        read: finds the numbers of a text.
    """
    kept: list[Row] = []
    numbers: list[tuple[float, ...]] = []
    truths: list[tuple[float, ...]] = []
    truth_of: list[int] = []
    sizes: list[tuple[int, int]] = []
    said: list[tuple[int, int]] = []
    single: list[bool] = []
    for row in rows:
        found = read(row.text)
        if not found:
            continue
        kept.append(row)
        width, height = row.size
        for x1, y1, x2, y2 in row.boxes:
            truths.append((x1 / width, y1 / height, x2 / width, y2 / height))
            truth_of += [len(truths) - 1] * len(found)
            numbers += found
            sizes += [row.size] * len(found)
            said += [row.said_size or row.size] * len(found)
            single += [len(found) == 1 == len(row.boxes)] * len(found)
    owners = np.array(truth_of, dtype=np.int64)
    return Samples(
        rows=tuple(kept),
        unread=len(rows) - len(kept),
        numbers=np.array(numbers, dtype=np.float64).reshape(-1, 4),
        truth=np.clip(np.array(truths, dtype=np.float64).reshape(-1, 4), 0.0, 1.0),
        truth_of=owners,
        first_pair=np.searchsorted(owners, np.arange(len(truths))),
        sizes=np.array(sizes, dtype=np.float64).reshape(-1, 2),
        said_sizes=np.array(said, dtype=np.float64).reshape(-1, 2),
        single=np.array(single, dtype=np.bool_),
    )


def _id(record: dict[str, Any], name: str, number: int) -> str:
    for key in ("id", "sent_id"):
        value = record.get(key)
        if isinstance(value, (str, int)) and not isinstance(value, bool):
            return str(value)
    raise BadRecord(name, number, 'no "id": give each line the same id in both files.')


def _boxes(record: dict[str, Any], name: str, number: int) -> tuple[tuple[float, float, float, float], ...]:
    given = record.get("boxes", record.get("bbox"))
    if not isinstance(given, list):
        raise BadRecord(name, number, 'no "boxes": write [[x1, y1, x2, y2], ...] in pixels of the original picture.')
    if given and not isinstance(given[0], list):
        given = [given]
    boxes: list[tuple[float, float, float, float]] = []
    for box in given:
        numbers = isinstance(box, list) and len(box) == 4 and all(type(v) in (int, float) for v in box)
        if not numbers or not all(math.isfinite(v) for v in box):
            raise BadRecord(name, number, f"{str(box)[:60]} is not a box: write four finite numbers.")
        x1, y1, x2, y2 = map(float, box)
        if x2 <= x1 or y2 <= y1:
            raise BadRecord(
                name, number, f"box {box} has no area: write x1, y1, x2, y2 in pixels (not x, y, width, height)."
            )
        boxes.append((x1, y1, x2, y2))
    return tuple(boxes)
