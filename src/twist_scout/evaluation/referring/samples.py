"""Answers beside what was meant, and the boxes that the dialect reads in them."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from twist_scout.boxes.box import Box
from twist_scout.boxes.dialects import Codec
from twist_scout.boxes.grounded import GroundedText
from twist_scout.errors import BadInput
from twist_scout.evaluation.predictions import Joined, Predictions, join
from twist_scout.evaluation.reading import AnswerReader, Reading, ReadingTally
from twist_scout.evaluation.referring.quick import read_quickly
from twist_scout.evaluation.referring.truth import UNKNOWN, FloatArray, IntArray, Truth

Quad = tuple[float, float, float, float]
Size = tuple[int, int] | None
ReadRow = Callable[[str | GroundedText, int, Size], tuple[Sequence[Quad], "Problem"]]


class Problem(IntEnum):
    """Why an evaluator finds nothing to score in an answer."""

    none = 0
    missing = 1
    no_box = 2
    several = 3
    phrase = 4
    foreign_bracket = 5
    off_grid = 6


@dataclass(frozen=True, slots=True)
class ReferringRecord:
    """What a model answered to one referring expression, and the box that was meant.

    Attributes:
        prediction: the answer as text, or read already; None where nothing was predicted, which is a miss.
        truth: the box that was meant, in fractions of the original picture.
        id: of the expression; its place among the records if not given.
        size: width and height of the original picture in pixels; conventions that cut coordinates to whole pixels, pad or
            guess need it, and so do dialects of pixels or padded squares.
        expression: the words; the convention of Kosmos-2 compares them.
        image: the picture's name.
        distractors: how many other things of the same class are in the picture, if known.
    """

    prediction: str | GroundedText | None
    truth: Box
    id: str | None = None
    size: tuple[int, int] | None = None
    expression: str = ""
    image: str | None = None
    distractors: int | None = None


@dataclass(frozen=True, eq=False)
class Samples:
    """N expressions with the answers to them.

    Attributes:
        truth: what was meant.
        answers: (N,) what was predicted; None where nothing was.
        unknown: ids of predictions that the truth does not have; they are not scored.
    """

    truth: Truth
    answers: Sequence[str | GroundedText | None]
    unknown: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.answers)

    @property
    def missing(self) -> npt.NDArray[np.bool_]:
        """(N,) whether nothing was predicted."""
        return np.fromiter((answer is None for answer in self.answers), dtype=bool, count=len(self.answers))


@dataclass(frozen=True, eq=False)
class Found:
    """K boxes that were read in N answers.

    Attributes:
        boxes: (K, 4) numbers; what they mean is for the convention to say.
        rows: (K,) which answer a box was read in, ascending.
        problems: (N,) why an answer has none, as `Problem`.
    """

    boxes: FloatArray
    rows: IntArray
    problems: npt.NDArray[np.uint8]

    @property
    def counts(self) -> IntArray:
        """(N,) how many boxes were read in each answer."""
        return np.bincount(self.rows, minlength=len(self.problems)).astype(np.int64)


def from_predictions(truth: Truth, predictions: Predictions) -> Samples:
    """Join predictions to the truth by id.

    Raises:
        BadInput: not one id is in both.
    """
    joined: Joined = join(predictions, truth.ids)
    answers = [found.text if (found := predictions.get(id)) is not None else None for id in truth.ids]
    return Samples(truth, answers, joined.unknown)


def from_records(records: Iterable[ReferringRecord]) -> Samples:
    """Join records that hold both.

    Raises:
        BadInput: some records give the size of their picture and some do not, or two have one id.
    """
    rows = list(records)
    ids = [str(number) if row.id is None else row.id for number, row in enumerate(rows)]
    if len(set(ids)) < len(ids):
        raise BadInput("Two records have one id: make ids unique, or leave them out.")
    sized = all(row.size is not None for row in rows)
    if not sized and any(row.size is not None for row in rows):
        raise BadInput("Some records give the size of their picture and some do not: give it for all or for none.")
    sizes = np.array([row.size or (1, 1) for row in rows], dtype=np.float64).reshape(-1, 2)
    boxes = np.array([row.truth.as_tuple() for row in rows], dtype=np.float64).reshape(-1, 4) * np.tile(sizes, 2)
    truth = Truth(
        ids,
        [row.expression for row in rows],
        [row.image for row in rows],
        sizes=sizes,
        boxes=boxes,
        rows=np.arange(len(rows)),
        around=boxes,
        distractors=np.array([UNKNOWN if row.distractors is None else row.distractors for row in rows], dtype=np.int64),
        sized=sized,
    )
    return Samples(truth, [row.prediction for row in rows])


def read_boxes(samples: Samples, reader: AnswerReader) -> tuple[Found, ReadingTally]:
    """The boxes that a dialect reads in the answers, in pixels of the original pictures, in the order of the text.

    Returns:
        The boxes, and how many of the answers that were given could be read.

    Raises:
        BadInput: the dialect needs the size of the pictures, which is not known; or its model refuses a picture.
    """
    quick, rows = read_quickly(samples.answers, samples.truth, reader)
    tally = ReadingTally(parsed=len(rows))

    def read(answer: str | GroundedText, row: int, size: Size) -> tuple[list[Quad], Problem]:
        reading = _reading(answer, reader, size)
        tally.add(reading)
        return [box.as_tuple() for box in reading.boxes], Problem.none if reading.boxes else Problem.no_box

    others = collect(samples, read, done=rows)
    order = np.argsort(np.concatenate([rows, others.rows]), kind="stable")
    boxes = np.concatenate([quick, others.boxes])[order]
    found = Found(boxes, np.concatenate([rows, others.rows])[order], others.problems)
    return _in_pixels(found, samples), tally


def read_named_boxes(samples: Samples, reader: AnswerReader) -> Found:
    """The same, of a dialect that says which words a box belongs to: only boxes whose words are the expression.

    Answers that were read already count whole.
    """

    def read(answer: str | GroundedText, row: int, size: Size) -> tuple[list[Quad], Problem]:
        reading = _reading(answer, reader, size)
        if not isinstance(answer, str) or not reading.boxes:
            return [box.as_tuple() for box in reading.boxes], Problem.none if reading.boxes else Problem.no_box
        bound, view = reader.for_size(size)
        assert isinstance(bound, Codec)
        wanted = samples.truth.expressions[row].strip()
        named = [span for span in reading.spans if span.boxes and bound.words(answer, span).strip() == wanted]
        boxes = [view.to_original(box).as_tuple() for span in named for box in span.boxes]
        return boxes, Problem.none if named else Problem.phrase

    return _in_pixels(collect(samples, read), samples)


def collect(samples: Samples, read: ReadRow, done: IntArray | None = None) -> Found:
    """Read every answer that was given.

    Args:
        samples: the answers.
        read: from an answer, its number and the size of its picture to the numbers of its boxes, or why there are none.
        done: numbers of answers that are to be left out.
    """
    numbers, rows = array("d"), array("q")
    problems = np.zeros(len(samples), dtype=np.uint8)
    waiting = np.ones(len(samples), dtype=bool)
    if done is not None:
        waiting[done] = False
    sized, sizes = samples.truth.sized, samples.truth.sizes
    for row in np.flatnonzero(waiting).tolist():
        answer = samples.answers[row]
        if answer is None:
            problems[row] = Problem.missing
            continue
        width, height = sizes[row].tolist() if sized else (0, 0)
        quads, problem = read(answer, row, (int(width), int(height)) if sized else None)
        if problem:
            problems[row] = problem
            continue
        for quad in quads:
            numbers.extend(quad)
            rows.append(row)
    if not rows:
        return Found(np.zeros((0, 4)), np.zeros(0, np.int64), problems)
    boxes = np.frombuffer(numbers, dtype=np.float64).reshape(-1, 4)
    return Found(boxes, np.frombuffer(rows, dtype=np.int64), problems)


def _reading(answer: str | GroundedText, reader: AnswerReader, size: Size) -> Reading:
    if isinstance(answer, str):
        return reader.read(answer, size)
    boxes, unread = tuple(answer.boxes), answer.unread
    reason = unread[0].reason if unread else None
    if not boxes:
        return Reading("failed", (), (), reason or "there is no box in the answer")
    return Reading("partial" if unread else "parsed", boxes, (), reason)


def _in_pixels(found: Found, samples: Samples) -> Found:
    return replace(found, boxes=found.boxes * np.tile(samples.truth.sizes, 2)[found.rows])
