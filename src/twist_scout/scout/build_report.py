"""What a run gave: ``report.json``, and the table of yields by reason."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from twist_scout.scout.outcome import ItemOutcome

FORMAT = 1
_SAME_ENGINE = ("name", "concurrency", "workers")


class ReasonCount(BaseModel):
    """How many were rejected by one rule.

    Attributes:
        stage: where.
        check: by which rule.
        count: how many.
        example: the reason of the first one, in full.
    """

    model_config = ConfigDict(extra="forbid")

    stage: str
    check: str
    count: int
    example: str


class StageCount(BaseModel):
    """What one stage did.

    Attributes:
        requests: to a model; 0 for rules.
        prompt_tokens: read.
        completion_tokens: written.
        seconds: of all items together, waiting included; more than the run took, where many were under way at once.
    """

    model_config = ConfigDict(extra="forbid")

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0


class Moments(BaseModel):
    """How a number differs from item to item: what the uncertainty of an extrapolation is made of.

    Attributes:
        total: sum over the items.
        squares: sum of its squares.
        with_records: sum of its products with the number of the item's records.
    """

    model_config = ConfigDict(extra="forbid")

    total: float = 0.0
    squares: float = 0.0
    with_records: float = 0.0

    def add(self, value: float, records: int) -> None:
        """One more item."""
        self.total += value
        self.squares += value * value
        self.with_records += value * records


class BuildReport(BaseModel):
    """What a run gave.

    Attributes:
        report: version of this form.
        complete: whether every item of the source (up to the limit) is done.
        stopped: why not; None where it is.
        written: whether the files were written; not after a second Ctrl-C.
        items: items done, in this run and earlier ones.
        done_before: of those, in earlier runs.
        records: lines of ``train.jsonl``.
        negatives: of those, questions about what is not there.
        rejected: lines of ``rejects.jsonl``.
        rejected_by: how many by each rule, most first.
        to_retry: items that may end otherwise, because a model did not reply or the engine failed.
        counts: what the stages made: ``captions``, ``questions``, ``answers``, ``passed`` the checks, ``kept``.
        stages: what the stages used.
        moments: by item, of ``records``, of ``seconds`` and of what the stages used, ``answers.requests``.
        seconds: of this run.
        timed_items: items that were finished under a clock, in this run and, on the same engine, in earlier ones that came to
            their end.
        timed_seconds: of those runs.
        engine: where and on how much this run was made.
        source: its name and what its reader counted.
        settings: everything that decides about the records.
        versions: of the packages that made them.
        damaged: lines of the journal that could not be read; their items were done again.
    """

    model_config = ConfigDict(extra="forbid")

    report: int = FORMAT
    complete: bool = True
    stopped: str | None = None
    written: bool = True
    items: int = 0
    done_before: int = 0
    records: int = 0
    negatives: int = 0
    rejected: int = 0
    rejected_by: list[ReasonCount] = Field(default_factory=list)
    to_retry: int = 0
    counts: dict[str, int] = Field(default_factory=dict)
    stages: dict[str, StageCount] = Field(default_factory=dict)
    moments: dict[str, Moments] = Field(default_factory=dict)
    seconds: float = 0.0
    timed_items: int = 0
    timed_seconds: float = 0.0
    engine: dict[str, Any] = Field(default_factory=dict)
    source: dict[str, Any] = Field(default_factory=dict)
    settings: dict[str, Any] = Field(default_factory=dict)
    versions: dict[str, str] = Field(default_factory=dict)
    damaged: int = 0

    def timed_with(self, earlier: BuildReport | None) -> BuildReport:
        """With the time of this run, and of earlier ones on the same engine."""
        items = self.items - self.done_before
        seconds = self.seconds if items else 0.0
        if earlier is not None and all(earlier.engine.get(key) == self.engine.get(key) for key in _SAME_ENGINE):
            items, seconds = items + earlier.timed_items, seconds + earlier.timed_seconds
        return self.model_copy(update={"timed_items": items, "timed_seconds": round(seconds, 3)})

    @property
    def kept_share(self) -> float:
        """Records among all that was decided about; 0 where nothing was."""
        return self.records / max(1, self.records + self.rejected)


def load_report(path: Path) -> BuildReport | None:
    """A report, if there is one that can be read."""
    try:
        return BuildReport.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


class Tally:
    """Adds up outcomes in the order of the source."""

    def __init__(self) -> None:
        self.items = self.to_retry = self.negatives = self.records = 0
        self._counts: Counter[str] = Counter()
        self._seconds: Counter[str] = Counter()
        self._reasons: Counter[tuple[str, str]] = Counter()
        self._examples: dict[tuple[str, str], str] = {}
        self._moments: dict[str, Moments] = {}

    def add(self, outcome: ItemOutcome, kept: int) -> None:
        """One item.

        Args:
            outcome: as the ledger has it.
            kept: its records that repeat no earlier one.
        """
        self.items += 1
        self.records += kept
        used = {name: count for name, count in outcome.counts.items() if "." in name}
        for name, value in {"records": kept, "seconds": sum(outcome.seconds.values()), **used}.items():
            self._moments.setdefault(name, Moments()).add(value, kept)
        self.to_retry += outcome.again
        self._counts.update(outcome.counts)
        self._seconds.update(outcome.seconds)

    def negative(self) -> None:
        """One of the records that are kept is about what is not there."""
        self.negatives += 1

    def reject(self, stage: str, check: str, reason: str) -> None:
        """One that is not."""
        self._reasons[stage, check] += 1
        self._examples.setdefault((stage, check), reason)

    def report(self) -> BuildReport:
        """The numbers so far."""
        counts = {name: self._counts[name] for name in ("captions", "questions", "negatives", "answers")}
        stages = {
            name: StageCount(
                requests=self._counts[f"{name}.requests"],
                prompt_tokens=self._counts[f"{name}.prompt_tokens"],
                completion_tokens=self._counts[f"{name}.completion_tokens"],
                seconds=round(seconds, 3),
            )
            for name, seconds in self._seconds.items()
        }
        by = [
            ReasonCount(stage=stage, check=check, count=count, example=self._examples[stage, check])
            for (stage, check), count in sorted(self._reasons.items(), key=lambda pair: (-pair[1], pair[0]))
        ]
        return BuildReport(
            items=self.items,
            records=self.records,
            negatives=self.negatives,
            rejected=self._reasons.total(),
            rejected_by=by,
            to_retry=self.to_retry,
            counts={**counts, "passed": self._counts["kept"], "kept": self.records},
            stages=stages,
            moments=self._moments,
        )
