"""Folders of shards: they appear whole or not at all, and pictures come out of them under harmless names."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from twist_scout.data.images import load_image
from twist_scout.data.records import is_confined
from twist_scout.errors import BadImage, BadInput
from twist_scout.whole_file import write_whole

#: Endings that a picture may keep when it is taken out of a shard.
ENDINGS = frozenset((".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"))
_ODD = re.compile(r"[^A-Za-z0-9_-]+")


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Fill a folder beside its place and move it there when it is complete.

    Raises:
        BadInput: there is something with that name already.
    """
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise BadInput(f"{path} exists already: give a new folder for the shards.")
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        yield partial
        if path.is_dir():
            path.rmdir()
        os.replace(partial, path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def shard_files(path: Path, ending: str) -> list[Path]:
    """A shard, or all those of a folder, in the order of their names.

    Raises:
        BadInput: there is none.
    """
    files = sorted(path.glob(f"*{ending}")) if path.is_dir() else [path]
    if not files or not path.exists():
        raise BadInput(f"{path} holds no {ending} file: check the path.")
    return files


def safe_name(text: str) -> str:
    """A text as a file name of letters, digits, ``-`` and ``_``; different texts have different names."""
    plain = _ODD.sub("_", text).strip("_")[:80]
    if plain == text:
        return plain
    return f"{plain}-{hashlib.blake2b(text.encode('utf-8', 'surrogatepass'), digest_size=4).hexdigest()}"


class Stored:
    """Puts pictures that come out of shards into a folder.

    Args:
        folder: where they go; None: they stay in the shards, and records keep the names they have.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def name(self, image: str, content: bytes | None) -> str:
        """The name for the record.

        What the shard calls the picture is never a path to write to: shards come from strangers.

        Raises:
            BadImage: the bytes are no picture.
        """
        if self._folder is None or content is None:
            return image
        load_image(content)
        ending = PurePosixPath(image).suffix.lower()
        stem = PurePosixPath(image).stem if is_confined(image) and "/" not in image else image
        mark = hashlib.blake2b(content, digest_size=4).hexdigest()
        path = self._folder / f"{safe_name(stem)}-{mark}{ending if ending in ENDINGS else '.img'}"
        if not path.is_file():
            try:
                write_whole(path, content, sync=False)
            except OSError as error:
                raise BadImage(
                    f"{path} cannot be written ({error.strerror or error}): choose another folder."
                ) from error
        return str(path.absolute())
