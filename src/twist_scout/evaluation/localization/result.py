"""What came out of a localisation run."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from twist_scout.evaluation.localization.frames import FrameName
from twist_scout.evaluation.reading import ReadingTally
from twist_scout.evaluation.result import ResultTable

PROTOCOL = "localization/1"

_FRAME_TITLES = {"resized224": "resized224 (PIN)", "original": "original (COCO)"}


@dataclass(frozen=True, slots=True)
class FrameScores:
    """Mean IoUs in one frame, in [0, 1]; NaN where there is no object of that size.

    Attributes:
        miou: over all objects, small ones too.
        miou_small: over objects of less than 32 x 32 pixels.
        miou_medium: from 32 x 32 to below 96 x 96 pixels.
        miou_large: from 96 x 96 pixels on.
        small: number of small objects; ``medium`` and ``large``, of the others.
        perfect: the mean IoU that the true boxes themselves reach: below 1 where the frame cuts them.
    """

    miou: float
    miou_small: float
    miou_medium: float
    miou_large: float
    small: int
    medium: int
    large: int
    perfect: float = 1.0

    def to_dict(self) -> dict[str, float | int | None]:
        """For JSON."""
        values = {name: getattr(self, name) for name in ("miou", "miou_small", "miou_medium", "miou_large")}
        counts = {"small": self.small, "medium": self.medium, "large": self.large}
        return {**{name: number(value) for name, value in values.items()}, **counts, "perfect": self.perfect}


@dataclass(frozen=True, slots=True)
class LocalizationResult:
    """Localisation quality.

    Attributes:
        total: number of queries.
        without_box: queries whose answer holds no readable box, or that have no answer; their IoU is 0.
        miou: mean IoU over all queries in [0, 1], in the first of ``frames``; NaN where there were none.
        ious: one IoU per record in that frame, in the order of the records.
        frames: scores by frame, the headline's first; empty where records give no sizes.
        ids: of the records.
        reading: how the answers could be read; with ``missing`` they add up to ``total``.
        missing: queries without an answer.
        unknown: answers to no query; they are left out.
        images: number of pictures; None where it is not known.
        interval: 95 % interval of ``miou``, from resampling the queries; None where it was not asked for.
        remark: about the pictures that were asked about.
    """

    total: int
    without_box: int
    miou: float
    ious: tuple[float, ...] = field(default=(), repr=False)
    frames: Mapping[FrameName, FrameScores] = field(default_factory=lambda: MappingProxyType({}))
    ids: tuple[str, ...] = field(default=(), repr=False)
    reading: ReadingTally = field(default_factory=ReadingTally)
    missing: int = 0
    unknown: int = 0
    images: int | None = None
    interval: tuple[float, float] | None = None
    remark: str = ""

    @property
    def protocol(self) -> str:
        """Name and version."""
        return PROTOCOL

    @property
    def headline(self) -> FrameName:
        """The frame of ``miou`` and ``ious``."""
        return next(iter(self.frames), "original")

    def __str__(self) -> str:
        frame = f", frame {self.headline}" if self.frames else ""
        within = "" if self.interval is None else f" [{self.interval[0]:.4f}, {self.interval[1]:.4f}]"
        missing = f" and {self.missing:,} missing answers" if self.missing else ""
        return (
            f"localisation mIoU {self.miou:.4f}{within} (first box of {self.total - self.missing:,} answers{frame}; "
            f"{self.without_box - self.missing:,} without a box{missing} count as 0; {PROTOCOL})"
        )

    def to_dict(self) -> dict[str, Any]:
        """Every number; ``miou``, ``miou_medium`` and ``miou_large`` at the top are those of the headline's frame."""
        head = self.frames.get(self.headline)
        return {
            "miou": number(self.miou),
            "miou_medium": number(head.miou_medium) if head else None,
            "miou_large": number(head.miou_large) if head else None,
            "frame": self.headline,
            "frames": {name: scores.to_dict() for name, scores in self.frames.items()},
            "interval": None if self.interval is None else [number(bound) for bound in self.interval],
            "total": self.total,
            "images": self.images,
            "without_box": self.without_box,
            "missing": self.missing,
            "unknown": self.unknown,
            **self.reading.to_dict(),
            "remark": self.remark,
        }

    def tables(self) -> list[ResultTable]:
        """Scores by frame and size, and how the answers could be read."""
        rows = []
        for name, scores in self.frames.items():
            shares = (scores.miou, scores.miou_small, scores.miou_medium, scores.miou_large)
            counts = f"{scores.small:,} / {scores.medium:,} / {scores.large:,}"
            rows.append([_FRAME_TITLES[name], *map(shown, shares), shown(scores.perfect), counts])
        columns = ("frame", "mIoU", "mIoU_S", "mIoU_M", "mIoU_L", "true boxes", "S / M / L")
        asked = f"About {self.remark} " if self.remark else ""
        note = (
            f"{asked}PIN's frame cuts boxes to whole pixels, so not even the true boxes reach 1 in it. Means are over boxes; "
            "PIN averaged the means of batches, in which a box weighs the more the fewer are in its batch."
        )
        by_frame = [ResultTable("Mean IoU by frame and size", columns, rows, note)] if rows else []
        return [*by_frame, self._reading_table()]

    def scores(self) -> Mapping[str, float]:
        """The IoU of each query, by its id."""
        return dict(zip(self.ids, self.ious, strict=True))

    def _reading_table(self) -> ResultTable:
        tally = self.reading
        counts = [("parsed", tally.parsed), ("partly parsed", tally.partial), ("failed", tally.failed)]
        counts += [("missing", self.missing), ("all queries", self.total)]
        rows: list[Sequence[str]] = [(name, f"{count:,}") for name, count in counts]
        why = "; ".join(f"{reason} ({count:,})" for reason, count in tally.reasons())
        apart = f"{self.unknown:,} answers are to no query and were left out. " if self.unknown else ""
        note = f"{apart}{f'What could not be read: {why}.' if why else ''}".strip()
        return ResultTable("How the answers could be read", ("answers", "count"), rows, note)


def number(value: float) -> float | None:
    """A number for JSON: None for NaN."""
    return None if math.isnan(value) else float(value)


def shown(value: float) -> str:
    """A share for readers."""
    return "-" if math.isnan(value) else f"{value:.4f}"
