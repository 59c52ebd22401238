"""The score of grounded captions, with all it rests on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from twist_scout.evaluation.captioning.arrays import Detections, Floats, Ints, Objects
from twist_scout.evaluation.captioning.average_precision import AveragePrecision
from twist_scout.evaluation.captioning.collecting import POLICY_TEXT, MappingRow, ScorePolicy
from twist_scout.evaluation.captioning.hallucination import Hallucination
from twist_scout.evaluation.captioning.llm_extraction import LlmTally
from twist_scout.evaluation.captioning.losses import Losses
from twist_scout.evaluation.captioning.precision_recall import PrecisionRecall
from twist_scout.evaluation.captioning.tie_orders import Spread, TieOrders
from twist_scout.evaluation.reading import ReadingTally
from twist_scout.evaluation.result import ResultTable

PROTOCOL = "captioning/1"
"""A new version wherever the same captions would score otherwise."""


@dataclass(frozen=True)
class Settings:
    """What the score depends on beside the captions.

    Attributes:
        score_policy: what stands in for confidences.
        mapper: how phrases become classes, in words.
        extraction: how phrases were found, in words.
        dialect: how boxes are written.
        frame: how the models of that dialect see pictures, or the frame that was named.
        max_detections: boxes of one class in one image that average precision looks at.
    """

    score_policy: ScorePolicy = "constant"
    mapper: str = ""
    extraction: str = "rules"
    dialect: str = "scout"
    frame: str = ""
    max_detections: int = 100


@dataclass(frozen=True)
class CaptioningResult:
    """Grounded-captioning quality; shares and precisions are in [0, 1], NaN where there is nothing of that kind.

    Attributes:
        precision: COCO's average precision.
        curve: precision, recall and F1 without scores, at IoU 0.50:0.05:0.95.
        images: number of images.
        objects: number of annotated objects, crowds left out.
        boxes: boxes of all captions.
        detections: of them, those whose phrase was mapped to a class.
        unmapped: phrases with boxes that no class fits, in order; they count neither for nor against.
        settings: what the score depends on.
        ties: average precision over orders of equal scores.
        hallucination: things named that are not there.
        losses: why objects were missed and boxes were wrong.
        mapping: what became of every name, those with most boxes first.
        reading: how the captions could be read; with ``missing`` they add up to ``images``.
        crowds: annotated crowds.
        missing: images that nothing was predicted for; all their objects are missed.
        unknown: predictions for no image; they are left out.
        left_aside: images of the annotation that were not scored because nothing was predicted for them.
        llm: what the lists of the language model were like, where one was asked.
        ids: of the images.
        image_f1: F1 at IoU 0.5 of each image.
        arrays: boxes and objects, for resampling.
    """

    precision: AveragePrecision
    curve: tuple[PrecisionRecall, ...]
    images: int
    objects: int
    boxes: int
    detections: int
    unmapped: tuple[str, ...] = field(repr=False)
    settings: Settings = field(default_factory=Settings)
    ties: TieOrders | None = None
    hallucination: Hallucination = field(default_factory=Hallucination)
    losses: Losses = field(default_factory=Losses)
    mapping: tuple[MappingRow, ...] = field(default=(), repr=False)
    reading: ReadingTally = field(default_factory=ReadingTally)
    crowds: int = 0
    missing: int = 0
    unknown: int = 0
    left_aside: int = 0
    llm: LlmTally | None = None
    ids: tuple[str, ...] = field(default=(), repr=False)
    image_f1: tuple[float, ...] = field(default=(), repr=False)
    arrays: tuple[Detections, Objects] | None = field(default=None, repr=False, compare=False)

    @property
    def protocol(self) -> str:
        """Name and version."""
        return PROTOCOL

    @property
    def ap(self) -> float:
        """Mean over classes and IoU 0.50:0.05:0.95."""
        return self.precision.ap

    @property
    def ap50(self) -> float:
        """Mean over classes at IoU 0.50."""
        return self.precision.ap50

    @property
    def ap_large(self) -> float:
        """As ``ap``, objects of at least 96 x 96 pixels."""
        return self.precision.large

    @property
    def score_policy(self) -> ScorePolicy:
        """What stood in for confidences."""
        return self.settings.score_policy

    @property
    def at_50(self) -> PrecisionRecall:
        """Precision, recall and F1 at IoU 0.5."""
        return self.curve[0]

    @property
    def unmapped_rate(self) -> float:
        """Share of the phrases with boxes that were mapped to no class."""
        phrases = sum(row.phrases for row in self.mapping)
        return len(self.unmapped) / phrases if phrases else math.nan

    @property
    def objects_per_image(self) -> tuple[float, float]:
        """Boxes with a class per image, and annotated objects per image (the remark under Table A.3)."""
        if not self.images:
            return math.nan, math.nan
        return self.detections / self.images, self.objects / self.images

    def __str__(self) -> str:
        ties = ""
        if self.ties is not None and self.ties.tied:
            ap50 = self.ties.ap50
            ties = f"; AP50 {ap50.low:.4f} to {ap50.high:.4f} over {self.ties.orders} random orders of equal scores"
        missing = f", {self.missing:,} without a caption" if self.missing else ""
        return (
            f"grounded captioning AP {self.ap:.4f}, AP50 {self.ap50:.4f} ({self.detections:,} boxes for "
            f"{self.objects:,} objects in {self.images:,} images{missing}; {len(self.unmapped):,} phrases unmapped; "
            f"{POLICY_TEXT[self.score_policy]}{ties}; mapped by {self.settings.mapper}; {PROTOCOL})"
        )

    def to_dict(self) -> dict[str, Any]:
        """Every number, for JSON."""
        predicted, annotated = self.objects_per_image
        at_50 = self.at_50
        return {
            "ap": number(self.ap),
            "ap50": number(self.ap50),
            "ap75": number(self.precision.ap75),
            "ap_small": number(self.precision.small),
            "ap_medium": number(self.precision.medium),
            "ap_large": number(self.precision.large),
            "tie_orders": None if self.ties is None else _ties_dict(self.ties),
            "precision": number(at_50.precision),
            "recall": number(at_50.recall),
            "f1": number(at_50.f1),
            "curve": {f"{point.iou:.2f}": _point_dict(point) for point in self.curve},
            "objects_per_image": number(predicted),
            "objects_per_image_annotated": number(annotated),
            "chair_i": number(self.hallucination.per_mention),
            "chair_s": number(self.hallucination.per_caption),
            "mentions": self.hallucination.mentions,
            "hallucinated": self.hallucination.hallucinated,
            "hallucinated_by_class": dict(self.hallucination.by_class.most_common()),
            "unmapped_rate": number(self.unmapped_rate),
            "images": self.images,
            "objects": self.objects,
            "crowds": self.crowds,
            "boxes": self.boxes,
            "detections": self.detections,
            "missing": self.missing,
            "unknown": self.unknown,
            "left_aside": self.left_aside,
            **self.reading.to_dict(),
            "missed_by_cause": dict(self.losses.missed),
            "wrong_by_cause": dict(self.losses.wrong),
            "settings": asdict(self.settings),
            "llm": None if self.llm is None else asdict(self.llm),
            "by_class": {
                name: {"ap": number(one.ap), "ap50": number(one.ap50), "objects": one.objects, "boxes": one.detections}
                for name, one in (self.precision.by_class or {}).items()
            },
            "mapping": [_row_dict(row) for row in self.mapping],
        }

    def tables(self) -> list[ResultTable]:
        """The same for readers."""
        from twist_scout.evaluation.captioning.result_tables import tables_of

        return tables_of(self)

    def scores(self) -> Mapping[str, float]:
        """F1 at IoU 0.5 of each image; average precision itself is no mean over images (see `resampled`)."""
        return dict(zip(self.ids, self.image_f1, strict=True))

    def resampled(self, counts: Ints, *, ap50: bool = False) -> Floats:
        """Average precision on resamples of the images, for the interval of a comparison.

        Args:
            counts: (resamples, images) how often each image was drawn, in the order of ``scores()``.
            ap50: at IoU 0.5 alone.

        Returns:
            (resamples,) the ``ap``, or the ``ap50``, of each.
        """
        return self._resampler.ap(counts, 1) if ap50 else self._resampler.ap(counts)

    @cached_property
    def _resampler(self) -> Any:
        from twist_scout.evaluation.captioning.resampling import ResampledPrecision

        if self.arrays is None:
            raise ValueError("this result was made without its boxes, so it cannot be resampled")
        detections, objects = self.arrays
        return ResampledPrecision(objects, detections, self.images, self.settings.max_detections)


def number(value: float) -> float | None:
    """A number for JSON: None for NaN."""
    return None if math.isnan(value) else float(value)


def _ties_dict(ties: TieOrders) -> dict[str, Any]:
    def spread(of: Spread) -> dict[str, float | None]:
        return {key: number(value) for key, value in asdict(of).items()}

    counts = {"orders": ties.orders, "seed": ties.seed, "tied": ties.tied, "boxes": ties.boxes}
    return {**counts, "ap": spread(ties.ap), "ap50": spread(ties.ap50)}


def _point_dict(point: PrecisionRecall) -> dict[str, Any]:
    shares: Sequence[tuple[str, float]] = (("precision", point.precision), ("recall", point.recall), ("f1", point.f1))
    counts = {"right": point.right, "wrong": point.wrong, "in_crowd": point.in_crowd, "missed": point.missed}
    return {**{key: number(value) for key, value in shares}, **counts}


def _row_dict(row: MappingRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "class": row.mapped.label,
        "how": row.mapped.how,
        "similarity": row.mapped.similarity,
        "nearest": row.mapped.nearest,
        "phrases": row.phrases,
        "boxes": row.boxes,
        "example": row.example,
    }
