"""What was done, kept so that a run that was killed at any moment goes on where it was.

``DIR/.scout/journal.jsonl`` begins with a header (the settings of the run) and has one line for each finished item, in
the order in which they were finished::

    {"ledger": 1, "settings": {...}}
    {"index": 3, "item": "36979", "digest": "...", "again": false, "counts": {...}, ..., "records": [...], "rejects": [...]}

A line is handed to the operating system as soon as its item is finished, so a killed process loses nothing that was
finished; every few seconds what is there is forced onto the disk, so a machine that loses power loses those at most. A
last line that was cut short is removed when the ledger is opened again, and an item whose line is damaged is done
again. Of two lines about the same item the later counts.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Iterator, Mapping
from io import FileIO
from pathlib import Path
from typing import Any, NamedTuple, Self

from filelock import FileLock, Timeout

from twist_scout.errors import BadConfig, BadInput
from twist_scout.scout.outcome import ItemOutcome
from twist_scout.whole_file import write_whole

FORMAT = 1
FOLDER = ".scout"


class Entry(NamedTuple):
    """Where an item's line is, and what can be told without reading it whole."""

    item: str
    digest: str
    again: bool
    kept: int
    rejected: int
    start: int
    length: int


class Ledger:
    """The journal of a run, open for writing by one process at a time.

    Args:
        out: the run's folder; it is made.
        settings: everything that decides about the records, JSON-ready. A run goes on only with the same.
        restart: throw away what an earlier run left.
        sync_seconds: how long a finished line may be in the operating system's memory alone.

    Attributes:
        entries: what is finished, by the item's place in the source.
        damaged: lines that could not be read when the journal was opened.

    Raises:
        BadConfig: another run is writing there, or an earlier one had other settings.
        BadInput: the file is no journal, or the folder cannot be written.
    """

    def __init__(
        self, out: str | Path, settings: Mapping[str, Any], *, restart: bool = False, sync_seconds: float = 2.0
    ) -> None:
        self.out = Path(out)
        self.folder = self.out / FOLDER
        self.path = self.folder / "journal.jsonl"
        self.entries: dict[int, Entry] = {}
        self.damaged = 0
        self._settings = json.loads(json.dumps(settings))
        self._lock = self._locked()
        try:
            if restart:
                self._clear()
            self._file, self._end = self._open()
        except BaseException:
            self._lock.release()
            raise
        self._sync_seconds, self._unsynced = sync_seconds, threading.Event()
        self._closing = threading.Event()
        self._failure: OSError | None = None
        self._syncer = threading.Thread(target=self._keep_synced, name="ledger", daemon=True)
        self._syncer.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def append(self, outcome: ItemOutcome) -> None:
        """Keep what became of an item.

        Raises:
            BadInput: the disk is full or gone; what was appended before is kept.
        """
        line = outcome.model_dump_json().encode() + b"\n"
        start = self._end
        try:
            if self._failure is not None:
                raise self._failure
            for written in _write_all(self._file, line):
                self._end += written
        except OSError as error:
            self._failure = error  # nothing may follow half a line
            raise self._unwritable(error) from error
        self.entries[outcome.index] = Entry(
            outcome.item,
            outcome.digest,
            outcome.again,
            len(outcome.records),
            len(outcome.rejects),
            start,
            len(line),
        )
        self._unsynced.set()

    def in_order(self, limit: int | None = None) -> Iterator[ItemOutcome]:
        """What became of the items, in the order of the source.

        Args:
            limit: of the first so many items of the source alone.
        """
        with self.path.open("rb") as file:
            for index in sorted(self.entries):
                if limit is not None and index >= limit:
                    return
                entry = self.entries[index]
                file.seek(entry.start)
                yield ItemOutcome.model_validate_json(file.read(entry.length))

    def forget_unsuccessful(self) -> None:
        """Take the items for not done that may end otherwise; their next lines will count."""
        self.entries = {index: entry for index, entry in self.entries.items() if not entry.again}

    def close(self) -> None:
        """Force everything onto the disk and let the next run in."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._unsynced.set()
        self._syncer.join()
        try:
            os.fsync(self._file.fileno())
        finally:
            self._file.close()
            self._lock.release()

    def _locked(self) -> FileLock:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.folder / "lock", timeout=0, thread_local=False)
            lock.acquire()
        except Timeout as error:
            raise BadConfig(
                f"Another run is writing to {self.out}: wait until it has ended, or give another folder."
            ) from error
        except OSError as error:
            raise self._unwritable(error) from error
        return lock

    def _clear(self) -> None:
        for path in self.folder.iterdir():
            if path.name != "lock":
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _open(self) -> tuple[FileIO, int]:
        """The journal, ready for more lines, and its length."""
        try:
            if not self.path.exists():
                self._begin()
            end = self._read()
            return FileIO(self.path, "ab"), end
        except OSError as error:
            raise self._unwritable(error) from error

    def _begin(self) -> None:
        """Write the header in one step, so that a journal always has a whole one."""
        write_whole(self.path, json.dumps({"ledger": FORMAT, "settings": self._settings}) + "\n")

    def _read(self) -> int:
        """Find the lines of finished items, cut off what a kill left of the last one; the length of the rest."""
        with self.path.open("rb+") as file:
            start = self._check_header(file.readline())
            for line in file:
                if not line.endswith(b"\n"):
                    file.truncate(start)
                    break
                entry = _entry(line, start)
                if entry is None:
                    self.damaged += 1
                else:
                    self.entries[entry[0]] = entry[1]
                start += len(line)
        return start

    def _check_header(self, line: bytes) -> int:
        """Whether the journal is this run's; the length of its header."""
        try:
            header = json.loads(line)
            settings = header["settings"] if header["ledger"] == FORMAT else None
        except (ValueError, KeyError, TypeError):
            settings = None
        if not isinstance(settings, dict):
            raise BadInput(
                f"{self.path} is not a journal of this version: start over with restart, or give another folder."
            )
        if settings != self._settings:
            changed = _differences(settings, self._settings)
            raise BadConfig(
                f"{self.out} holds a run with other settings ({changed}): give the same to go on with it, give another "
                "folder, or start over with restart."
            )
        return len(line)

    def _keep_synced(self) -> None:
        while not self._closing.is_set():
            self._unsynced.wait()
            self._unsynced.clear()
            try:
                os.fsync(self._file.fileno())
            except OSError as error:
                self._failure = error
            self._closing.wait(self._sync_seconds)

    def _unwritable(self, error: OSError) -> BadInput:
        return BadInput(
            f"{self.folder} cannot be written ({error.strerror or error}): what was finished before is kept."
        )


