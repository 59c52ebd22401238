"""From answers and true boxes to mean IoUs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from twist_scout.boxes.box import Box, Corners, boxes_array, paired_iou
from twist_scout.boxes.dialects import get_dialect
from twist_scout.boxes.grounded import GroundedText
from twist_scout.evaluation.localization.frames import SIDE, SIZE_CLASSES, FrameName, size_classes
from twist_scout.evaluation.localization.paper import remark_on_size
from twist_scout.evaluation.localization.queries import LocalizationSubset
from twist_scout.evaluation.localization.result import FrameScores, LocalizationResult
from twist_scout.evaluation.predictions import Predictions, join
from twist_scout.evaluation.reading import FAILED, NO_BOX, AnswerReader, Reading, ReadingTally, read_answer
from twist_scout.evaluation.significance import bootstrap_interval

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LocalizationRecord:
    """What a model answered when asked for an object by name, and where the object is (in the original image).

    Attributes:
        prediction: the answer, read or not; None where there is none.
        truth: the object's box.
        id: of the query.
        resized: the true box in PIN's square of 224 pixels, where that frame is wanted.
        area: of the object in pixels of the original picture, for its size class there.
    """

    prediction: str | GroundedText | Reading | None
    truth: Box
    id: str = ""
    resized: Corners | None = None
    area: float | None = None


def evaluate_localization(records: Iterable[LocalizationRecord], *, dialect: str = "scout") -> LocalizationResult:
    """Mean IoU of the first box of each answer (§5.1, Table 1).

    An answer without a readable box has IoU 0 and is never left out, else a model could raise its score by saying nothing
    where it is unsure.

    Args:
        records: answers and truths. Where all of them give ``resized`` and ``area``, both frames are scored, and the
            headline is that of PIN's; else it is the mean IoU in fractions of the picture.
        dialect: how boxes are written in predictions that are plain text.
    """
    rows = list(records)
    codec, tally, missing = get_dialect(dialect), ReadingTally(), 0
    firsts: list[Box | None] = []
    for row in rows:
        if row.prediction is None:
            missing += 1
            firsts.append(None)
            continue
        reading = row.prediction
        if isinstance(reading, GroundedText):
            reading = _reading_of(reading)
        elif isinstance(reading, str):
            reading = read_answer(reading, codec)
        tally.add(reading)
        firsts.append(reading.boxes[0] if reading.boxes else None)
    ious, frames = _scores(rows, firsts)
    return LocalizationResult(
        total=len(rows),
        without_box=sum(box is None for box in firsts),
        miou=float(ious.mean()) if rows else float("nan"),
        ious=tuple(ious.tolist()),
        frames=MappingProxyType(frames),
        ids=tuple(row.id or str(number) for number, row in enumerate(rows)),
        reading=tally,
        missing=missing,
    )


def score_subset(subset: LocalizationSubset, predictions: Predictions, reader: AnswerReader) -> LocalizationResult:
    """Score a prediction file against a subset; its ids are those of the queries.

    Args:
        subset: what was asked for.
        predictions: what was answered, by id.
        reader: how the answers are written, and how their model saw pictures.

    Raises:
        BadInput: no id is in both.
    """
    joined = join(predictions, (query.id for query in subset.queries))
    records = []
    for query in subset.queries:
        answer = predictions.get(query.id)
        reading = None if answer is None else reader.read(answer.text, (query.width, query.height))
        records.append(LocalizationRecord(reading, query.truth, query.id, query.resized, query.area))
    result = evaluate_localization(records)
    return replace(
        result,
        unknown=len(joined.unknown),
        images=subset.images,
        interval=bootstrap_interval(result.ious),
        remark=remark_on_size(subset)[0],
    )


def _reading_of(grounded: GroundedText) -> Reading:
    boxes = tuple(grounded.boxes)
    reason = grounded.unread[0].reason if grounded.unread else None
    if not boxes:
        return replace(FAILED, reason=reason or NO_BOX)
    return Reading("parsed" if reason is None else "partial", boxes, (), reason)


def _scores(
    rows: Sequence[LocalizationRecord], firsts: Sequence[Box | None]
) -> tuple[Floats, dict[FrameName, FrameScores]]:
    """The IoUs of the headline's frame, shape (N,), and the means of all frames."""
    found = [number for number, box in enumerate(firsts) if box is not None]
    boxes = boxes_array(box for box in firsts if box is not None)
    original = np.zeros(len(rows))
    original[found] = paired_iou(boxes, boxes_array(rows[number].truth for number in found))
    square = [row.resized for row in rows if row.resized is not None]
    areas = [row.area for row in rows if row.area is not None]
    if not rows or len(square) < len(rows) or len(areas) < len(rows):
        return original, {}
    truths = np.array(square, dtype=np.float64)
    exact = boxes_array(row.truth for row in rows)
    resized = np.zeros(len(rows))
    resized[found] = paired_iou(boxes * SIDE, truths[found])
    sides = truths[:, 2:] - truths[:, :2]
    perfect = float(paired_iou(exact * SIDE, truths).mean())
    return resized, {
        "resized224": _means(resized, sides[:, 0] * sides[:, 1], perfect),
        "original": _means(original, np.array(areas), float(paired_iou(exact, exact).mean())),
    }


def _means(ious: Floats, areas: Floats, perfect: float) -> FrameScores:
    masks = size_classes(areas)
    means = {name: float(ious[mask].mean()) if mask.any() else float("nan") for name, mask in masks.items()}
    counts = {name: int(masks[name].sum()) for name in SIZE_CLASSES}
    return FrameScores(
        float(ious.mean()),
        means["small"],
        means["medium"],
        means["large"],
        counts["small"],
        counts["medium"],
        counts["large"],
        perfect,
    )
