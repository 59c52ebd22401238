"""What came out of questions about present and absent things."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from twist_scout.evaluation.reading import ReadingTally
from twist_scout.evaluation.rejection.contradiction import KINDS, Kind
from twist_scout.evaluation.result import ResultTable
from twist_scout.evaluation.significance import wilson

PROTOCOL = "rejection/1"


@dataclass(frozen=True, slots=True)
class RejectionResult:
    """Counts over questions about absent and about present objects.

    Attributes:
        absent: questions about things that are not there.
        absent_rejected: of these, rejected: right.
        present: questions about things that are there.
        present_rejected: of these, rejected: wrong.
        absent_pointed: questions about absent things that were answered with a box: hallucinated.
        present_pointed: questions about present things that were answered with a box.
        absent_missing: questions about absent things without an answer; they count as not rejected.
        present_missing: the same about present things; they count as neither rejected nor right.
        contradictions: rightly rejected questions by what their boxes show, where the objects of the picture are known.
        real_boxes: boxes of these answers that overlap an annotated object of the class that their phrase names.
        wrong_boxes: boxes of these answers whose phrase names an annotated class, and that overlap no object of it.
        reading: how the answers could be read; a rejection needs no box.
        unknown: answers to no question; they are left out.
        right: by id, 1 for a rejection of an absent thing and for an answer about a present one, else 0.
    """

    absent: int
    absent_rejected: int
    present: int
    present_rejected: int
    absent_pointed: int = 0
    present_pointed: int = 0
    absent_missing: int = 0
    present_missing: int = 0
    contradictions: Mapping[Kind, int] = field(default_factory=lambda: MappingProxyType({}))
    real_boxes: int = 0
    wrong_boxes: int = 0
    reading: ReadingTally = field(default_factory=ReadingTally)
    unknown: int = 0
    right: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}), repr=False)

    @property
    def protocol(self) -> str:
        """Name and version."""
        return PROTOCOL

    @property
    def rejection(self) -> float:
        """Share of questions about absent objects that were rejected; NaN where there were none."""
        return _share(self.absent_rejected, self.absent)

    @property
    def false_rejection(self) -> float:
        """Share of questions about present objects that were rejected; NaN where there were none."""
        return _share(self.present_rejected, self.present)

    @property
    def grounded_contradiction(self) -> float:
        """Share of right rejections that point at something else that is really there, and at nothing that is not; NaN
        where there were none, or the objects of their pictures are not known.
        """
        return _share(self.contradictions.get("grounded", 0), sum(self.contradictions.values()))

    @property
    def accuracy(self) -> float:
        """Share of questions of both sorts that were treated rightly; NaN where there were none."""
        kept = self.present - self.present_rejected - self.present_missing
        return _share(self.absent_rejected + kept, self.absent + self.present)

    def __str__(self) -> str:
        grounded = ""
        if self.contradictions:
            judged = sum(self.contradictions.values())
            count = self.contradictions.get("grounded", 0)
            grounded = f", contradiction grounded {self.grounded_contradiction:.4f} ({count:,} of {judged:,})"
        return (
            f"absent rejected {self.rejection:.4f} ({self.absent_rejected:,} of {self.absent:,}), "
            f"present wrongly rejected {self.false_rejection:.4f} "
            f"({self.present_rejected:,} of {self.present:,}){grounded} ({PROTOCOL})"
        )

    def to_dict(self) -> dict[str, Any]:
        """Every number, for JSON."""
        judged = sum(self.contradictions.values())
        grounded = self.contradictions.get("grounded", 0)
        return {
            "rejection": _number(self.rejection),
            "false_rejection": _number(self.false_rejection),
            "grounded_contradiction": _number(self.grounded_contradiction),
            "accuracy": _number(self.accuracy),
            "intervals": {
                "rejection": list(wilson(self.absent_rejected, self.absent)),
                "false_rejection": list(wilson(self.present_rejected, self.present)),
                "grounded_contradiction": list(wilson(grounded, judged)),
            },
            "total": self.absent + self.present,
            "absent": self._row(True),
            "present": self._row(False),
            "contradictions": {kind.replace(" ", "_"): self.contradictions.get(kind, 0) for kind in KINDS},
            "real_boxes": self.real_boxes,
            "wrong_boxes": self.wrong_boxes,
            "missing": self.absent_missing + self.present_missing,
            "unknown": self.unknown,
            **self.reading.to_dict(),
        }

    def tables(self) -> list[ResultTable]:
        """The rates, what was done with both sorts of questions, and what refusals point at."""
        rows = []
        for title, absent in (("absent things", True), ("present things", False)):
            counts = self._row(absent)
            rows.append([title, *(f"{counts[key]:,}" for key in _OUTCOMES), f"{counts['total']:,}"])
        left = f"; {self.unknown:,} to no question, left out" if self.unknown else ""
        note = f"Answers: {self.reading} read; {self.absent_missing + self.present_missing:,} missing{left}."
        tables = [self._rates(), ResultTable("Questions", ("about", *_OUTCOMES, "all"), rows, note)]
        if self.contradictions:
            tables.append(self._contradictions())
        return tables

    def scores(self) -> Mapping[str, float]:
        """Whether each question was treated rightly, by its id."""
        return self.right

    def _row(self, absent: bool) -> dict[str, int]:
        rejected, pointed, missing, total = (
            (self.absent_rejected, self.absent_pointed, self.absent_missing, self.absent)
            if absent
            else (self.present_rejected, self.present_pointed, self.present_missing, self.present)
        )
        return {
            "rejected": rejected,
            "pointed": pointed,
            "neither": total - rejected - pointed - missing,
            "missing": missing,
            "total": total,
        }

    def _rates(self) -> ResultTable:
        judged, grounded = sum(self.contradictions.values()), self.contradictions.get("grounded", 0)
        shares = [
            ("absent rejected (right)", self.absent_rejected, self.absent),
            ("present rejected (wrong)", self.present_rejected, self.present),
            ("right rejections grounded", grounded, judged),
        ]
        rows = []
        for title, hits, total in shares:
            low, high = wilson(hits, total)
            value = f"{_share(hits, total):.4f}" if total else "-"
            rows.append((title, value, f"{low:.4f} to {high:.4f}" if total else "-", f"{hits:,} of {total:,}"))
        return ResultTable("Rates", ("share", "value", "95 % interval", "counts"), rows)

    def _contradictions(self) -> ResultTable:
        total = sum(self.contradictions.values())
        rows = [
            (kind, f"{self.contradictions.get(kind, 0):,}", f"{_share(self.contradictions.get(kind, 0), total):.4f}")
            for kind in KINDS
        ]
        note = (
            f"Of their boxes that could be checked, {self.real_boxes:,} lie on an annotated object of the class named "
            f"(IoU >= 0.5) and {self.wrong_boxes:,} do not."
        )
        return ResultTable("What right rejections point at", ("boxes are", "rejections", "share"), rows, note)


_OUTCOMES = ("rejected", "pointed", "neither", "missing")


def _share(count: int, total: int) -> float:
    return count / total if total else float("nan")


def _number(value: float) -> float | None:
    return None if value != value else value
