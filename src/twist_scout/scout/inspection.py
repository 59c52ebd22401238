"""A whole file of records under the checks: which lines are no records, and what the checks say about the others."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twist_scout.data.records import Example, parse_line
from twist_scout.errors import BadRecord
from twist_scout.scout.checks import CHECKS, CheckSettings, check
from twist_scout.scout.files import raw_lines
from twist_scout.scout.items import SourceItem
from twist_scout.scout.sources import Source

UNIQUE_ID = "unique_id"
SHOWN = 5
_NEAR = 1024


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a line.

    Attributes:
        line: its 1-based number.
        id: of its record; empty where it is none.
        reason: one sentence.
    """

    line: int
    id: str
    reason: str


@dataclass
class Inspection:
    """What was found.

    Attributes:
        path: the file.
        records: lines that are records.
        unreadable: lines that are not, and ``bad``, the first of them.
        failed_records: records that failed a check.
        matched: records whose item the source has; None without a source.
        outcomes: by check, how often it passed, failed and was skipped.
        examples: by check, the first failures.
    """

    path: Path
    records: int = 0
    unreadable: int = 0
    bad: list[Finding] = field(default_factory=list)
    failed_records: int = 0
    matched: int | None = None
    outcomes: dict[str, Counter[str]] = field(
        default_factory=lambda: {name: Counter() for name in (UNIQUE_ID, *CHECKS)}
    )
    examples: dict[str, list[Finding]] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        """Whether every line is a record and passes every check."""
        return not self.unreadable and not self.failed_records

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "file": str(self.path),
            "records": self.records,
            "unreadable": self.unreadable,
            "failed_records": self.failed_records,
            "matched": self.matched,
            "clean": self.clean,
            "bad": [{"line": found.line, "reason": found.reason} for found in self.bad],
            "checks": {
                name: {outcome: counts[outcome] for outcome in ("passed", "failed", "skipped")}
                for name, counts in self.outcomes.items()
            },
            "examples": {
                name: [{"line": found.line, "id": found.id, "reason": found.reason} for found in findings]
                for name, findings in self.examples.items()
            },
        }


def inspect(
    path: Path,
    *,
    items: ItemLookup | None = None,
    settings: CheckSettings | None = None,
    shown: int = SHOWN,
    progress: Callable[[int], None] | None = None,
) -> Inspection:
    """Read a file line by line and check each record; a bad line does not stop it.

    Args:
        path: a JSONL file of records.
        items: what the source knows; records are matched by the item id of their provenance.
        settings: thresholds, and checks to leave out.
        shown: how many failures of each check, and four times as many bad lines, to keep as examples.
        progress: called with the bytes read so far, now and then.

    Raises:
        BadInput: the file cannot be opened.
        BadConfig: the settings leave out a check that there is not.
    """
    settings = settings or CheckSettings()
    found = Inspection(path, matched=None if items is None else 0)
    outcomes = found.outcomes
    ids: set[int] = set()  # hashes: those of millions of ids fit into memory
    read = 0
    for number, line in raw_lines(path):
        read += len(line)
        if progress is not None and number % 1000 == 0:
            progress(read)
        try:
            example = parse_line(line, path, number)
        except BadRecord as error:
            found.unreadable += 1
            if len(found.bad) < 4 * shown:
                found.bad.append(Finding(number, "", str(error).removeprefix(f"{path}, line {number}: ")))
            continue
        found.records += 1
        item = None
        if items is not None:
            item = items.of(example)
            found.matched = (found.matched or 0) + (item is not None)
        failed = False
        mark = hash(example.id)
        if mark in ids:
            failed = True
            outcomes[UNIQUE_ID]["failed"] += 1
            _keep(found, UNIQUE_ID, Finding(number, example.id, "an earlier record has this id"), shown)
        else:
            ids.add(mark)
            outcomes[UNIQUE_ID]["passed"] += 1
        for verdict in check(example, item, settings):
            outcomes[verdict.check][verdict.outcome] += 1
            if verdict.outcome == "failed":
                failed = True
                _keep(found, verdict.check, Finding(number, example.id, verdict.reason), shown)
        found.failed_records += failed
    return found


def _keep(found: Inspection, check_name: str, finding: Finding, shown: int) -> None:
    kept = found.examples.setdefault(check_name, [])
    if len(kept) < shown:
        kept.append(finding)


class ItemLookup:
    """Finds the source's item of a record.

    Records that come in the order of the source are matched while both are read once, and only a few items are held. Where
    they come in another order, all items are.

    Args:
        source: what the records were made from.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._coming: Iterator[SourceItem] | None = iter(source)
        self._near: OrderedDict[str, SourceItem] = OrderedDict()
        self._all: dict[str, SourceItem] | None = None

    def of(self, example: Example) -> SourceItem | None:
        """The item that a record was made from; None if it does not say, or the source has no such item."""
        provenance = example.meta.get("provenance")
        id = provenance.get("item") if isinstance(provenance, dict) else None
        return self.item(id) if isinstance(id, str) else None

    def item(self, id: str) -> SourceItem | None:
        """The item of that id."""
        if self._all is not None:
            return self._all.get(id)
        known = self._near.get(id)
        if known is not None:
            return known
        for item in self._coming or ():
            self._near[item.id] = item
            if len(self._near) > _NEAR:
                self._near.popitem(last=False)
            if item.id == id:
                return item
        self._all = {item.id: item for item in self._source}
        return self._all.get(id)
