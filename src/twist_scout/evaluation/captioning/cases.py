"""The pictures behind a captioning score: the best and the worst captions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from twist_scout.boxes.box import Box
from twist_scout.boxes.grounded import GroundedText
from twist_scout.data.referring.pictures import find_picture
from twist_scout.evaluation.captioning.extraction import extract_mentions
from twist_scout.evaluation.captioning.records import CaptioningRecord
from twist_scout.evaluation.captioning.result import CaptioningResult
from twist_scout.evaluation.pages import Case
from twist_scout.evaluation.reading import AnswerReader


def captioning_cases(
    result: CaptioningResult,
    records: Sequence[CaptioningRecord],
    reader: AnswerReader,
    images: Path | None = None,
    *,
    each: int = 12,
) -> list[Case]:
    """The captions with the highest and the lowest F1 at IoU 0.5, and some without a readable box.

    Args:
        result: of these records.
        records: captions and truths.
        reader: as for the score.
        images: the folder of the pictures.
        each: so many of each group.
    """
    scored = [
        (score, id, record)
        for (id, score), record in zip(result.scores().items(), records, strict=True)
        if record.prediction is not None and record.truth
    ]
    scored.sort(key=lambda row: (-row[0], -len(row[2].truth), row[1]))
    read = [(score, id, record, _read(record, reader)) for score, id, record in scored]
    boxed = [row for row in read if row[3].boxes]
    silent = [row for row in read if not row[3].boxes]
    groups = {
        "best": boxed[:each],
        "worst": boxed[max(each, len(boxed) - each) :][::-1],
        "without a box": silent[:each],
    }
    return [_case(group, *row, images) for group, rows in groups.items() for row in rows]


def _read(record: CaptioningRecord, reader: AnswerReader) -> GroundedText:
    if isinstance(record.prediction, GroundedText):
        return record.prediction
    codec, view = reader.for_size((record.width, record.height))
    return GroundedText.parse(record.prediction or "", dialect=codec, frame=view)


def _case(group: str, score: float, id: str, record: CaptioningRecord, told: GroundedText, images: Path | None) -> Case:
    mentions = extract_mentions(told)
    truth = []
    for thing in record.objects():
        x, y, width, height = thing.bbox
        box = Box.from_pixels(x, y, x + width, y + height, width=record.width, height=record.height, clip=True)
        truth.append((f"{thing.name} (crowd)" if thing.crowd else thing.name, box))
    note = f"Not readable: {told.unread[0].reason}." if told.unread else ""
    return Case(
        id=id,
        group=group,
        image=None if images is None or not record.image else find_picture(record.image, images),
        size=(record.width, record.height),
        question="Describe the picture and give a box for each object.",
        answer=told.text,
        truth=truth,
        predicted=[(mention.phrase, box) for mention in mentions for box in mention.boxes],
        score=score,
        note=note,
        spans=[(mention.start, mention.end) for mention in mentions for _ in mention.boxes],
    )
