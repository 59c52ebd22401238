"""From one format to another."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twist_scout.data.records import Example
from twist_scout.errors import BadConfig, BadInput
from twist_scout.scout.exporters.base import Format, Pictures, Reading, Target
from twist_scout.scout.exporters.coco import COCO
from twist_scout.scout.exporters.llava import LLAVA
from twist_scout.scout.exporters.parquet import PARQUET
from twist_scout.scout.exporters.records import RECORDS
from twist_scout.scout.exporters.shikra import SHIKRA
from twist_scout.scout.exporters.swift import SWIFT
from twist_scout.scout.exporters.webdataset import WEBDATASET
from twist_scout.scout.files import records_file

#: All formats by name.
FORMATS: dict[str, Format] = {
    format.name: format for format in (RECORDS, LLAVA, SWIFT, SHIKRA, COCO, PARQUET, WEBDATASET)
}
_HEAD = 1 << 20


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        path: the file or folder.
        format: its format.
        records: records that went in.
        rows: rows that the new file has.
    """

    path: Path
    format: Format
    records: int
    rows: int


def export(
    source: str | Path,
    to: str,
    out: str | Path,
    *,
    format: str | None = None,
    images: str | Path | None = None,
    dialect: str | None = None,
    copy_images: bool = False,
    embed: bool = True,
    shard_bytes: int = 500_000_000,
    progress: Callable[[int], None] | None = None,
) -> Exported:
    """Write a data set in another format, whole or not at all.

    Args:
        source: a data set's folder, or a file in any of the formats.
        to: name of the format to write.
        out: file to write; for ``parquet`` and ``webdataset`` a new folder.
        format: of the source, where it cannot be told.
        images: folder of the source's pictures, where it is not that of the file.
        dialect: how boxes are written, for formats where they are text.
        copy_images: copy the pictures beside the new file. Without it they are named by path.
        embed: whether Parquet shards hold the pictures.
        shard_bytes: about how large a shard may become.
        progress: called with the number of records so far.

    Raises:
        BadConfig: there is no such format or dialect.
        BadInput: the source cannot be read, or a picture is missing where it is wanted.
    """
    chosen = _format(to)
    source, out = Path(source), Path(out)
    if not chosen.folder and out.is_dir():
        raise BadInput(f"{out} is a folder: give the name of a file to write, such as {out / f'data{chosen.ending}'}.")
    known = format or recognise(source)
    file = records_file(source) if known == "records" else source
    folder = Path(images) if images is not None else file if file.is_dir() else file.parent
    if out.exists() and file.exists() and os.path.samefile(out, file):
        raise BadInput(f"{out} is the source itself: give another file.")
    pictures = Pictures(folder, out if chosen.folder else out.parent, copy=copy_images)
    target = Target(out, pictures, dialect, shard_bytes, embed)
    count = 0

    def counted() -> Iterator[Example]:
        nonlocal count
        for example in read(file, known, images=images, dialect=dialect if to != "llava" else None):
            yield example
            count += 1
            if progress is not None and count % 100 == 0:
                progress(count)

    rows = chosen.write(counted(), target)
    return Exported(out, chosen, count, rows)


def read(
    path: str | Path,
    format: str | None = None,
    *,
    images: str | Path | None = None,
    dialect: str | None = None,
) -> Iterator[Example]:
    """The records of a file in any of the formats, as a stream.

    Args:
        path: the file; for shards also their folder; for records also a data set's folder.
        format: its name; it is recognised where left out.
        images: the folder of the pictures, for rows that do not say how large theirs are. Pictures in shards are written
            there; without it they stay in the shards, and records keep their names.
        dialect: how boxes are written, for formats where they are text.

    Raises:
        BadConfig: there is no such format or dialect.
        BadInput: the file cannot be read, or its format cannot be told.
        BadRecord: a row is none of that format; those before it have been given.
    """
    path = Path(path)
    known = _format(format or recognise(path))
    file = records_file(path) if known is RECORDS else path
    return known.read(file, Reading(None if images is None else Path(images), dialect))


def recognise(path: str | Path) -> str:
    """The name of a file's format.

    Raises:
        BadInput: it cannot be told.
    """
    path = Path(path)
    if path.is_dir():
        for format in (PARQUET, WEBDATASET):
            if any(path.glob(f"*{format.ending}")):
                return format.name
        records_file(path)
        return RECORDS.name
    if not path.is_file():
        raise BadInput(f"{path} does not exist: check the path.")
    if path.suffix in (".parquet", ".tar"):
        return PARQUET.name if path.suffix == ".parquet" else WEBDATASET.name
    keys = _first_keys(path)
    if "conversations" in keys:
        return LLAVA.name
    if "img_path" in keys and "question" in keys:
        return SHIKRA.name
    if "messages" in keys:
        return RECORDS.name if "image" in keys else SWIFT.name
    if {"images", "annotations"} & keys:
        return COCO.name
    raise BadInput(f"{path} is in no format that is known: name one of {', '.join(FORMATS)}.")


def _first_keys(path: Path) -> set[str]:
    """The keys of the first row, as far as they can be told from the file's head."""
    with path.open("rb") as file:
        head = file.read(_HEAD).decode("utf-8-sig", "replace").lstrip()
    try:
        row: Any = json.JSONDecoder().raw_decode(head.lstrip("[ \t\r\n"))[0]
    except (ValueError, RecursionError):
        return {key for key in ("images", "annotations") if f'"{key}"' in head and head.startswith("{")}
    return set(row) if isinstance(row, dict) else set()


def _format(name: str) -> Format:
    if name not in FORMATS:
        raise BadConfig(f"There is no format {name!r}; the formats are {', '.join(FORMATS)}.")
    return FORMATS[name]
