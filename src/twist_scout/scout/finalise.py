"""From the ledger to the data set: records and rejects in the order of the source, whole files or none.

The order in which items were finished, how often the run was killed and where it ran leave no trace in the two files.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Protocol

from pydantic import BaseModel

from twist_scout.data.records import Example
from twist_scout.scout.build_report import BuildReport, Tally
from twist_scout.scout.ledger import Ledger
from twist_scout.scout.rejects import Reject
from twist_scout.whole_file import write_whole

RECORDS = "train.jsonl"
REJECTS = "rejects.jsonl"
REPORT = "report.json"
NEAR_DUPLICATE = "near_duplicate"


class Dedupe(Protocol):
    """Tells near-duplicates of what it has seen before; deterministic in the order of the calls."""

    def repeats(self, example: Example) -> str | None:
        """Which earlier record this one repeats; None, and it is remembered, where it repeats none."""


def write_files(
    ledger: Ledger,
    new_dedupe: Callable[[], Dedupe] | None,
    *,
    limit: int | None = None,
) -> BuildReport:
    """Write ``train.jsonl`` and ``rejects.jsonl`` from what is in the ledger.

    Args:
        ledger: the journal of the run.
        new_dedupe: makes what finds near-duplicates; None: they stay.
        limit: of the first so many items of the source alone.

    Returns:
        The numbers of the run.
    """
    dedupe = new_dedupe() if new_dedupe else None
    tally, ids = Tally(), _Ids()
    records_path, rejects_path = ledger.folder / f"{RECORDS}.partial", ledger.folder / f"{REJECTS}.partial"
    with records_path.open("wb") as records, rejects_path.open("wb") as rejects:
        for outcome in ledger.in_order(limit):
            turned_down = list(outcome.rejects)
            kept = 0
            for made in outcome.records:
                example = ids.unique(made)
                repeated = dedupe.repeats(example) if dedupe else None
                if repeated is None:
                    _write_line(records, example)
                    kept += 1
                    if example.negative:
                        tally.negative()
                else:
                    turned_down.append(_duplicate(outcome.item, example, repeated))
            tally.add(outcome, kept)
            for reject in turned_down:
                _write_line(rejects, reject)
                tally.reject(reject.stage, reject.check, reject.reason)
        for file in (records, rejects):
            file.flush()
            os.fsync(file.fileno())
    os.replace(records_path, ledger.out / RECORDS)
    os.replace(rejects_path, ledger.out / REJECTS)
    return tally.report()


def write_report(ledger: Ledger, report: BuildReport) -> Path:
    """Write ``report.json``, in one step."""
    path = ledger.out / REPORT
    write_whole(path, report.model_dump_json(indent=2) + "\n")
    return path


def _duplicate(item: str, example: Example, repeated: str) -> Reject:
    asked = next((message.content for message in example.messages if message.role == "user"), "")
    return Reject(
        item=item,
        question=asked,
        stage="duplicates",
        check=NEAR_DUPLICATE,
        reason=f"It repeats {repeated}.",
        text=example.messages[-1].content,
        example=example,
    )


def _write_line(file: BinaryIO, value: BaseModel) -> None:
    file.write(value.model_dump_json().encode() + b"\n")


class _Ids:
    """Sees to it that no two records have one id, also where a source gives two items one."""

    def __init__(self) -> None:
        self._seen: set[int] = set()

    def unique(self, example: Example) -> Example:
        """The record, with ``~2``, ``~3``, ... behind its id where that is taken."""
        name, count = example.id, 1
        while (mark := _mark(name)) in self._seen:
            count += 1
            name = f"{example.id}~{count}"
        self._seen.add(mark)
        return example if count == 1 else example.model_copy(update={"id": name})


def _mark(text: str) -> int:
    """Eight bytes for an id, so that the ids of millions of records fit into memory."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
