"""What was meant: referring expressions as arrays, a million of them in little memory."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from sys import intern
from typing import Literal

import numpy as np
import numpy.typing as npt

from twist_scout.data.referring import ReferringExpression, open_referring
from twist_scout.data.referring.distractors import Surroundings, with_distractors
from twist_scout.data.referring.expression import split_name
from twist_scout.errors import BadInput

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: What counts as the truth of a phrase with several boxes: the box around them, or each of them.
TruthBoxes = Literal["merged", "any"]
ALL = "all"
UNKNOWN = -1


@dataclass(frozen=True, eq=False)
class Truth:
    """N expressions and the M boxes that they mean; M is N unless phrases with several boxes count each of them.

    Attributes:
        ids: of the expressions, each once.
        expressions: the words.
        images: the pictures' names.
        sizes: (N, 2) width and height of the original pictures in pixels; 1 x 1 where ``sized`` is false.
        boxes: (M, 4) corners in pixels of the original picture; fractions where ``sized`` is false.
        rows: (M,) which expression a box belongs to, ascending.
        around: (N, 4) the box around all boxes of an expression.
        distractors: (N,) other things of the same class in the picture; -1 where that is not known.
        sized: whether the sizes of the pictures are known.
        boxes_counted: which boxes of a phrase with several count.
        left_out: rows of the file that could not be used.
        first_problem: about the first of them.
    """

    ids: Sequence[str]
    expressions: Sequence[str]
    images: Sequence[str | None]
    sizes: FloatArray
    boxes: FloatArray
    rows: IntArray
    around: FloatArray
    distractors: IntArray
    sized: bool = True
    boxes_counted: TruthBoxes = "merged"
    left_out: int = 0
    first_problem: str | None = None

    def __len__(self) -> int:
        return len(self.ids)


def gather(
    expressions: Iterable[ReferringExpression], *, boxes: TruthBoxes = "merged", name: str | Path = "the truth"
) -> Truth:
    """Expressions as arrays.

    Args:
        expressions: they are read once, and not kept.
        boxes: whether of a phrase with several boxes the box around them counts, or each of them.
        name: what to call the truth in messages.

    Raises:
        BadInput: two expressions have one id.
    """
    ids: list[str] = []
    datasets: list[str] = []
    texts: list[str] = []
    images: list[str | None] = []
    sizes, corners, around = array("d"), array("d"), array("d")
    rows, distractors = array("q"), array("q")
    for row, found in enumerate(expressions):
        ids.append(found.id)
        datasets.append(intern(str(found.meta.get("dataset", ""))))
        texts.append(found.expression)
        images.append(intern(found.image))
        sizes.extend((found.width, found.height))
        around.extend(found.box)
        for box in found.boxes if boxes == "any" and found.boxes else (found.box,):
            corners.extend(box)
            rows.append(row)
        known = found.meta.get("distractors")
        distractors.append(known if type(known) is int and known >= 0 else UNKNOWN)
    if len(set(ids)) < len(ids):
        raise _same_id(ids, datasets, name)
    return Truth(
        ids,
        texts,
        images,
        sizes=_floats(sizes, 2),
        boxes=_floats(corners, 4),
        rows=np.frombuffer(rows, dtype=np.int64) if rows else np.zeros(0, np.int64),
        around=_floats(around, 4),
        distractors=np.frombuffer(distractors, dtype=np.int64) if distractors else np.zeros(0, np.int64),
        boxes_counted=boxes,
    )


def read_truth(
    path: str | Path,
    *,
    form: str | None = None,
    split: str | None = None,
    dataset: str | None = None,
    images: str | Path | None = None,
    annotations: str | Path | None = None,
    boxes: TruthBoxes = "merged",
    skip_bad: bool = False,
) -> Truth:
    """Read referring expressions from any of the files in which they are published (`twist_scout.data.referring`).

    Args:
        path: the file or folder.
        form: one of `twist_scout.data.referring.READERS`; told by the file itself if not given.
        split: which split to take, ``all`` for every one. Needed only where the file has several.
        dataset: which data set to take, such as ``refcoco+``, where a file holds several.
        images: the folder of the pictures, for sizes that the file leaves out.
        annotations: COCO's instances of the same pictures, to count things of the same class.
        boxes: whether of a phrase with several boxes the box around them counts, or each of them.
        skip_bad: leave out, and count, rows that cannot be used.

    Raises:
        BadInput: the file cannot be used, has several splits and none was chosen, or has none of that name.
        BadRecord: a row cannot be used, and ``skip_bad`` is off.
    """
    surroundings = Surroundings.read(annotations) if annotations is not None else None
    reader = open_referring(path, form=form, images=images, skip_bad=skip_bad)
    splits: Counter[str] = Counter()
    others: Counter[str] = Counter()
    wanted = split_name(split)

    def taken() -> Iterable[ReferringExpression]:
        for found in reader:
            if dataset is not None and found.meta.get("dataset", dataset) != dataset:
                others[str(found.meta["dataset"])] += 1
                continue
            splits[found.split or ""] += 1
            if split in (None, ALL) or found.split in (None, wanted):
                yield found

    expressions = taken()
    if surroundings is not None:
        expressions = with_distractors(expressions, surroundings)
    truth = gather(expressions, boxes=boxes, name=path)
    named = _counted(splits)
    if split is None and len(splits) > 1:
        raise BadInput(f"{path} holds several splits ({named}): choose one with --split, or all.")
    if not truth.ids and others:
        raise BadInput(f"{path} holds nothing of the data set {dataset!r}: it has {_counted(others)}.")
    if not truth.ids:
        what = f"no expressions of split {split!r}: it has {named or 'none'}" if split else "no referring expressions"
        raise BadInput(f"{path} holds {what}.")
    return replace(truth, left_out=reader.tally["rows left out"], first_problem=reader.first_problem)


def _same_id(ids: Sequence[str], datasets: Sequence[str], name: str | Path) -> BadInput:
    twice = next(id for id, count in Counter(ids).items() if count > 1)
    of = sorted({dataset for id, dataset in zip(ids, datasets, strict=True) if id == twice})
    if len(of) > 1:
        return BadInput(f"{name} has the id {twice!a} in {' and in '.join(of)}: choose one of them with --dataset.")
    return BadInput(f"{name} has two expressions with the id {twice!a}: make ids unique.")


def _counted(names: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(names.items()) if name)


def _floats(values: array[float], columns: int) -> FloatArray:
    if not values:
        return np.zeros((0, columns))
    return np.frombuffer(values, dtype=np.float64).reshape(-1, columns)
