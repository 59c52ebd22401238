"""Lines of JSON about boxes: one object a line, with the size of the picture where it is known."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from twist_scout.errors import BadRecord

LONGEST_EDGE = 1_000_000
"""Pictures larger than this are taken for a mistake."""


def read_objects(lines: Iterable[bytes], name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Stream the objects of a JSONL file with their 1-based line numbers; blank lines are skipped.

    Args:
        lines: the lines of the file, UTF-8.
        name: what to call the file in messages.

    Raises:
        BadRecord: a line is not a JSON object; those before it have been yielded.
    """
    for number, raw in enumerate(lines, start=1):
        if raw.strip():
            yield number, parse_object(raw, name, number)


def parse_object(raw: bytes, name: str, number: int) -> dict[str, Any]:
    """One line as a JSON object.

    Raises:
        BadRecord: it is not one.
    """
    try:
        value = json.loads(decoded(raw, name, number))
    except (ValueError, RecursionError) as error:
        raise BadRecord(name, number, "not valid JSON: was the file cut short?") from error
    if not isinstance(value, dict):
        raise BadRecord(name, number, "not a JSON object: write {...} with an id and a text on each line.")
    return value


def decoded(raw: bytes, name: str, number: int) -> str:
    """One line as text.

    Raises:
        BadRecord: it is not UTF-8.
    """
    try:
        return raw.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        raise BadRecord(name, number, f"not UTF-8 (byte {error.start}): convert it.") from error


def size_of(record: dict[str, Any], name: str, number: int) -> tuple[int, int] | None:
    """Width and height of a record in pixels; None where it has neither.

    Raises:
        BadRecord: one is missing, or they are not whole numbers of a sensible size.
    """
    edges = [record.get("width"), record.get("height")]
    if edges == [None, None]:
        return None
    width, height = (edge if type(edge) is int and 0 < edge <= LONGEST_EDGE else None for edge in edges)
    if width is None or height is None:
        problem = "width and height must both be whole numbers of pixels: give those of the picture."
        raise BadRecord(name, number, problem)
    return width, height


def text_of(record: dict[str, Any], name: str, number: int) -> str:
    """The text of a record.

    Raises:
        BadRecord: it has none.
    """
    text = record.get("text")
    if not isinstance(text, str):
        raise BadRecord(name, number, 'no "text": write what the model answered as a string.')
    return text
