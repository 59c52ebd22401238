"""Files that appear whole or not at all, whenever a run is stopped and whoever else writes them."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def whole_file(path: Path, *, sync: bool = True) -> Iterator[IO[bytes]]:
    """Open a file to be written that takes its name when the block ends, and is gone if the block fails.

    The folder is made. A file of that name stays as it was until then.

    Args:
        path: of the file.
        sync: wait until the disk has it, so that it is whole after a power cut too; for many small files that takes long.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}.partial")
    try:
        with partial.open("wb") as file:
            yield file
            if sync:
                file.flush()
                os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes | str, *, sync: bool = True) -> None:
    """Write a file whole or not at all, see :func:`whole_file`; text as UTF-8.

    Raises:
        OSError: it cannot be written.
    """
    with whole_file(path, sync=sync) as file:
        file.write(content.encode() if isinstance(content, str) else content)
