"""Rows of JSON lines or CSV, with their line numbers, one picture at a time."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

from twist_scout.errors import BadRecord, first_line

Row = dict[str, Any]


def read_rows(path: Path) -> Iterator[tuple[int, Row]]:
    """Each row with its 1-based line number.

    Raises:
        BadRecord: a line is no JSON object, or a CSV file has no header or is no text.
    """
    try:
        yield from _csv(path) if path.suffix.lower() in (".csv", ".tsv") else _lines(path)
    except UnicodeDecodeError as error:
        raise BadRecord(path, 1, "not UTF-8: convert the file.") from error


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


def _lines(path: Path) -> Iterator[tuple[int, Row]]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise BadRecord(path, number, f"not JSON ({error}): was the file cut short?") from error
            if not isinstance(row, dict):
                raise BadRecord(path, number, "not a JSON object: one {...} per line.")
            yield number, row


def _csv(path: Path) -> Iterator[tuple[int, Row]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
        for row in reader:
            yield reader.line_num, dict(row)
