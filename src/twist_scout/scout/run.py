"""One run over a source: which items are to be done, what became of them, and how far it is."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from twist_scout.errors import BadInput
from twist_scout.scout.build_report import BuildReport
from twist_scout.scout.items import SourceItem
from twist_scout.scout.ledger import Ledger
from twist_scout.scout.local_engine import Stop, Todo, WorksOnItems, run_local
from twist_scout.scout.outcome import ItemOutcome, digest

_SKIPPED_AT_ONCE = 256


class Works(WorksOnItems, Protocol):
    """What :func:`build_with` needs of stages."""

    def settings(self) -> dict[str, Any]:
        """Who does the work and what they are told, JSON-ready: a run goes on only with the same."""

    def versions(self) -> dict[str, str]:
        """Of the packages that do the work."""

    def facts(self) -> dict[str, Any]:
        """How the work was done, for the report."""


class Closes(Protocol):
    """Something to be closed at the end of a run: a backend, processes."""

    async def close(self) -> None:
        """Give back connections, memory, processes."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is.

    Attributes:
        done: items, those of earlier runs included.
        total: items of the source, if it knows.
        kept: records so far, before duplicates are looked for.
        rejected: rejects so far.
        note: something to tell the user, such as what Ctrl-C has started.
    """

    done: int
    total: int | None
    kept: int
    rejected: int
    note: str | None = None


class Run:
    """What is done and what is to be done.

    Args:
        ledger: the journal.
        source: gives the items.
        limit: only the first so many items.
        retry: do items again whose backend did not reply.
        progress: called after each item.

    Attributes:
        done: items that are finished, those of earlier runs included.
        done_before: of those, the ones of earlier runs.
    """

    def __init__(
        self,
        ledger: Ledger,
        source: Iterable[SourceItem],
        limit: int | None,
        retry: bool,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self._ledger, self._source, self._limit = ledger, source, limit
        if retry:
            ledger.forget_unsuccessful()
        within = [entry for index, entry in ledger.entries.items() if limit is None or index < limit]
        self.done = self.done_before = len(within)
        self._kept, self._rejected = sum(e.kept for e in within), sum(e.rejected for e in within)
        self._progress = progress
        length: Any = getattr(source, "length", None)
        known = length() if callable(length) else None
        self._total = known if limit is None else limit if known is None else min(limit, known)
        self._tell()

    async def until_done(self, stages: Works, concurrency: int, stop: Stop, closing: Sequence[Closes]) -> None:
        """Work until nothing is left or the run is stopped; see :func:`run_local`.

        Args:
            stages: what to do with each item.
            concurrency: items under way at once.
            stop: says afterwards whether and why the run was stopped.
            closing: closed in any case.
        """
        try:
            await run_local(
                stages, self._todo(), self._keep, concurrency=concurrency, stop=stop, on_interrupt=self._interrupted
            )
        finally:
            for one in closing:
                await one.close()

    def summary(self) -> BuildReport:
        """The numbers without the files."""
        return BuildReport(items=self.done, done_before=self.done_before, records=self._kept, rejected=self._rejected)

    def _todo(self) -> Todo:
        """Items that are not done yet, and None now and then while many in a row are."""
        skipped = 0
        for index, item in enumerate(itertools.islice(self._source, self._limit)):
            entry = self._ledger.entries.get(index)
            if entry is None:
                yield index, item
                continue
            if (entry.item, entry.digest) != (item.id, digest(item)):
                raise BadInput(
                    f"Item {index} of the source ({item.id!r}) is not what it was when {self._ledger.out} was begun "
                    f"({entry.item!r}): give the source as it was, or start over with restart."
                )
            skipped += 1
            if skipped % _SKIPPED_AT_ONCE == 0:
                yield None

    def _keep(self, outcome: ItemOutcome) -> None:
        self._ledger.append(outcome)
        self.done += 1
        self._kept += len(outcome.records)
        self._rejected += len(outcome.rejects)
        self._tell()

    def _interrupted(self, stop: Stop, busy: int) -> None:
        if stop.hurry:
            self._tell("Stopping.")
        else:
            self._tell(f"Finishing {busy} items that are under way; Ctrl-C again lets them go.")

    def _tell(self, note: str | None = None) -> None:
        if self._progress is not None:
            self._progress(Progress(self.done, self._total, self._kept, self._rejected, note))