def _write_all(file: FileIO, data: bytes) -> Iterator[int]:
    """Write everything, also where the system takes it in pieces; how long each piece was."""
    rest = memoryview(data)
    while rest:
        written = file.write(rest) or 0
        yield written
        rest = rest[written:]


def _entry(line: bytes, start: int) -> tuple[int, Entry] | None:
    """The place and the entry of a line; None for one that is damaged."""
    try:
        value = json.loads(line)
        entry = Entry(
            value["item"],
            value["digest"],
            value["again"],
            len(value["records"]),
            len(value["rejects"]),
            start,
            len(line),
        )
        return value["index"], entry
    except (ValueError, KeyError, TypeError):
        return None


def _differences(old: Mapping[str, Any], new: Mapping[str, Any], above: str = "") -> str:
    """``seed 0, now 1``, for the first few of them."""
    found: list[str] = []
    for key in dict.fromkeys([*old, *new]):
        before, after = old.get(key), new.get(key)
        if before == after:
            continue
        name = f"{above}{key}"
        if isinstance(before, dict) and isinstance(after, dict):
            found.append(_differences(before, after, f"{name}."))
        else:
            found.append(f"{name} {_short(before)}, now {_short(after)}")
    return "; ".join(found[:3])


def _short(value: Any) -> str:
    text = "unset" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."
