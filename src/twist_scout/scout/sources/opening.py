"""From what the user types to a reader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from twist_scout.errors import BadInput
from twist_scout.scout.sources.coco import CocoSource
from twist_scout.scout.sources.flickr30k import Flickr30kSource
from twist_scout.scout.sources.folder import PICTURES, FolderSource
from twist_scout.scout.sources.shikra import ShikraSource
from twist_scout.scout.sources.source import Source
from twist_scout.scout.sources.table import TableSource
from twist_scout.scout.sources.toyworld import ToyworldSource
from twist_scout.scout.sources.visual_genome import VisualGenomeSource

READERS: dict[str, type[Source]] = {
    reader.kind: reader
    for reader in (
        Flickr30kSource,
        CocoSource,
        VisualGenomeSource,
        ShikraSource,
        TableSource,
        FolderSource,
        ToyworldSource,
    )
}
_HEAD = 1 << 16


def open_source(spec: str | Path, *, images: str | Path | None = None) -> Source:
    """Open captioned or annotated pictures.

    Args:
        spec: ``kind:PATH``, or a path whose kind can be told.
        images: the folder that pictures are in, where it is not the usual one.

    Raises:
        BadInput: there is no such path, or its kind cannot be told.
    """
    kind, _, rest = str(spec).partition(":")
    if kind in READERS and rest and not Path(spec).exists():
        path = Path(rest).expanduser()
    else:
        path, kind = Path(spec).expanduser(), ""
    if not path.exists():
        raise BadInput(f"{path} does not exist: check the path of the source.")
    reader = READERS[kind or _kind_of(path)]
    return reader(path, None if images is None else Path(images).expanduser())


def _kind_of(path: Path) -> str:
    """Which reader a path is for.

    Raises:
        BadInput: it cannot be told.
    """
    if path.is_dir():
        if (path / "Sentences").is_dir():
            return "flickr30k"
        if (path / "truth.jsonl").is_file():
            return "toyworld"
        if any(entry.suffix.lower() in PICTURES for entry in path.iterdir()):
            return "folder"
    elif path.suffix.lower() in (".csv", ".tsv"):
        return "table"
    elif path.suffix.lower() in (".jsonl", ".ndjson"):
        return _kind_of_lines(path)
    elif path.suffix.lower() == ".json":
        with path.open(encoding="utf-8", errors="replace") as file:
            head = file.read(_HEAD)
        if '"regions"' in head:
            return "vg"
        if '"images"' in head or '"annotations"' in head or '"categories"' in head:
            return "coco"
    raise BadInput(
        f"{path} does not tell what it is: write one of {', '.join(f'{kind}:{path.name}' for kind in READERS)}."
    )


def _kind_of_lines(path: Path) -> str:
    with path.open(encoding="utf-8", errors="replace") as file:
        first = next((line for line in file if line.strip()), "")
    try:
        row: Any = json.loads(first)
    except ValueError as error:
        raise BadInput(f"{path}, line 1: not JSON; a .jsonl file has one JSON object per line.") from error
    keys = set(row) if isinstance(row, dict) else set()
    if {"objects", "relations", "grounded_caption"} <= keys:
        return "toyworld"
    if "img_path" in keys:
        return "shikra"
    return "table"
