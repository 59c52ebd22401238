"""Answers under a convention: one IoU and one verdict for each expression, without a loop over samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from twist_scout.boxes.dialects import Codec
from twist_scout.boxes.grounded import GroundedText
from twist_scout.errors import BadInput
from twist_scout.evaluation.reading import AnswerReader, ReadingTally
from twist_scout.evaluation.referring.conventions import Convention, Route
from twist_scout.evaluation.referring.samples import (
    Found,
    Problem,
    Samples,
    Size,
    collect,
    read_boxes,
    read_named_boxes,
)
from twist_scout.evaluation.referring.truth import FloatArray, IntArray

BoolArray = npt.NDArray[np.bool_]

NOISE = 1e-9
"""IoUs that differ by no more are the same: whether 0.5 is 0.5 must not hang on the last bit of a float."""

NO_BOX = -1


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a convention makes of N answers.

    Attributes:
        convention: which one.
        ious: (N,) IoU of the box that counts; 0 where there is none.
        hits: (N,) whether the answer is right.
        boxes: (N, 4) the box that counts, in pixels of the original picture; NaN where there is none.
        places: (N,) which box of the answer it is, from 0; -1 where there is none.
        counts: (N,) how many boxes the convention finds in the answer.
        how: (N,) how its numbers were taken, as `frames.How`.
        problems: (N,) why there is none, as `samples.Problem`.
        own: whether the convention read the texts itself.
    """

    convention: Convention
    ious: FloatArray
    hits: BoolArray
    boxes: FloatArray
    places: IntArray
    counts: IntArray
    how: npt.NDArray[np.uint8]
    problems: npt.NDArray[np.uint8]
    own: bool

    def accuracy_at(self, threshold: float) -> float:
        """Share of answers whose IoU reaches a threshold, by the convention's rule; NaN where there are none."""
        return float(reaches(self.ious, threshold, strict=self.convention.strict).mean()) if len(self.ious) else np.nan


class Scorer:
    """Scores the same answers under several conventions; what they share is read once.

    Args:
        samples: the answers and what was meant.
        dialect: how boxes are written in them; or a reader that knows all this.
        frame: how the model saw pictures; without it, as the models of the dialect do.
        max_pixels: limit on the area of a smart-resized picture, instead of the family's own.

    Raises:
        BadConfig: there is no such dialect or frame.
    """

    def __init__(
        self,
        samples: Samples,
        dialect: str | AnswerReader = "scout",
        frame: str | None = None,
        max_pixels: int | None = None,
    ) -> None:
        reader = dialect if isinstance(dialect, AnswerReader) else AnswerReader(dialect, frame, max_pixels)
        if not samples.truth.sized and reader.frame is None:
            reader = AnswerReader(reader.dialect, "stretched", reader.max_pixels)
        self.samples, self.reader = samples, reader
        self._read: tuple[Found, ReadingTally] | None = None

    @property
    def dialect(self) -> str:
        """Its name."""
        return self.reader.dialect.name

    @property
    def found(self) -> Found:
        """The boxes that the dialect reads, in pixels of the original pictures."""
        return self._reading()[0]

    @property
    def tally(self) -> ReadingTally:
        """How many of the answers that were given the dialect could read."""
        return self._reading()[1]

    def score(self, convention: Convention) -> Outcome:
        """All answers under a convention.

        Raises:
            BadInput: the convention or the dialect needs the size of the pictures, which is not known.
        """
        truth = self.samples.truth
        if convention.needs_size and not truth.sized:
            raise BadInput(
                f"The convention {convention.name!r} needs the size of every picture: give width and height."
            )
        own = convention.reads_itself(self.dialect)
        route = convention.own if own else convention.given
        if own:
            found = _own_boxes(self.samples, convention)
        elif convention.same_phrase and isinstance(self.reader.dialect, Codec) and self.reader.dialect.names_phrases:
            found = read_named_boxes(self.samples, self.reader)
        else:
            found = self.found
        return _scored(self.samples, convention, route, found, own)

    def _reading(self) -> tuple[Found, ReadingTally]:
        if self._read is None:
            self._read = read_boxes(self.samples, self.reader)
        return self._read


def reaches(ious: FloatArray, threshold: float, *, strict: bool = False) -> BoolArray:
    """(N,) whether IoUs reach a threshold; with ``strict``, exceed it."""
    return ious > threshold + NOISE if strict else ious >= threshold - NOISE


