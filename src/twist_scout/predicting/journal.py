"""The prediction file while it is written: lines are only ever added, until the last one is there.

A killed run leaves whole lines and perhaps half of one. The half is cut off when the run goes on. Answers are added in the
order in which they are made, batch by batch; at the end the file is put into the order of the data in one step, so it is
the same however often the run was interrupted.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any, Self

from filelock import FileLock, Timeout

from twist_scout.errors import BadConfig, BadInput


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a prediction file.

    Attributes:
        id: of the question.
        image: the picture's name.
        text: what the model answered; empty where it could not be asked.
        score: mean log-probability of the answer's tokens, where wanted.
        error: why the question could not be asked.
    """

    id: str
    image: str | None
    text: str
    score: float | None = None
    error: str | None = None

    def encoded(self) -> bytes:
        """The line as it stands in the file, line break included."""
        row: dict[str, Any] = {"id": self.id, "image": self.image, "text": self.text}
        if self.image is None:
            del row["image"]
        if self.score is not None:
            row["score"] = round(self.score, 6)
        if self.error is not None:
            row["error"] = self.error
        try:
            return json.dumps(row, ensure_ascii=False).encode() + b"\n"
        except UnicodeEncodeError:  # half of a surrogate pair, from an id or a file's name
            return json.dumps(row).encode() + b"\n"


class Journal:
    """A prediction file, open for adding lines by one process at a time.

    Args:
        path: the file; it is made.
        restart: throw away what is there.

    Attributes:
        lines: the lines there are, by id; of two about one id the first counts, unless it holds an error.
        errors: ids of those that hold an error.
        damaged: lines that are not this program's.

    Raises:
        BadConfig: another run is writing there.
        BadInput: the file cannot be written.
    """

    def __init__(self, path: Path, *, restart: bool = False) -> None:
        self.path = path
        self.lines: dict[str, bytes] = {}
        self.errors: set[str] = set()
        self.damaged = 0
        self._lock = FileLock(path.with_name(f".{path.name}.lock"), timeout=0, thread_local=False)
        try:
            self._lock.acquire()
        except Timeout as error:
            raise BadConfig(f"Another run is writing {path}: wait until it has ended, or give another file.") from error
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            if restart:
                path.unlink(missing_ok=True)
            self._read()
            self._file = FileIO(path, "ab")
        except OSError as error:
            self._lock.release()
            raise self._unwritable(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def append(self, lines: Sequence[Line]) -> None:
        """Add the answers of a batch and force them onto the disk.

        Raises:
            BadInput: the disk is full or gone; what was added before is kept.
        """
        try:
            for line in lines:
                data = line.encoded()
                rest = memoryview(data)
                while rest:
                    rest = rest[self._file.write(rest) or 0 :]
                self.lines[line.id] = data
                if line.error is not None:
                    self.errors.add(line.id)
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._unwritable(error) from error

    def forget(self, ids: Iterable[str]) -> None:
        """Take lines for not there; they are left out at the end."""
        for id in list(ids):
            self.lines.pop(id, None)
            self.errors.discard(id)

    def finish(self, ids: Iterable[str]) -> None:
        """Put the file into an order, in one step.

        Args:
            ids: of all lines, in that order.

        Raises:
            BadInput: the disk is full or gone; the file is as it was.
        """
        partial = self.path.with_name(f".{self.path.name}.partial")
        try:
            with partial.open("wb") as file:
                file.writelines(self.lines[id] for id in ids)
                file.flush()
                os.fsync(file.fileno())
            self._file.close()
            os.replace(partial, self.path)
            self._file = FileIO(self.path, "ab")
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise self._unwritable(error) from error

    def close(self) -> None:
        """Let the next run in."""
        self._file.close()
        self._lock.release()

    def _read(self) -> None:
        """Find the whole lines, and cut off what a kill left of the last one."""
        if not self.path.exists():
            return
        end = 0
        with self.path.open("rb+") as file:
            for raw in file:
                if not raw.endswith(b"\n"):
                    file.truncate(end)
                    break
                end += len(raw)
                row = _row(raw)
                if row is None:
                    self.damaged += 1
                elif row["id"] not in self.lines or row["id"] in self.errors:
                    self.lines[row["id"]] = raw
                    (self.errors.add if "error" in row else self.errors.discard)(row["id"])

    def _unwritable(self, error: OSError) -> BadInput:
        reason = error.strerror or error
        return BadInput(f"{self.path} cannot be written ({reason}): what was finished before is kept.")


def _row(raw: bytes) -> Mapping[str, Any] | None:
    try:
        row = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    fits = isinstance(row, dict) and isinstance(row.get("id"), str) and isinstance(row.get("text"), str)
    return row if fits else None
