"""COCO's average precision of boxes that come with class names, by faster-coco-eval.

Every class is evaluated by itself, on the images that it occurs in: a class never sees another's boxes, so the numbers
are those of one evaluation of all, to the last bit, and the empty (image, class) pairs, which are nearly all of them,
cost nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from twist_scout.evaluation.captioning.arrays import Detections, Floats, Ints, Objects

MAX_DETECTIONS = 100
"""Boxes of one class in one image that COCO looks at; the rest count for nothing."""

#: COCO's size classes, in square pixels.
AREAS: dict[str, tuple[float, float]] = {
    "all": (0.0, 1e10),
    "small": (0.0, 32.0**2),
    "medium": (32.0**2, 96.0**2),
    "large": (96.0**2, 1e10),
}
_AT_50, _AT_75 = 0, 5  # places of IoU 0.50 and 0.75 in 0.50:0.05:0.95


@dataclass(frozen=True, slots=True)
class ClassPrecision:
    """Average precision of one class.

    Attributes:
        objects: annotated, without crowds.
        detections: boxes that were given to it.
        ap: mean over IoU 0.50:0.05:0.95.
        ap50: at IoU 0.50.
    """

    objects: int
    detections: int
    ap: float
    ap50: float


@dataclass(frozen=True, slots=True)
class AveragePrecision:
    """COCO's six numbers, in [0, 1]; NaN where nothing of that size is annotated.

    Attributes:
        ap: mean over classes and IoU 0.50:0.05:0.95.
        ap50: mean over classes at IoU 0.50.
        ap75: mean over classes at IoU 0.75.
        small: as ``ap``, objects below 32 x 32 pixels.
        medium: as ``ap``, from there to 96 x 96 pixels.
        large: as ``ap``, above.
        by_class: for every class with an object.
    """

    ap: float
    ap50: float
    ap75: float = float("nan")
    small: float = float("nan")
    medium: float = float("nan")
    large: float = float("nan")
    by_class: dict[str, ClassPrecision] | None = None


class PrecisionEvaluator:
    """Average precision of the same boxes under one ranking or many.

    Args:
        objects: what is annotated.
        detections: boxes; those without a class (-1) are left out.
        classes: names of the classes.
        max_detections: boxes of one class in one image that count, by rank.
    """

    def __init__(
        self,
        objects: Objects,
        detections: Detections,
        classes: Sequence[str],
        max_detections: int = MAX_DETECTIONS,
    ) -> None:
        self.objects, self.detections, self.classes = objects, detections, tuple(classes)
        self.max_detections = max_detections
        self._parts = [_ClassPart(objects, detections, number) for number in np.unique(objects.category)]

    def evaluate(self, scores: Floats | None = None, areas: Iterable[str] = tuple(AREAS)) -> AveragePrecision:
        """The numbers.

        Args:
            scores: (N,) to rank by instead of the detections' own.
            areas: size classes to evaluate, of `AREAS`; ``all`` is always among them.
        """
        wanted = list(dict.fromkeys(("all", *areas)))
        ranked = self.detections.score if scores is None else scores
        found = [part.precision(ranked, wanted, self.max_detections) for part in self._parts]
        # (IoU thresholds, recall points, classes, size classes)
        table = np.stack(found, axis=2) if found else np.full((10, 101, 0, len(wanted)), -1.0)
        by_size = {name: _mean(table[..., place]) for place, name in enumerate(wanted)}
        every = table[..., 0]
        return AveragePrecision(
            ap=by_size.pop("all"),
            ap50=_mean(every[_AT_50]),
            ap75=_mean(every[_AT_75]),
            by_class=self._by_class(every),
            **by_size,
        )

    def _by_class(self, every: Floats) -> dict[str, ClassPrecision]:
        found = {}
        for place, part in enumerate(self._parts):
            if part.objects:
                own = every[:, :, place]
                found[self.classes[part.category]] = ClassPrecision(
                    part.objects, len(part.rows), _mean(own), _mean(own[_AT_50])
                )
        return found


class _ClassPart:
    """One class: its objects and boxes as COCO has them."""

    def __init__(self, objects: Objects, detections: Detections, category: int) -> None:
        from faster_coco_eval import COCO

        self.category = int(category)
        mine = np.flatnonzero(objects.category == category)
        self.rows: Ints = np.flatnonzero(detections.category == category)
        self.objects = int((~objects.crowd[mine]).sum())
        images = np.union1d(objects.image[mine], detections.image[self.rows])  # sorted, as COCO goes through them
        listed = [{"id": number} for number in range(1, len(images) + 1)]
        truth = _annotations(images, objects.image[mine], objects.bbox[mine])
        for entry, area, crowd in zip(truth, objects.area[mine].tolist(), objects.crowd[mine].tolist(), strict=True):
            entry["area"], entry["iscrowd"] = area, int(crowd)
        self._found = _annotations(images, detections.image[self.rows], detections.bbox[self.rows])
        categories = [{"id": 1}]
        self._truth = COCO({"images": listed, "annotations": truth, "categories": categories})
        self._boxes = COCO({"images": listed, "annotations": self._found, "categories": categories})

    def precision(self, scores: Floats, areas: Sequence[str], max_detections: int) -> Floats:
        """(IoU thresholds, recall points, size classes); -1 where there is nothing to find."""
        if not self.objects:
            return np.full((10, 101, len(areas)), -1.0)
        from faster_coco_eval import COCOeval_faster

        for entry, score in zip(self._found, scores[self.rows].tolist(), strict=True):
            entry["score"] = score
        evaluator = COCOeval_faster(self._truth, self._boxes, iouType="bbox")
        evaluator.params.maxDets = [max_detections]
        evaluator.params.areaRng = [list(AREAS[name]) for name in areas]
        evaluator.params.areaRngLbl = list(areas)
        evaluator.evaluate()
        evaluator.accumulate()
        precision: Floats = evaluator.eval["precision"][:, :, 0, :, 0]
        return precision


def _annotations(images: Ints, image: Ints, bbox: Floats) -> list[dict[str, Any]]:
    """Boxes as COCO's dictionaries; ids begin at 1 because 0 means "no match" there."""
    places = (np.searchsorted(images, image) + 1).tolist()
    return [
        {"id": number, "image_id": place, "category_id": 1, "bbox": box, "area": box[2] * box[3], "iscrowd": 0}
        for number, (place, box) in enumerate(zip(places, bbox.tolist(), strict=True), start=1)
    ]


def _mean(precision: Floats) -> float:
    """Over everything that there is something to find for; NaN where there is nothing."""
    there = precision[precision > -1]
    return float(there.mean()) if there.size else float("nan")
