"""Where a model is good: by size of the thing, length of the expression, and things that could be mistaken for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from twist_scout.evaluation.localization.frames import SIZE_CLASSES, size_classes
from twist_scout.evaluation.referring.frames import squeeze
from twist_scout.evaluation.referring.scoring import BoolArray
from twist_scout.evaluation.referring.truth import FloatArray, IntArray, Truth
from twist_scout.evaluation.significance import wilson

LENGTHS: tuple[tuple[int, int | None], ...] = ((1, 1), (2, 3), (4, 6), (7, 10), (11, None))
"""Words of an expression, first and last included."""

DISTRACTORS: tuple[tuple[int, int | None], ...] = ((0, 0), (1, 1), (2, 3), (4, None))
"""Other things of the same class in the picture."""

TITLES = {
    "size_resized224": "size (224 x 224)",
    "size_original": "size (original)",
    "words": "words",
    "distractors": "distractors",
}


@dataclass(frozen=True, slots=True)
class Stratum:
    """A part of the samples.

    Attributes:
        axis: what they were divided by, a key of `TITLES`.
        name: which part: ``small``, ``2-3``, ``4+``.
        total: samples.
        hits: of them right.
        miou: mean IoU of them.
    """

    axis: str
    name: str
    total: int
    hits: int
    miou: float

    @property
    def accuracy(self) -> float:
        """Share of hits."""
        return self.hits / self.total

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the accuracy (Wilson)."""
        return wilson(self.hits, self.total)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "total": self.total,
            "hits": self.hits,
            "accuracy": self.accuracy,
            "interval": list(self.interval),
            "miou": self.miou,
        }


def stratify(truth: Truth, hits: BoolArray, ious: FloatArray) -> tuple[Stratum, ...]:
    """Every part that has samples.

    Sizes are of the box around a thing: its area squeezed to 224 x 224 as PIN takes it, and in pixels of the original
    picture as COCO does, both with the bounds 32 x 32 and 96 x 96. What is not known of a sample leaves it out of that axis.

    Args:
        truth: N expressions.
        hits: (N,) which are right.
        ious: (N,) their IoUs.
    """
    return tuple(
        Stratum(axis, name, int(part.sum()), int(hits[part].sum()), float(ious[part].mean()))
        for axis, name, part in _parts(truth)
        if part.any()
    )


def _parts(truth: Truth) -> Iterator[tuple[str, str, BoolArray]]:
    areas = {"size_resized224": _areas(squeeze(truth.around, truth.sizes))}
    if truth.sized:
        areas["size_original"] = _areas(truth.around)
    for axis, values in areas.items():
        classes = size_classes(values)
        for name in SIZE_CLASSES:
            yield axis, name, classes[name]
    lengths = np.fromiter((len(text.split()) for text in truth.expressions), dtype=np.int64, count=len(truth))
    yield from _ranges("words", lengths, LENGTHS)
    yield from _ranges("distractors", truth.distractors, DISTRACTORS)


def _ranges(
    axis: str, values: IntArray, bounds: Sequence[tuple[int, int | None]]
) -> Iterator[tuple[str, str, BoolArray]]:
    for first, last in bounds:
        name = f"{first}+" if last is None else str(first) if first == last else f"{first}-{last}"
        yield axis, name, (values >= first) & (values <= (np.inf if last is None else last))


def _areas(boxes: FloatArray) -> FloatArray:
    return np.clip(boxes[:, 2:] - boxes[:, :2], 0.0, None).prod(axis=1)
