"""Data sets on disk: which file of a folder holds the records, and random records of it without reading all of them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from twist_scout.data.records import Example, parse_line
from twist_scout.errors import BadInput

#: Names that a folder's records go by, the engine's own first.
NAMES = ("train.jsonl", "examples.jsonl")
REJECTS = "rejects.jsonl"
AUDIT = "audit.jsonl"


def records_file(path: str | Path) -> Path:
    """The file of records: ``path`` itself, or the one in a folder.

    Raises:
        BadInput: there is none, or a folder has several and none has a usual name.
    """
    path = Path(path)
    if path.is_file():
        return path
    if not path.is_dir():
        raise BadInput(f"{path} does not exist: give a data set's folder or a JSONL file.")
    for name in NAMES:
        if (path / name).is_file():
            return path / name
    found = sorted(file for file in path.glob("*.jsonl") if file.name not in (REJECTS, AUDIT))
    if len(found) != 1:
        several = f"{len(found)} JSONL files" if found else "no JSONL file"
        raise BadInput(f"{path} holds {several} and no {NAMES[0]}: give the file itself.")
    return found[0]


def raw_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, with their 1-based numbers.

    Raises:
        BadInput: the file cannot be opened.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror or error}): check the path.") from error
    with file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield number, line


def sample_lines(path: Path, count: int, seed: int) -> list[tuple[int, bytes]]:
    """``count`` lines drawn at random, in the order of the file; all of them where there are no more.

    One pass (reservoir sampling), and only ``count`` lines are held at a time. The same file, count and seed give the same
    lines.
    """
    draw = random.Random(seed)
    chosen: list[tuple[int, bytes]] = []
    for seen, line in enumerate(raw_lines(path), start=1):
        if len(chosen) < count:
            chosen.append(line)
        elif (place := draw.randrange(seen)) < count:
            chosen[place] = line
    return sorted(chosen)


def sample_examples(path: Path, count: int, seed: int) -> list[Example]:
    """Records drawn at random, as :func:`sample_lines` does.

    Raises:
        BadInput: the file cannot be opened.
        BadRecord: one that was drawn is no record.
    """
    return [parse_line(line, path, number) for number, line in sample_lines(path, count, seed)]
