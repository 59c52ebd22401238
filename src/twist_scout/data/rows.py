"""Rows of JSON lines, of a JSON list or of CSV, with their numbers; one line in memory at a time where the file has lines."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

from twist_scout.errors import BadInput, BadRecord, first_line

Row = dict[str, Any]

_TABLES = {".csv": ",", ".tsv": "\t"}


def read_rows(path: Path) -> Iterator[tuple[int, Row]]:
    """Each row with its 1-based line number; in a JSON list, its 1-based place.

    Args:
        path: ``.csv`` and ``.tsv`` with a header, ``.json`` with one list of objects, else one JSON object per line.

    Raises:
        BadInput: the file cannot be opened, or its JSON is no list of objects.
        BadRecord: a line is no JSON object, or the file is no text.
    """
    try:
        if path.suffix.lower() in _TABLES:
            yield from _table(path)
        elif path.suffix.lower() == ".json" and _starts_with(path, "["):
            yield from _listed(path)
        else:
            yield from _lines(path)
    except UnicodeDecodeError as error:
        raise BadRecord(path, 1, "not UTF-8: convert the file.") from error
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror or error}): check the path.") from error


def read_json(path: Path) -> Any:
    """The content of a JSON file.

    Raises:
        BadInput: it cannot be read, or is no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror or error}): check the path.") from error
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path} cannot be read as JSON ({first_line(error)}): was the file cut short?") from error


@contextmanager
def values_of(path: Path, number: int) -> Iterator[None]:
    """Around the reading of a row: a value of the wrong kind becomes a `BadRecord` that names the line."""
    try:
        yield
    except (TypeError, ValueError, KeyError, IndexError, AttributeError) as error:
        raise BadRecord(path, number, f"a value is not what its key says ({first_line(error)}).") from error


def by_picture(rows: Iterable[tuple[int, Row]], key: str) -> Iterator[tuple[str, list[tuple[int, Row]]]]:
    """Rows that follow one another and are about one picture, together."""
    for name, group in groupby(rows, key=lambda row: str(row[1][key])):
        yield name, list(group)


def _starts_with(path: Path, sign: str) -> bool:
    with path.open(encoding="utf-8-sig") as file:
        return file.read(4096).lstrip().startswith(sign)


def _lines(path: Path) -> Iterator[tuple[int, Row]]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise BadRecord(path, number, f"not JSON ({first_line(error)}): was the file cut short?") from error
            if not isinstance(row, dict):
                raise BadRecord(path, number, "not a JSON object: one {...} per line.")
            yield number, row


def _listed(path: Path) -> Iterator[tuple[int, Row]]:
    for number, row in enumerate(read_json(path), start=1):
        if not isinstance(row, dict):
            raise BadRecord(path, number, "entry of the list is not a JSON object: one {...} each.")
        yield number, row


def _table(path: Path) -> Iterator[tuple[int, Row]]:
    csv.field_size_limit(sys.maxsize)  # a column may hold a whole picture
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, delimiter=_TABLES[path.suffix.lower()])
        for row in reader:
            yield reader.line_num, dict(row)
