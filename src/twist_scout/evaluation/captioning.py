"""Grounded image captioning: every phrase with boxes is a detection, and COCO's average precision
counts them.

§5.2, Table 2 and Table A.3 of the paper. A caption carries no confidences, yet average precision
ranks detections by confidence, and among equal ones the order alone moves it by about a point. So
the score policy is an argument and is printed with the number:

* ``constant``: every detection scores 1; ties stand in the order of the records, then in the order
  of mention.
* ``area``: the score is the box's share of the image: large objects first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from twist_scout.boxes.box import Box
from twist_scout.boxes.grounded import GroundedText
from twist_scout.data.names import NameMap
from twist_scout.evaluation.reading import as_grounded

__all__ = ["CaptioningRecord", "CaptioningResult", "NameMap", "ScorePolicy", "evaluate_captioning"]

ScorePolicy = Literal["constant", "area"]

_POLICY_TEXT = {
    "constant": "constant scores, ties in record order, then order of mention",
    "area": "box area as score",
}


@dataclass(frozen=True, slots=True)
class CaptioningRecord:
    """A grounded caption and what is in its picture.

    Attributes:
        prediction: the caption with its boxes.
        width: width of the original image in pixels; COCO's size classes are in pixels.
        height: height of the original image in pixels.
        truth: (class name, box) of every object.
    """

    prediction: str | GroundedText
    width: int
    height: int
    truth: Sequence[tuple[str, Box]]


@dataclass(frozen=True, slots=True)
class CaptioningResult:
    """Grounded-captioning quality; precisions are in [0, 1], NaN where there is nothing of that
    kind to find.

    Attributes:
        ap: mean over classes and IoU 0.50:0.05:0.95.
        ap50: mean over classes at IoU 0.50.
        ap_large: as ``ap``, objects of at least 96 x 96 pixels.
        images: number of captions.
        objects: number of true objects.
        detections: number of boxes whose phrase was mapped to a class.
        unmapped: phrases with boxes that no class fits, in order; they count neither for nor
            against.
        score_policy: what stood in for confidences.
    """

    ap: float
    ap50: float
    ap_large: float
    images: int
    objects: int
    detections: int
    unmapped: tuple[str, ...] = field(repr=False)
    score_policy: ScorePolicy

    def __str__(self) -> str:
        return (
            f"grounded captioning AP {self.ap:.4f}, AP50 {self.ap50:.4f} ({self.detections} boxes "
            f"for {self.objects} objects in {self.images} images; {len(self.unmapped)} phrases "
            f"unmapped; {_POLICY_TEXT[self.score_policy]})"
        )


def evaluate_captioning(
    records: Iterable[CaptioningRecord],
    name_of: Callable[[str], str | None],
    *,
    score_policy: ScorePolicy = "constant",
    dialect: str = "scout",
) -> CaptioningResult:
    """COCO average precision of grounded captions.

    A phrase may carry several boxes: each is a detection of the phrase's class. Repeated boxes are
    repeated detections, as they would be for a detector.

    Args:
        records: captions and truths.
        name_of: phrase -> class name or ``None``, e.g. a :class:`NameMap`.
        score_policy: what stands in for confidences.
        dialect: how boxes are written in predictions that are plain text.

    Raises:
        ValueError: unknown score policy.
    """
    if score_policy not in get_args(ScorePolicy):
        raise ValueError(f"unknown score policy {score_policy!r}: choose from {', '.join(get_args(ScorePolicy))}")
    rows = list(records)
    classes = sorted({name for row in rows for name, _ in row.truth})
    category_id = {name: number for number, name in enumerate(classes, start=1)}
    images: list[dict[str, Any]] = []
    truths: list[dict[str, Any]] = []
    detections: list[dict[str, Any]] = []
    unmapped: list[str] = []
    mapped = 0
    for image_id, row in enumerate(rows, start=1):
        images.append({"id": image_id, "width": row.width, "height": row.height})
        for name, box in row.truth:
            annotation = _annotation(box, row, image_id, category_id[name])
            truths.append({**annotation, "id": len(truths) + 1, "iscrowd": 0})
        for phrase in as_grounded(row.prediction, dialect).phrases:
            if not phrase.boxes:
                continue
            name_said = name_of(phrase.text)
            if name_said is None:
                unmapped.append(phrase.text)
                continue
            mapped += len(phrase.boxes)
            if name_said not in category_id:
                continue  # COCO's mean leaves out classes without a single true object
            for box in phrase.boxes:
                score = box.area if score_policy == "area" else 1.0
                annotation = _annotation(box, row, image_id, category_id[name_said])
                detections.append({**annotation, "score": score})
    ap, ap50, ap_large = _average_precision(images, truths, detections, category_id)
    return CaptioningResult(
        ap=ap,
        ap50=ap50,
        ap_large=ap_large,
        images=len(rows),
        objects=len(truths),
        detections=mapped,
        unmapped=tuple(unmapped),
        score_policy=score_policy,
    )


def _annotation(box: Box, row: CaptioningRecord, image_id: int, category_id: int) -> dict[str, Any]:
    """COCO's form of a box: x, y, width, height in pixels."""
    x1, y1, x2, y2 = box.to_pixels(row.width, row.height)
    size = [x2 - x1, y2 - y1]
    return {
        "image_id": image_id,
        "category_id": category_id,
        "bbox": [x1, y1, *size],
        "area": size[0] * size[1],
    }


def _average_precision(
    images: list[dict[str, Any]],
    truths: list[dict[str, Any]],
    detections: list[dict[str, Any]],
    category_id: dict[str, int],
) -> tuple[float, float, float]:
    """AP, AP50 and AP of large objects; NaN where COCO's convention says -1 (nothing to find)."""
    if not truths:
        return (float("nan"),) * 3
    from faster_coco_eval import COCO, COCOeval_faster

    categories = [{"id": number, "name": name} for name, number in category_id.items()]
    gold = COCO({"images": images, "annotations": truths, "categories": categories})
    evaluator = COCOeval_faster(gold, gold.loadRes(detections), iouType="bbox")
    evaluator.run()
    stats = [float("nan") if s < 0 else float(s) for s in evaluator.stats]
    return stats[0], stats[1], stats[5]
