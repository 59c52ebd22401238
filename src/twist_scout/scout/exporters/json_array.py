"""A JSON file that is one long list, read element by element."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from twist_scout.errors import BadInput, BadRecord
from twist_scout.scout.exporters.base import as_object, rows_of_lines

_BLOCK = 1 << 16
_SPACE = " \t\r\n"


def rows_of_list(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a JSON list with their 1-based places; of a JSON lines file, where it is one.

    Raises:
        BadInput: the file cannot be opened.
        BadRecord: it is damaged from some element on; those before it were given.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror or error}): check the path.") from error
    with file:
        if not file.read(_BLOCK).decode("utf-8-sig", "replace").lstrip(_SPACE).startswith("["):
            yield from rows_of_lines(path)
            return
        file.seek(0)
        reader = codecs.getreader("utf-8-sig")(file, "strict")
        for place, element in enumerate(_elements(reader, path), start=1):
            yield place, as_object(element, path, place)


def _elements(reader: codecs.StreamReader, path: Path) -> Iterator[Any]:
    decode = json.JSONDecoder().raw_decode
    text, place, count = "", 0, 0
    ended = False

    def more() -> None:
        """Take in another block, and drop what was used."""
        nonlocal text, place, ended
        block = reader.read(max(_BLOCK, len(text) - place))  # twice as much each time: long elements take linear time
        ended = not block
        text, place = text[place:] + block, 0

    def following() -> str:
        """The next character that is no white space; empty at the end."""
        nonlocal place
        while True:
            while place < len(text) and text[place] in _SPACE:
                place += 1
            if place < len(text) or ended:
                return text[place : place + 1]
            more()

    def damaged(what: str) -> BadRecord:
        return BadRecord(path, count + 1, f"{what} in element {count + 1}: was the file cut short?")

    try:
        following()
        place += 1  # the opening bracket
        if following() == "]":
            return
        while True:
            if not following():
                raise damaged("the list ends")
            try:
                element, end = decode(text, place)
            except (ValueError, RecursionError) as error:
                if ended or isinstance(error, RecursionError):
                    raise damaged("not valid JSON") from error
                more()
                continue
            if end == len(text) and not ended:  # a number may go on in the next block
                more()
                continue
            place = end
            yield element
            count += 1
            mark = following()
            place += 1
            if mark == "]":
                return
            if mark != ",":
                raise damaged("no comma or bracket before what stands")
    except UnicodeDecodeError as error:
        raise damaged("not UTF-8") from error
