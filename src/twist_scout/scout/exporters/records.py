"""The project's own JSON lines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from twist_scout.data.records import Example, read_examples
from twist_scout.scout.exporters.base import Format, Reading, Target
from twist_scout.whole_file import whole_file


def write(examples: Iterator[Example], target: Target) -> int:
    """Write the lines; see :data:`RECORDS`."""
    count = 0
    with whole_file(target.path) as file:
        for example in examples:
            named = example.model_copy(update={"image": target.pictures.name(example)})
            file.write(named.model_dump_json().encode() + b"\n")
            count += 1
    return count


def read(path: Path, reading: Reading) -> Iterator[Example]:
    """Read the lines; see :data:`RECORDS`."""
    return read_examples(path)


RECORDS = Format(
    name="records",
    summary="this project: JSON lines of records",
    loses="nothing",
    write=write,
    read=read,
)
