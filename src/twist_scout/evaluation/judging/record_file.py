"""Judgements on disk: one a line, written as they come, so that a run that was stopped goes on."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from twist_scout.errors import BadInput


class Judgements:
    """The judgements of a file by key; new ones are added to it.

    Lines are ``{"key", "id", "judge", "protocol", "grades", "reply", "at"}``. A line that a kill cut short says nothing.

    Args:
        path: the file; it is made with the first judgement. None keeps them in memory.

    Raises:
        BadInput: the file cannot be read.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self.path = Path(path) if path is not None else None
        self._known: dict[str, tuple[tuple[float, ...], str]] = {}
        self._whole_line = True
        if self.path is not None and self.path.exists():
            self._read(self.path)
        self._file: Any = None

    def get(self, key: str) -> tuple[tuple[float, ...], str] | None:
        """Grades and the judge's words."""
        return self._known.get(key)

    def add(self, key: str, grades: tuple[float, ...], reply: str, **about: str) -> None:
        """Keep a judgement; it is in the file when this returns.

        Raises:
            BadInput: the file cannot be written.
        """
        self._known[key] = grades, reply
        if self.path is None:
            return
        now = datetime.now(UTC).isoformat(timespec="seconds")
        line = json.dumps({"key": key, **about, "grades": grades, "reply": reply, "at": now})
        try:
            if self._file is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self.path.open("a", encoding="utf-8")
                if not self._whole_line:
                    self._file.write("\n")
            self._file.write(line + "\n")
            self._file.flush()
        except OSError as error:
            raise BadInput(f"{self.path} cannot be written ({error.strerror or error}): name another.") from error

    def __len__(self) -> int:
        return len(self._known)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _read(self, path: Path) -> None:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise BadInput(f"{path} cannot be read ({error.strerror or error}): name another file.") from error
        self._whole_line = not content or content.endswith(b"\n")
        for line in content.splitlines():
            try:
                row = json.loads(line)
                key, grades, reply = row["key"], tuple(map(float, row["grades"])), row["reply"]
            except (ValueError, KeyError, TypeError, RecursionError):
                continue
            if isinstance(key, str) and isinstance(reply, str):
                self._known[key] = grades, reply
