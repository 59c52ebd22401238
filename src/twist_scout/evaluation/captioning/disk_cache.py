"""What costs time to make is kept in the user's cache folder, so that no command makes it twice.

One SQLite file per kind: several commands may use it at once, and one that is killed leaves it whole. A cache that
cannot be used is not an error: things are made again, and `DiskCache.problem` says why.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from twist_scout.errors import first_line

_AT_ONCE = 500  # keys per query; SQLite allows 999
_PATIENCE = 30.0  # seconds that another command's writing is waited for


def cache_folder() -> Path:
    """``$TWIST_SCOUT_CACHE``, else ``twist-scout`` in the user's cache folder (``$XDG_CACHE_HOME`` or ``~/.cache``)."""
    own = os.environ.get("TWIST_SCOUT_CACHE")
    if own:
        return Path(own).expanduser()
    shared = os.environ.get("XDG_CACHE_HOME")
    return (Path(shared) if shared else Path("~/.cache")).expanduser() / "twist-scout"


class DiskCache:
    """Bytes by topic and key, on disk.

    Args:
        path: the file; made with its folder when something is first kept.

    Attributes:
        problem: why it could not be used, in words; None as long as it can.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problem: str | None = None

    def get(self, topic: str, keys: Sequence[str]) -> dict[str, bytes]:
        """What is kept under these keys of a topic; the others are missing."""
        found: dict[str, bytes] = {}

        def read(database: sqlite3.Connection) -> None:
            for start in range(0, len(keys), _AT_ONCE):
                some = keys[start : start + _AT_ONCE]
                marks = ",".join("?" * len(some))
                query = f"SELECT name, content FROM kept WHERE topic = ? AND name IN ({marks})"
                found.update(database.execute(query, (topic, *some)).fetchall())

        if self.path.is_file():
            self._with_database(read)
        return found

    def put(self, topic: str, items: Mapping[str, bytes]) -> None:
        """Keep items of a topic, all of them or none."""
        rows = [(topic, key, content) for key, content in items.items()]
        if rows:
            self._with_database(
                lambda database: database.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", rows)
            )

    def _with_database(self, work: Callable[[sqlite3.Connection], object]) -> None:
        if self.problem is not None:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.path, timeout=_PATIENCE)) as database, database:
                database.execute(
                    "CREATE TABLE IF NOT EXISTS kept (topic TEXT, name TEXT, content BLOB, PRIMARY KEY (topic, name))"
                )
                work(database)
        except (OSError, sqlite3.Error) as error:
            self.problem = f"the cache {self.path} cannot be used ({first_line(error)})"
