"""What a dialect of this package reaches on the predictions, read in earnest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from twist_scout.boxes.box import Box, boxes_array, iou_matrix
from twist_scout.boxes.conversion import view_of
from twist_scout.boxes.dialects import Dialect, get_dialect, known_dialects
from twist_scout.boxes.doctor.samples import FloatArray, Row
from twist_scout.boxes.doctor.scoring import Score
from twist_scout.boxes.frame import Stretched
from twist_scout.errors import BadInput

_TRIAL_ROWS = 300
_SPELLING_ROWS = 50
_ANY_SIZE = (10_000, 10_000)  # for dialects of pixels: how numbers are spelled does not depend on it


@dataclass(frozen=True)
class Remedy:
    """A dialect and frame of this package that read the boxes as they are written.

    Args:
        dialect: its name.
        frame: name of the frame; None is the dialect's own.
        score: what it reaches on the rows it was tried on.
    """

    dialect: str
    frame: str | None
    score: Score

    def __str__(self) -> str:
        return f"--dialect {self.dialect}" + (f" --frame {self.frame}" if self.frame else "")

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"dialect": self.dialect, "frame": self.frame, **self.score.to_dict()}


def dialect_ious(
    rows: Sequence[Row], dialect: Dialect, frame: str | None = None, max_pixels: int | None = None
) -> tuple[FloatArray, int]:
    """Read the predictions with a dialect and compare them with the truth.

    Args:
        rows: the rows.
        dialect: how boxes are read.
        frame: how the model saw the picture; None is the dialect's own frame.
        max_pixels: limit on the area of a smart-resized picture, instead of the dialect's own.

    Returns:
        (T,) for each true box, the IoU of the box of its row that fits best; and in how many rows
        no box could be read.

    Raises:
        BadConfig: there is no such frame.
        BadImage: the frame refuses a picture of some shape.
    """
    ious: list[float] = []
    empty = 0
    for row in rows:
        view = view_of(dialect, row.size, frame, max_pixels)
        spans = get_dialect(dialect, view).find(row.text)
        boxes = [view.to_original(box) for span in spans for box in span.boxes]
        empty += not boxes
        truth = boxes_array(
            [Box.from_pixels(*box, width=row.size[0], height=row.size[1], clip=True) for box in row.boxes]
        )
        ious += iou_matrix(truth, boxes).max(axis=1, initial=0.0).tolist()
    return np.array(ious, dtype=np.float64), empty


def find_remedy(rows: Sequence[Row], wanted: float, dialect: str) -> Remedy | None:
    """The dialect and frame that reach a mean IoU, if there is one.

    Of several, first the user's own dialect, then the one that spells most of the text as it is.

    Args:
        rows: the rows; the first few hundred are tried.
        wanted: the mean IoU that the best reading reaches.
        dialect: the user's own dialect.
    """
    tried = list(rows[:_TRIAL_ROWS])
    spelled = spelling_dialects(tried)
    found: list[tuple[bool, float, int, Remedy]] = []
    for order, (name, frame) in enumerate(_ways()):
        try:
            ious, _ = dialect_ious(tried, get_dialect(name), frame)
        except BadInput:
            continue  # this frame refuses one of the pictures
        score = Score.of(ious)
        if score.mean_iou >= wanted:
            found.append((name != dialect, -spelled.get(name, 0.0), order, Remedy(name, frame, score)))
    return min(found)[-1] if found else None


def spelling_dialects(rows: Sequence[Row]) -> dict[str, float]:
    """The dialects that would spell the boxes of most texts just as they stand there, with the
    mean number of characters that they recognise: ``{"bbox_2d": [1, 2, 3, 4]}`` holds the box of
    another dialect as well.
    """
    texts = [row.text for row in rows[:_SPELLING_ROWS]]
    spelled: dict[str, float] = {}
    for name in known_dialects():
        codec = get_dialect(name, Stretched(_ANY_SIZE))
        lengths: list[int] = []
        for text in texts:
            written = codec.render([box for span in codec.find(text) for box in span.boxes][:1])
            if written and written in text:
                lengths.append(len(written))
        if 2 * len(lengths) > len(texts):
            spelled[name] = sum(lengths) / len(lengths)
    return spelled


def _ways() -> Iterator[tuple[str, str | None]]:
    """Every dialect in its own frame, then in the others."""
    for frame in (None, "stretched", "padded"):
        for dialect in known_dialects():
            yield dialect, frame
