"""From records to arrays: every caption read, its phrases found and mapped, its boxes in pixels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, get_args

import numpy as np

from twist_scout.boxes.box import Box
from twist_scout.boxes.grounded import GroundedText
from twist_scout.errors import BadImage, BadInput
from twist_scout.evaluation.captioning.arrays import Detections, Objects
from twist_scout.evaluation.captioning.extraction import Mention, extract_mentions
from twist_scout.evaluation.captioning.mapping import Mapped, Mapper
from twist_scout.evaluation.captioning.records import CaptioningRecord, TrueObject, pixel_bbox
from twist_scout.evaluation.reading import NO_BOX, AnswerReader, Reading

ScorePolicy = Literal["constant", "given", "area"]
SCORE_POLICIES: tuple[str, ...] = get_args(ScorePolicy)
POLICY_TEXT: dict[str, str] = {
    "constant": "constant scores, ties in record order, then order of mention",
    "given": "each caption's own score, ties in record order, then order of mention",
    "area": "box area as score",
}

#: Told of a stage of the work, how much of it is done, and how much there is.
Progress = Callable[[str, int, int], None]
_EVERY = 50  # captions between two reports


class Extract(Protocol):
    """Finds which words of captions name which boxes."""

    def __call__(
        self, captions: Sequence[GroundedText], progress: Callable[[int, int], None] | None = None
    ) -> list[list[Mention]]:
        """The mentions of each caption."""


def by_rules(
    captions: Sequence[GroundedText], progress: Callable[[int, int], None] | None = None
) -> list[list[Mention]]:
    """`extract_mentions` for every caption."""
    found = []
    for number, caption in enumerate(captions, start=1):
        found.append(extract_mentions(caption))
        if progress is not None and (number % _EVERY == 0 or number == len(captions)):
            progress(number, len(captions))
    return found


@dataclass(slots=True)
class ReadCaption:
    """A caption and what was found in it.

    Attributes:
        record: the caption, and what is in its picture.
        text: the caption, read; None where nothing was predicted.
        mentions: names with boxes.
        labels: the class of each mention, or None.
    """

    record: CaptioningRecord
    text: GroundedText | None
    mentions: list[Mention] = field(default_factory=list)
    labels: list[str | None] = field(default_factory=list)

    @property
    def reading(self) -> Reading | None:
        """How it could be read; None where nothing was predicted."""
        if self.text is None:
            return None
        reason = self.text.unread[0].reason if self.text.unread else None
        boxes = tuple(self.text.boxes)
        if not boxes:
            return Reading("failed", (), (), reason or NO_BOX)
        return Reading("partial" if reason else "parsed", boxes, (), reason)


def read_captions(
    records: Iterable[CaptioningRecord],
    reader: AnswerReader,
    extract: Extract = by_rules,
    progress: Progress | None = None,
) -> list[ReadCaption]:
    """Read captions and find their mentions.

    Args:
        records: captions with their truths.
        reader: how boxes are written in those that are plain text.
        extract: finds which words name which boxes.
        progress: told how far it is.
    """
    rows = list(records)
    read: list[ReadCaption] = []
    for number, record in enumerate(rows, start=1):
        read.append(ReadCaption(record, _read(record, reader)))
        if progress is not None and (number % _EVERY == 0 or number == len(rows)):
            progress("reading captions", number, len(rows))
    there = [caption for caption in read if caption.text is not None]
    told = None if progress is None else lambda done, total: progress("finding names", done, total)
    found = extract([caption.text for caption in there if caption.text is not None], told)
    for caption, mentions in zip(there, found, strict=True):
        caption.mentions = mentions
    return read


def map_captions(read: Sequence[ReadCaption], mapper: Mapper) -> dict[str, Mapped]:
    """Give every mention its class; the phrases are mapped together.

    Returns:
        What became of each phrase.
    """
    mapped = mapper.map(mention.phrase for caption in read for mention in caption.mentions)
    for caption in read:
        caption.labels = [mapped[mention.phrase].label for mention in caption.mentions]
    return mapped


def _read(record: CaptioningRecord, reader: AnswerReader) -> GroundedText | None:
    if record.prediction is None or isinstance(record.prediction, GroundedText):
        return record.prediction
    try:
        codec, view = reader.for_size((record.width, record.height))
    except BadImage:  # no model of this dialect can have seen it
        return GroundedText(record.prediction, [], [])
    return GroundedText.parse(record.prediction, dialect=codec, frame=view)


def collect_objects(truths: Sequence[Sequence[TrueObject]], classes: dict[str, int]) -> Objects:
    """All annotated objects, image by image."""
    rows = [(image, thing) for image, things in enumerate(truths) for thing in things]
    bbox = np.array([thing.bbox for _, thing in rows], dtype=np.float64).reshape(-1, 4)
    own = bbox[:, 2] * bbox[:, 3]
    return Objects(
        image=np.array([image for image, _ in rows], dtype=np.int64),
        category=np.array([classes[thing.name] for _, thing in rows], dtype=np.int64),
        bbox=bbox,
        area=np.array(
            [a if thing.area is None else thing.area for (_, thing), a in zip(rows, own.tolist(), strict=True)],
            dtype=np.float64,
        ),
        crowd=np.array([thing.crowd for _, thing in rows], dtype=bool),
    )


def collect_detections(read: Sequence[ReadCaption], classes: dict[str, int], policy: ScorePolicy) -> Detections:
    """All boxes, in the order of the captions, then of mention.

    Args:
        read: captions with their mentions and labels.
        classes: number of each class.
        policy: what ranks the boxes.

    Raises:
        BadInput: the policy is ``given``, and no caption has a score.
    """
    given = [caption.record.score for caption in read if caption.record.score is not None]
    if policy == "given" and not given:
        raise BadInput('No prediction has a score: write "score" beside "text", or rank by constant or area.')
    last = min(given, default=0.0) - 1.0  # captions without a score come after all others
    image: list[int] = []
    category: list[int] = []
    bbox: list[tuple[float, float, float, float]] = []
    score: list[float] = []
    for number, caption in enumerate(read):
        record = caption.record
        for mention, label in zip(caption.mentions, caption.labels, strict=True):
            place = -1 if label is None else classes[label]
            for box in mention.boxes:
                image.append(number)
                category.append(place)
                bbox.append(pixel_bbox(box, record.width, record.height))
                score.append(_score(box, record.score, policy, last))
    return Detections(
        np.array(image, dtype=np.int64),
        np.array(category, dtype=np.int64),
        np.array(bbox, dtype=np.float64).reshape(-1, 4),
        np.array(score, dtype=np.float64),
    )


def _score(box: Box, given: float | None, policy: ScorePolicy, last: float) -> float:
    if policy == "area":
        return box.area
    if policy == "given":
        return last if given is None else given
    return 1.0


@dataclass(frozen=True, slots=True)
class MappingRow:
    """What became of a name.

    Attributes:
        name: as it was compared.
        mapped: its class, and why.
        phrases: how often it was said with boxes.
        boxes: how many boxes it was given.
        example: one of the phrases.
    """

    name: str
    mapped: Mapped
    phrases: int
    boxes: int
    example: str


def mapping_rows(read: Sequence[ReadCaption], mapped: dict[str, Mapped]) -> list[MappingRow]:
    """The mapping table: a row for each name and class, those with most boxes first."""
    phrases, boxes = Counter[tuple[str, str | None]](), Counter[tuple[str, str | None]]()
    first: dict[tuple[str, str | None], tuple[Mapped, str]] = {}
    for caption in read:
        for mention in caption.mentions:
            what = mapped[mention.phrase]
            key = (what.name, what.label)
            phrases[key] += 1
            boxes[key] += len(mention.boxes)
            first.setdefault(key, (what, mention.phrase))
    rows = [MappingRow(key[0], first[key][0], phrases[key], boxes[key], first[key][1]) for key in phrases]
    return sorted(rows, key=lambda row: (-row.boxes, row.name, row.mapped.label or ""))
