"""What a format is made of, and what all of them need: pictures, whole files, rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from twist_scout.data.images import image_size
from twist_scout.data.records import Example, is_confined
from twist_scout.errors import BadImage, BadInput, BadRecord
from twist_scout.scout.image_references import ImageReferences

#: What a format has no place for goes under this key, as a JSON text: one column of one type for loaders of tables.
ASIDE = "scout"


@dataclass(frozen=True)
class Format:
    """A way to write records and to read them back.

    Attributes:
        name: what the user types.
        summary: who reads it.
        loses: what is not there any more when it is read back.
        write: writes records to a path and says how many rows there are.
        read: gives records.
        folder: whether it writes a folder of shards and not a file.
        ending: of the file; of its shards where it writes a folder.
    """

    name: str
    summary: str
    loses: str
    write: Callable[[Iterator[Example], Target], int]
    read: Callable[[Path, Reading], Iterator[Example]]
    folder: bool = False
    ending: str = ".jsonl"


@dataclass(frozen=True)
class Target:
    """Where and how to write.

    Attributes:
        path: the file, or the folder of the shards.
        pictures: of the records.
        dialect: how boxes are written, in formats where they are text.
        shard_bytes: about how large a shard may become.
        embed: whether pictures go into shards.
    """

    path: Path
    pictures: Pictures
    dialect: str | None = None
    shard_bytes: int = 500_000_000
    embed: bool = True


@dataclass(frozen=True)
class Reading:
    """How to read.

    Attributes:
        images: the folder that relative picture names start from; that of the file where left out. Pictures inside of
            shards are written there; without a folder they stay where they are.
        dialect: how boxes are written, in formats where they are text.
    """

    images: Path | None = None
    dialect: str | None = None

    def size(self, image: str, path: Path, given: Mapping[str, Any]) -> tuple[int, int]:
        """Width and height: what the row says, else what the picture says.

        Raises:
            BadImage: neither does.
        """
        width, height = given.get("width"), given.get("height")
        if isinstance(width, int) and isinstance(height, int) and width > 0 and height > 0:
            return width, height
        return _size_of((self.images or path.parent) / image)


class Pictures:
    """The pictures of records that are written elsewhere.

    Args:
        source: the folder that the records' picture names start from.
        out: the folder of the new file.
        copy: whether to copy pictures to ``out/images``.
    """

    def __init__(self, source: Path, out: Path, *, copy: bool = False) -> None:
        self._source, self._references = source, ImageReferences(out, copy=copy)
        self._copy = copy
        self._last = ("", "")
        self._bytes: tuple[str, bytes, str] = ("", b"", "")

    def path(self, example: Example) -> Path:
        """Where a record's picture is."""
        return self._source / example.image

    def name(self, example: Example) -> str:
        """How the new file names it: relative to its folder where the picture lies below, else whole.

        Raises:
            BadInput: it cannot be copied.
        """
        if self._last[0] != example.image:
            path = self.path(example)
            if self._copy:
                image_size(path)  # a data set from a stranger may name any file of this machine; only pictures leave it
            self._last = (example.image, self._references.name(str(path)))
        return self._last[1]

    def portable(self, example: Example) -> str:
        """A name for a picture that travels with its record: no folder of this machine is told."""
        return example.image if is_confined(example.image) else Path(example.image).name

    def content(self, example: Example) -> tuple[bytes, str]:
        """The picture's file as it is, and its ending: ``.jpg``, ``.png``, ...

        Raises:
            BadImage: there is no picture there.
        """
        if self._bytes[0] != example.image:
            path = self.path(example)
            image_size(path)
            self._bytes = (example.image, path.read_bytes(), path.suffix.lower())
        return self._bytes[1], self._bytes[2]


@dataclass
class RowIds:
    """Numbers for rows that have no id of their own."""

    name: str
    seen: int = field(default=0)

    def id(self, row: Mapping[str, Any]) -> str:
        """The row's id, or one made of the file's name and the place in it."""
        self.seen += 1
        given = row.get("id")
        return str(given) if isinstance(given, (str, int)) and str(given) else f"{self.name}:{self.seen - 1}"


def json_line(row: Mapping[str, Any]) -> bytes:
    """A row as one line of JSON."""
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def aside(example: Example, *keys: str) -> str:
    """Those fields of a record that a format has no place for."""
    return json.dumps({key: getattr(example, key) for key in keys}, ensure_ascii=False, sort_keys=True)


def taken_aside(row: Mapping[str, Any]) -> dict[str, Any]:
    """What :func:`aside` wrote; empty for rows of others."""
    text = row.get(ASIDE)
    if not isinstance(text, str):
        return {}
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


@contextmanager
def row_of(path: Path, number: int) -> Iterator[None]:
    """Whatever is wrong with a row becomes one sentence with its file and number.

    Raises:
        BadRecord: something is.
    """
    try:
        yield
    except BadRecord:
        raise
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise BadRecord(path, number, f"{where}: {message}." if where else f"{message}.") from error
    except BadImage as error:
        raise BadRecord(path, number, f"its size is not known, and {error}") from error
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        said = f"the key {error} is missing" if isinstance(error, KeyError) else str(error)
        raise BadRecord(path, number, f"not a row of this format ({said}).") from error


def rows_of_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The JSON objects of a file with one a line.

    Raises:
        BadInput: the file cannot be opened.
        BadRecord: a line is no JSON object.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror or error}): check the path.") from error
    with file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                try:
                    row = json.loads(line)
                except (ValueError, RecursionError) as error:
                    raise BadRecord(path, number, "not valid JSON: was the file cut short?") from error
                yield number, as_object(row, path, number)


def as_object(row: Any, path: Path, number: int) -> dict[str, Any]:
    """A row that is a JSON object.

    Raises:
        BadRecord: it is something else.
    """
    if not isinstance(row, dict):
        raise BadRecord(path, number, f"a JSON object was expected, not {type(row).__name__}.")
    return row


@lru_cache(maxsize=1024)
def _size_of(path: Path) -> tuple[int, int]:
    return image_size(path)