def pair_ious(a: FloatArray, b: FloatArray) -> FloatArray:
    """(P,) IoU of rows of corners, whatever they hold: 0 for boxes that are inverted, infinite or NaN."""
    with np.errstate(all="ignore"):
        overlap = np.clip(np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2]), 0.0, None).prod(axis=1)
        areas = [np.clip(box[:, 2:] - box[:, :2], 0.0, None).prod(axis=1) for box in (a, b)]
        ious = overlap / (areas[0] + areas[1] - overlap)
    return np.where(np.isfinite(ious), np.minimum(ious, 1.0), 0.0)


def _own_boxes(samples: Samples, convention: Convention) -> Found:
    read, expressions = convention.read, samples.truth.expressions
    assert read is not None

    def numbers(answer: str | GroundedText, row: int, size: Size) -> tuple[Sequence[Any], Problem]:
        return read(answer if isinstance(answer, str) else answer.text, expressions[row])

    return collect(samples, numbers)


def _scored(samples: Samples, convention: Convention, route: Route, found: Found, own: bool) -> Outcome:
    truth, count = samples.truth, len(samples)
    problems = found.problems.copy()
    box_counts = found.counts
    if convention.takes == "only":
        problems[box_counts > 1] = Problem.several
    numbers, rows = _eligible(convention, found, problems)
    with np.errstate(over="ignore", invalid="ignore"):
        placed = route.place(found.boxes[numbers], truth.sizes[rows])
    rows_of_placed = rows[placed.sources]
    ious = _against_truth(placed.boxes, rows_of_placed, route.space.truth(truth), truth.rows, count)
    best = _first_best(ious, rows_of_placed, count)
    has = best >= 0
    result = np.zeros(count)
    result[has] = ious[best[has]]
    boxes = np.full((count, 4), np.nan)
    with np.errstate(over="ignore", invalid="ignore"):
        boxes[has] = route.space.to_pixels(placed.boxes[best[has]], truth.sizes[has])
    places = np.full(count, NO_BOX, dtype=np.int64)
    chosen = numbers[placed.sources[best[has]]]
    places[has] = chosen - np.searchsorted(found.rows, found.rows[chosen])
    how = np.zeros(count, dtype=np.uint8)
    how[has] = placed.how[best[has]]
    if convention.without_box is not None:
        _give(convention.without_box, ~has & (problems != Problem.missing), samples, route, result, boxes)
    hits = reaches(result, convention.threshold, strict=convention.strict)
    hits &= ~samples.missing
    return Outcome(convention, result, hits, boxes, places, box_counts, how, problems, own)


def _eligible(convention: Convention, found: Found, problems: npt.NDArray[np.uint8]) -> tuple[IntArray, IntArray]:
    """Which of the boxes found may count, as (P,) indices, and the (P,) answers they belong to."""
    if convention.takes == "first":
        rows, numbers = np.unique(found.rows, return_index=True)
        return numbers.astype(np.int64), rows
    numbers = np.flatnonzero(problems[found.rows] == Problem.none)
    return numbers, found.rows[numbers]


def _against_truth(
    boxes: FloatArray, rows: IntArray, truth: FloatArray, truth_rows: IntArray, count: int
) -> FloatArray:
    """(L,) for each box, its IoU with the true box of its expression that it fits best."""
    if len(truth) == count:  # one true box each
        return pair_ious(boxes, truth[rows])
    starts = np.searchsorted(truth_rows, np.arange(count + 1))
    meant = (starts[1:] - starts[:-1])[rows]
    firsts = np.cumsum(meant) - meant
    pairs = np.arange(int(meant.sum())) - np.repeat(firsts, meant) + np.repeat(starts[rows], meant)
    ious = pair_ious(np.repeat(boxes, meant, axis=0), truth[pairs])
    return np.maximum.reduceat(ious, firsts) if len(ious) else ious


def _first_best(ious: FloatArray, rows: IntArray, count: int) -> IntArray:
    """(N,) for each answer, the first of its boxes with the largest IoU; -1 where it has none."""
    order = np.lexsort((np.arange(len(rows)), -ious, rows))
    answers, firsts = np.unique(rows[order], return_index=True)
    best = np.full(count, NO_BOX, dtype=np.int64)
    best[answers] = order[firsts]
    return best


def _give(
    box: tuple[float, float, float, float],
    to: BoolArray,
    samples: Samples,
    route: Route,
    ious: FloatArray,
    boxes: FloatArray,
) -> None:
    """Give answers without a box the one that their convention puts in its place."""
    rows = np.flatnonzero(to)
    given = np.tile(np.array(box), (len(rows), 1))
    truth = samples.truth
    ious[rows] = _against_truth(given, rows, route.space.truth(truth), truth.rows, len(samples))
    boxes[rows] = route.space.to_pixels(given, truth.sizes[rows])
