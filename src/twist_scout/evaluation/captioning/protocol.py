"""Grounded image captioning: every phrase with boxes is a detection, and COCO's average precision counts them.

§5.2, Tables 2 and A.3 of the paper. A caption carries no confidences, yet average precision ranks detections by
confidence, and among equal ones the order alone moves it. So the score policy is an argument and is printed with the
number, and so is what other orders would give:

* ``constant``: every detection scores 1; ties stand in the order of the records, then in the order of mention.
* ``given``: every detection of a caption has the score of its prediction (the log-probability of its tokens, say);
  captions without one come last.
* ``area``: the score is the box's share of the image: large objects first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from twist_scout.boxes.box import Box
from twist_scout.errors import BadImage
from twist_scout.evaluation.captioning.average_precision import MAX_DETECTIONS, PrecisionEvaluator
from twist_scout.evaluation.captioning.collecting import (
    SCORE_POLICIES,
    Extract,
    Progress,
    ReadCaption,
    ScorePolicy,
    by_rules,
    collect_detections,
    collect_objects,
    map_captions,
    mapping_rows,
    read_captions,
)
from twist_scout.evaluation.captioning.hallucination import Hallucination, named_without_boxes
from twist_scout.evaluation.captioning.llm_extraction import LlmExtraction
from twist_scout.evaluation.captioning.losses import losses
from twist_scout.evaluation.captioning.mapping import FunctionMapper, Mapper
from twist_scout.evaluation.captioning.name_list import NameList, coco_names
from twist_scout.evaluation.captioning.object_names import object_name
from twist_scout.evaluation.captioning.precision_recall import (
    IOU_THRESHOLDS,
    f1_by_image,
    match,
    precision_recall,
)
from twist_scout.evaluation.captioning.records import CaptioningRecord, TrueObject
from twist_scout.evaluation.captioning.result import CaptioningResult, Settings
from twist_scout.evaluation.captioning.tie_orders import ORDERS, tie_orders
from twist_scout.evaluation.reading import AnswerReader, ReadingTally


def evaluate_captioning(
    records: Iterable[CaptioningRecord],
    name_of: Callable[[str], str | None] | Mapper,
    *,
    score_policy: ScorePolicy = "constant",
    dialect: str = "scout",
    reader: AnswerReader | None = None,
    classes: Sequence[str] | None = None,
    extract: Extract = by_rules,
    orders: int = ORDERS,
    seed: int = 0,
    max_detections: int = MAX_DETECTIONS,
    unknown: int = 0,
    left_aside: int = 0,
    progress: Progress | None = None,
) -> CaptioningResult:
    """Score grounded captions against everything that is annotated.

    A phrase may carry several boxes: each is a detection of the phrase's class. Repeated boxes are repeated detections,
    as they would be for a detector.

    Args:
        records: captions and truths; their order breaks ties.
        name_of: phrase -> class name or ``None``, e.g. a :class:`NameMap`, or a
            :class:`~twist_scout.evaluation.captioning.mapping.PhraseMapper`.
        score_policy: what stands in for confidences.
        dialect: how boxes are written in predictions that are plain text; their models saw pictures as those of the
            dialect do.
        reader: reads them instead, in a frame of its own.
        classes: all class names, for the names of things without boxes; None for those that are annotated.
        extract: finds which words name which boxes: by rules, or an `LlmExtraction`.
        orders: random orders of equal scores that are tried; 0 for none.
        seed: of those orders.
        max_detections: boxes of one class in one image that average precision looks at, by rank.
        unknown: predictions for no image, to be reported.
        left_aside: images that were not scored because nothing was predicted for them, to be reported.
        progress: told of each stage how far it is.

    Raises:
        ValueError: unknown score policy.
        BadConfig: there is no such dialect.
        BadInput: the policy is ``given`` and no prediction has a score.
    """
    if score_policy not in SCORE_POLICIES:
        raise ValueError(f"unknown score policy {score_policy!r}: choose from {', '.join(SCORE_POLICIES)}")
    mapper = FunctionMapper(name_of) if callable(name_of) else name_of
    reader = reader or AnswerReader(dialect)
    read = read_captions(records, reader, extract, progress)
    if progress is not None:
        progress("mapping names", 0, 1)
    mapped = map_captions(read, mapper)
    if progress is not None:
        progress("mapping names", 1, 1)

    truths = [caption.record.objects() for caption in read]
    annotated = {thing.name for things in truths for thing in things}
    known = tuple(classes) if classes is not None else tuple(sorted(annotated))
    labels = tuple(dict.fromkeys((*known, *sorted(annotated), *sorted(_labels(read)))))
    numbers = {label: number for number, label in enumerate(labels)}
    objects = collect_objects(truths, numbers)
    detections = collect_detections(read, numbers, score_policy)

    if progress is not None:
        progress("average precision", 0, 1)
    evaluator = PrecisionEvaluator(objects, detections, labels, max_detections)
    precision = evaluator.evaluate()
    told = None if progress is None else lambda done, total: progress("average precision", done + 1, total + 1)
    ties = tie_orders(evaluator, orders=orders, seed=seed, progress=told) if orders else None

    matched = match(detections, objects, IOU_THRESHOLDS[0])
    lost = losses(
        objects,
        detections,
        matched,
        predicted=np.array([caption.text is not None for caption in read], dtype=bool),
        unreadable=np.array([bool(caption.text and caption.text.unread) for caption in read], dtype=bool),
        can_write=lambda row: _survives(read[objects.image[row]], objects.bbox[row].tolist(), reader),
    )
    tally = ReadingTally()
    for caption in read:
        reading = caption.reading
        if reading is not None:
            tally.add(reading)
    return CaptioningResult(
        precision=precision,
        curve=tuple(precision_recall(detections, objects)),
        images=len(read),
        objects=int((~objects.crowd).sum()),
        boxes=len(detections),
        detections=int((detections.category >= 0).sum()),
        unmapped=tuple(
            mention.phrase
            for caption in read
            for mention, label in zip(caption.mentions, caption.labels, strict=True)
            if label is None
        ),
        settings=Settings(
            score_policy=score_policy,
            mapper=mapper.description,
            extraction=_description(extract),
            dialect=reader.dialect.name,
            frame=_frame(reader, read),
            max_detections=max_detections,
        ),
        ties=ties,
        hallucination=_hallucination(read, truths, coco_names(known)),
        losses=lost,
        mapping=tuple(mapping_rows(read, mapped)),
        reading=tally,
        crowds=int(objects.crowd.sum()),
        missing=sum(caption.text is None for caption in read),
        unknown=unknown,
        left_aside=left_aside,
        llm=extract.tally if isinstance(extract, LlmExtraction) else None,
        ids=_ids(read),
        image_f1=tuple(f1_by_image(matched, detections, objects, len(read))),
        arrays=(detections, objects),
    )


def _labels(read: Sequence[ReadCaption]) -> set[str]:
    return {label for caption in read for label in caption.labels if label is not None}


def _description(extract: Extract) -> str:
    if isinstance(extract, LlmExtraction):
        return extract.description
    return "rules" if extract is by_rules else str(getattr(extract, "__name__", type(extract).__name__))


def _frame(reader: AnswerReader, read: Sequence[ReadCaption]) -> str:
    """How the model saw pictures, in words; empty without a picture."""
    sizes = ((caption.record.width, caption.record.height) for caption in read)
    try:
        view = next((reader.for_size(size)[1] for size in sizes), None)
    except BadImage:
        view = None
    return "" if view is None else re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(view).__name__).lower()


def _ids(read: Sequence[ReadCaption]) -> tuple[str, ...]:
    return tuple(caption.record.id or str(number) for number, caption in enumerate(read, start=1))


def _hallucination(
    read: Sequence[ReadCaption], truths: Sequence[Sequence[TrueObject]], names: NameList
) -> Hallucination:
    told = Hallucination()
    for caption, things in zip(read, truths, strict=True):
        if caption.text is None:
            continue
        named: dict[str, str] = {}
        for mention, label in zip(caption.mentions, caption.labels, strict=True):
            if label is not None:
                named.setdefault(label, object_name(mention.phrase))
        for label, name in named_without_boxes(caption.text, names):
            named.setdefault(label, name)
        told.add(named, {thing.name for thing in things})
    return told


def _survives(caption: ReadCaption, bbox: Sequence[float], reader: AnswerReader) -> bool:
    """Whether the dialect can write a box at all: written and read again, it has IoU 0.5 with itself."""
    record = caption.record
    if not isinstance(record.prediction, str):
        return True
    x, y, width, height = bbox
    box = Box.from_pixels(x, y, x + width, y + height, width=record.width, height=record.height, clip=True)
    codec, view = reader.for_size((record.width, record.height))
    spans = codec.find(codec.render([view.to_model(box)]))
    return any(view.to_original(found).iou(box) >= IOU_THRESHOLDS[0] for span in spans for found in span.boxes)
