"""What came out of a referring run."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from twist_scout.evaluation.reading import ReadingTally
from twist_scout.evaluation.referring.conventions import CONVENTIONS, TAKES_WORDS, Convention
from twist_scout.evaluation.referring.flips import Flip, Reasons, tally
from twist_scout.evaluation.referring.strata import TITLES, Stratum
from twist_scout.evaluation.result import ResultTable
from twist_scout.evaluation.significance import wilson

PROTOCOL = "referring/1"
CURVE = tuple(round(0.25 + 0.05 * step, 2) for step in range(15))
"""IoU thresholds of the curve, 0.25 to 0.95."""

MOST_FLIPS = 10_000
"""Flips that the JSON lists; all of them are in `ReferringResult.flips`."""

_REASONS_SHOWN = 3
_ACROSS = 3


@dataclass(frozen=True, slots=True)
class ConventionScore:
    """The same answers under another convention.

    Attributes:
        convention: which one.
        hits: right answers.
        miou: mean IoU.
        curve: accuracy by threshold.
        unread: answers in which it finds no box to score; missing ones are not among them.
        own: whether it read the texts itself.
        total: number of expressions.
    """

    convention: Convention
    hits: int
    miou: float
    curve: Mapping[float, float]
    unread: int
    own: bool
    total: int

    @property
    def accuracy(self) -> float:
        """Share of hits; NaN where there is nothing."""
        return self.hits / self.total if self.total else math.nan

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "accuracy": number(self.accuracy),
            "miou": number(self.miou),
            "curve": curve_dict(self.curve),
            "hits": self.hits,
            "unread": self.unread,
            "threshold": self.convention.threshold,
            "strict": self.convention.strict,
            "takes": self.convention.takes,
            "reads_text_itself": self.own,
        }


@dataclass(frozen=True, slots=True)
class ReferringResult:
    """Referring accuracy.

    Attributes:
        total: number of expressions.
        hits: right answers.
        without_box: expressions without a readable box, missing answers among them; they count as misses.
        threshold: IoU of a hit.
        ious: one IoU per expression, in the order of the truth.
        right: whether each is a hit.
        ids: of the expressions.
        convention: how answers became hits and misses.
        dialect: how boxes were read.
        curve: accuracy by threshold.
        reading: how the answers that were given could be read; with ``missing`` they add up to ``total``.
        missing: expressions without an answer.
        unknown: ids of answers to no expression; they are left out.
        strata: the same by size, length and distractors.
        boxes_counted: whether the merged box of a phrase with several counts, or any of them.
        compared: the same answers under other conventions, if that was asked for.
        flips: samples that another convention judges otherwise.
    """

    total: int
    hits: int
    without_box: int
    threshold: float = 0.5
    ious: tuple[float, ...] = field(default=(), repr=False)
    right: tuple[bool, ...] = field(default=(), repr=False)
    ids: Sequence[str] = field(default=(), repr=False)
    convention: Convention = CONVENTIONS["scout"]
    dialect: str = "scout"
    curve: Mapping[float, float] = field(default_factory=dict, repr=False)
    reading: ReadingTally = field(default_factory=ReadingTally, repr=False)
    missing: int = 0
    unknown: tuple[str, ...] = field(default=(), repr=False)
    strata: tuple[Stratum, ...] = field(default=(), repr=False)
    boxes_counted: str = "merged"
    compared: tuple[ConventionScore, ...] = field(default=(), repr=False)
    flips: tuple[Flip, ...] = field(default=(), repr=False)

    @property
    def protocol(self) -> str:
        """Name and version."""
        return PROTOCOL

    @property
    def accuracy(self) -> float:
        """Share of hits in [0, 1]; NaN where there were no expressions."""
        return self.hits / self.total if self.total else math.nan

    @property
    def miou(self) -> float:
        """Mean IoU over all expressions, those without a box at 0; NaN where there were none."""
        return math.fsum(self.ious) / len(self.ious) if self.ious else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the accuracy (Wilson)."""
        return wilson(self.hits, self.total)

    def __str__(self) -> str:
        low, high = self.interval
        missing = f", {self.missing:,} of them missing" if self.missing else ""
        return (
            f"REC Acc@{self.threshold:g} {self.accuracy:.4f} [{low:.4f}, {high:.4f}], mIoU {self.miou:.4f} "
            f"({self.hits:,} of {self.total:,}; convention {self.convention.name}: {TAKES_WORDS[self.convention.takes]}, "
            f"{self.convention.rule}; {self.without_box:,} without a box{missing}; {PROTOCOL})"
        )

    def scores(self) -> Mapping[str, float]:
        """1 for a hit and 0 for a miss, by id."""
        return dict(zip(self.ids, map(float, self.right), strict=True))

    def to_dict(self) -> dict[str, Any]:
        """Every number; ``conventions`` and ``flips`` where conventions were compared."""
        strata: dict[str, dict[str, Any]] = {}
        for stratum in self.strata:
            strata.setdefault(stratum.axis, {})[stratum.name] = stratum.to_dict()
        low, high = self.interval
        numbers: dict[str, Any] = {
            "accuracy": number(self.accuracy),
            "interval": [low, high],
            "miou": number(self.miou),
            "curve": curve_dict(self.curve),
            "convention": self.convention.name,
            "threshold": self.threshold,
            "strict": self.convention.strict,
            "dialect": self.dialect,
            "boxes": self.boxes_counted,
            "total": self.total,
            "hits": self.hits,
            "without_box": self.without_box,
            "missing": self.missing,
            "unknown": len(self.unknown),
            "unknown_ids": list(self.unknown[:10]),
            **self.reading.to_dict(),
            "strata": strata,
        }
        if self.compared:
            numbers["conventions"] = {score.convention.name: score.to_dict() for score in self.compared}
            numbers["flips_total"] = len(self.flips)
            numbers["flips"] = [flip.to_dict() for flip in self.flips[:MOST_FLIPS]]
        return numbers

    def tables(self) -> list[ResultTable]:
        """How answers could be read, the curve, the strata; and the conventions side by side."""
        tables = [*self._comparison()] if self.compared else []
        return [*tables, self._curve_table(), *self._strata_table(), self._reading_table()]

    def _comparison(self) -> list[ResultTable]:
        by_convention = {score.convention.name: self._reasons(score.convention.name) for score in self.compared}
        rows: list[Sequence[str]] = []
        for score in self.compared:
            convention, reasons = score.convention, by_convention[score.convention.name]
            rows.append(
                (
                    convention.name,
                    shown(score.accuracy),
                    f"+{reasons.gained.total():,} -{reasons.lost.total():,}",
                    shown(score.miou),
                    f"{score.unread:,}",
                    convention.takes,
                    f"{'>' if convention.strict else '>='} {convention.threshold:g}",
                    "text" if score.own else "boxes",
                )
            )
        side_by_side = ResultTable(
            "The same answers under every convention",
            ("convention", "Acc@0.5", "flips", "mIoU", "unread", "box", "IoU", "reads"),
            rows,
            f"Flips: answers that are right (+) or wrong (-) here and not under {self.convention.name}. Unread: answers in "
            "which nothing is found to score. Reads: an evaluator of one model, given another dialect, is handed the boxes "
            f"that the {self.dialect} dialect reads; others read the text as it stands. --explain-conventions says more.",
        )
        return [side_by_side, *self._why_table(by_convention)]

    def _why_table(self, by_convention: Mapping[str, Reasons]) -> list[ResultTable]:
        rows: list[Sequence[str]] = []
        for name, reasons in by_convention.items():
            for hit, counts in ((True, reasons.gained), (False, reasons.lost)):
                for reason, count in counts.most_common(_REASONS_SHOWN):
                    some = ", ".join(reasons.examples[hit, reason])
                    rows.append((name, f"{'+' if hit else '-'}{count:,}", reason, some))
        note = "--flips FILE writes every one of them with its IoUs, and --html FILE draws some."
        return (
            [ResultTable("Why answers flip", ("convention", "flips", "reason", "such as"), rows, note)] if rows else []
        )

    def _reasons(self, name: str) -> Reasons:
        return tally(flip for flip in self.flips if flip.convention == name)

    def _curve_table(self) -> ResultTable:
        """Three thresholds to a line, to be read down the columns."""
        points = [(f"{threshold:.2f}", shown(value)) for threshold, value in self.curve.items()]
        lines = math.ceil(len(points) / _ACROSS)
        rows = [[cell for point in points[line::lines] for cell in point] for line in range(lines)]
        return ResultTable("Accuracy by IoU threshold", ("IoU", "Acc") * _ACROSS, rows)

    def _strata_table(self) -> list[ResultTable]:
        rows: list[Sequence[str]] = []
        for stratum in self.strata:
            low, high = stratum.interval
            counts = (
                f"{stratum.total:,}",
                f"{stratum.accuracy:.4f}",
                f"[{low:.4f}, {high:.4f}]",
                f"{stratum.miou:.4f}",
            )
            rows.append((TITLES[stratum.axis], stratum.name, *counts))
        if not rows:
            return []
        columns = ("by", "part", "count", f"Acc@{self.threshold:g}", "95 % interval", "mIoU")
        known = any(stratum.axis == "distractors" for stratum in self.strata)
        told = "are other things of the same class in the picture" if known else "are not known here: see --annotations"
        note = (
            "Small, medium and large: below 32 x 32, below 96 x 96, and from there on, once in the picture squeezed to "
            f"224 x 224 pixels (PIN), once in the original (COCO). Distractors {told}."
        )
        return [ResultTable("By size, length and distractors", columns, rows, note)]

    def _reading_table(self) -> ResultTable:
        counts = [("parsed", self.reading.parsed), ("partly parsed", self.reading.partial)]
        counts += [("failed", self.reading.failed), ("missing", self.missing), ("all expressions", self.total)]
        rows: list[Sequence[str]] = [(name, f"{count:,}") for name, count in counts]
        notes = []
        if self.unknown:
            some = ", ".join(self.unknown[:3])
            notes.append(f"{len(self.unknown):,} answers are to no expression of the truth and left out ({some}).")
        if self.reading.reasons():
            why = "; ".join(f"{reason} ({count:,})" for reason, count in self.reading.reasons())
            notes.append(f"What could not be read: {why}.")
        return ResultTable(
            f"How the {self.dialect} dialect reads the answers", ("answers", "count"), rows, " ".join(notes)
        )


def curve_dict(curve: Mapping[float, float]) -> dict[str, float | None]:
    """A curve for JSON: ``{"0.25": 0.91, ...}``."""
    return {f"{threshold:.2f}": number(value) for threshold, value in curve.items()}


def number(value: float) -> float | None:
    """A number for JSON: None for NaN."""
    return None if math.isnan(value) else float(value)


def shown(value: float) -> str:
    """A share for readers."""
    return "-" if math.isnan(value) else f"{value:.4f}"
