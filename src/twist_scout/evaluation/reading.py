"""From what a model wrote to what an evaluator scores.

Every answer ends as ``parsed`` (all that tries to be a box could be read), ``partial`` (some of it) or ``failed``
(no box at all); `ReadingTally` counts them, and its counts add up to the number of answers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from twist_scout.boxes.box import Box, paired_iou
from twist_scout.boxes.conversion import view_of
from twist_scout.boxes.dialects import BoxSpan, Dialect, get_dialect
from twist_scout.boxes.frame import Frame, Stretched
from twist_scout.boxes.grounded import GroundedText

Status = Literal["parsed", "partial", "failed"]

NO_BOX = "there is no box in the answer"


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read in an answer.

    Attributes:
        status: whether everything that tries to be a box could be read, some of it, or nothing.
        boxes: the boxes in the order of the text.
        spans: the pieces of the text that are or try to be boxes; theirs are fractions of the model's picture.
        reason: why something could not be read, in words; None where all could.
    """

    status: Status
    boxes: tuple[Box, ...]
    spans: tuple[BoxSpan, ...] = ()
    reason: str | None = None


FAILED = Reading("failed", (), (), NO_BOX)
"""The reading of an answer that was never given."""


def read_answer(text: str, codec: Dialect, frame: Frame | None = None) -> Reading:
    """Read the boxes of an answer; never raises on a string.

    Args:
        text: what a model wrote.
        codec: how its boxes are written, bound to the size of the model's picture where it writes pixels
            (`twist_scout.boxes.dialects.get_dialect`).
        frame: how the model saw the picture: with it, boxes are fractions of the original picture, else of the
            model's.
    """
    spans = codec.find(text)
    if not spans:
        return FAILED
    boxes: list[Box] = []
    reason: str | None = None
    for span in spans:
        boxes += span.boxes
        reason = reason or span.problem
    if frame is not None and not isinstance(frame, Stretched):
        boxes = [frame.to_original(box) for box in boxes]
    if not boxes:
        return Reading("failed", (), tuple(spans), reason or NO_BOX)
    return Reading("partial" if reason else "parsed", tuple(boxes), tuple(spans), reason)


class AnswerReader:
    """Reads the answers about many pictures: a dialect, and how its model sees a picture of each size.

    Args:
        dialect: how boxes are written.
        frame: ``stretched``, ``padded`` or ``smart_resized``; without it, as the models of the dialect see pictures.
        max_pixels: limit on the area of a smart-resized picture, instead of the family's own.

    Raises:
        BadConfig: there is no such dialect.
    """

    def __init__(
        self, dialect: str | Dialect = "scout", frame: str | None = None, max_pixels: int | None = None
    ) -> None:
        self.dialect = get_dialect(dialect)
        self.frame = frame
        self.max_pixels = max_pixels
        self._seen: dict[tuple[int, int] | None, tuple[Dialect, Frame]] = {}

    def for_size(self, size: tuple[int, int] | None) -> tuple[Dialect, Frame]:
        """The dialect bound to a picture, and the frame of that picture.

        Args:
            size: width and height of the original picture in pixels; None where unknown.

        Raises:
            BadInput: the size is needed and not known, or the model's preprocessing refuses it.
        """
        bound = self._seen.get(size)
        if bound is None:
            view = view_of(self.dialect, size, self.frame, self.max_pixels)
            bound = self._seen[size] = (get_dialect(self.dialect, view), view)
        return bound

    def read(self, text: str, size: tuple[int, int] | None) -> Reading:
        """The boxes of an answer, in fractions of the original picture.

        Args:
            text: what a model wrote; any string can be read.
            size: width and height of the original picture in pixels; None where unknown.

        Raises:
            BadInput: the size is needed and not known, or the model's preprocessing refuses it.
        """
        codec, view = self.for_size(size)
        return read_answer(text, codec, view)


@dataclass
class ReadingTally:
    """How many answers could be read.

    Attributes:
        parsed: everything in them that tries to be a box.
        partial: at least one box, and not everything.
        failed: no box.
    """

    parsed: int = 0
    partial: int = 0
    failed: int = 0
    _kinds: Counter[str] = field(default_factory=Counter, repr=False)
    _examples: dict[str, str] = field(default_factory=dict, repr=False)

    def add(self, reading: Reading, times: int = 1) -> None:
        """Count a reading, so many times."""
        if reading.status == "parsed":
            self.parsed += times
        elif reading.status == "partial":
            self.partial += times
        else:
            self.failed += times
        if reading.reason is not None:
            kind = _PARTICULARS.sub("", reading.reason)
            self._kinds[kind] += times
            self._examples.setdefault(kind, reading.reason)

    @property
    def total(self) -> int:
        """All answers."""
        return self.parsed + self.partial + self.failed

    def reasons(self, most: int = 5) -> list[tuple[str, int]]:
        """The commonest reasons for which something could not be read, each by its first example, with counts."""
        return [(self._examples[kind], count) for kind, count in self._kinds.most_common(most)]

    def to_dict(self) -> dict[str, int]:
        """The three counts, by the names that every evaluator gives them in its JSON."""
        return {"parsed": self.parsed, "partial": self.partial, "failed": self.failed}

    def __str__(self) -> str:
        return f"{self.parsed:,} parsed, {self.partial:,} partly, {self.failed:,} not"


# What differs between two reasons of one kind: the text at fault, numbers, the name of a dialect.
_PARTICULARS = re.compile(r"'[^']*'|[0-9][0-9.e+]*")


def as_grounded(prediction: str | GroundedText, dialect: str = "scout") -> GroundedText:
    """Read a prediction.

    A string is parsed in ``dialect`` and its boxes are taken as they stand, that is, relative to
    the whole original image. Where a model saw a padded or resized frame, parse with that frame
    first and hand over the :class:`GroundedText`: its boxes are in the original image already.
    """
    if isinstance(prediction, GroundedText):
        return prediction
    return GroundedText.parse(prediction, dialect=dialect)


def first_box_ious(
    predictions: Sequence[str | GroundedText], truths: Sequence[Box], dialect: str = "scout"
) -> tuple[npt.NDArray[np.float64], int]:
    """IoU of each prediction's first box with its truth; a prediction without a readable box scores
    0.

    Args:
        predictions: N predictions.
        truths: N boxes of the original images.
        dialect: how boxes are written in predictions that are plain text.

    Returns:
        IoUs of shape (N,), and how many of the predictions held no readable box.
    """
    firsts = [next(iter(as_grounded(p, dialect).boxes), None) for p in predictions]
    pairs = [(n, box, t) for n, (box, t) in enumerate(zip(firsts, truths, strict=True)) if box]
    ious = np.zeros(len(firsts), dtype=np.float64)
    if pairs:
        rows, found, meant = zip(*pairs, strict=True)
        ious[list(rows)] = paired_iou(found, meant)
    return ious, len(firsts) - len(pairs)
