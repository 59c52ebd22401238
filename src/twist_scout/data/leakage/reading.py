"""The pictures of a data set, from whatever lists them.

====================  ==========================================================================
a folder              every picture in it
``.json``             COCO's or LVIS's annotations, MDETR's, Karpathy's splits, or a list of rows
``.jsonl``, ``.csv``  rows that name a picture
``.p``                RefCOCO's references
``.txt``              ids or names, one a line
====================  ==========================================================================

Of an evaluation set's file that holds several splits, the training split is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twist_scout.data.leakage.identity import coco_key, keys_of_row, listed_keys, photo_keys
from twist_scout.data.referring.expression import split_name
from twist_scout.data.referring.pictures import find_picture
from twist_scout.data.referring.plain_pickle import load_plain_pickle, text_of
from twist_scout.data.rows import read_json, read_rows
from twist_scout.errors import BadInput

PICTURES = frozenset((".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"))
_TRAINING = frozenset(("train", "restval"))
_NAMES = ("image", "img_path", "file_name", "filename", "image_path", "filepath")


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that a data set lists.

    Attributes:
        name: as the data set has it.
        keys: which photo it is; empty where its name does not tell.
        path: the file, where it is there.
        line: of the file that lists it, from 1; 0 where it is not a file of lines.
    """

    name: str
    keys: frozenset[str]
    path: Path | None = None
    line: int = 0


def listed_pictures(source: str | Path, images: Iterable[Path] = (), *, held_out: bool = False) -> Iterator[Picture]:
    """The pictures of a data set; one that is listed twice may come twice.

    Args:
        source: what lists them.
        images: folders to look for the files in, before the source's own folder.
        held_out: leave out what the source says is its training split.

    Raises:
        BadInput: the source cannot be read, or lists no pictures.
    """
    path = Path(source).expanduser()
    if not path.exists():
        raise BadInput(f"{path} does not exist: check the path of the pictures.")
    roots = [*images, path if path.is_dir() else path.parent]
    files: dict[str, Path | None] = {}
    for line, name, keys in _named(path, held_out):
        if name not in files:
            files[name] = _file(name, roots)
        yield Picture(name, keys, files[name], line)
    if not files:
        raise BadInput(f"{path} lists no pictures: give a folder, annotations, rows, or a list of ids.")


def _named(path: Path, held_out: bool) -> Iterator[tuple[int, str, frozenset[str]]]:
    ending = path.suffix.lower()
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.suffix.lower() in PICTURES and file.is_file())
        for file in files:
            yield 0, file.relative_to(path).as_posix(), photo_keys(str(file))
    elif ending == ".txt":
        text = path.read_text("utf-8", errors="replace")
        for number, (name, keys) in enumerate(listed_keys(iter(text.splitlines())), start=1):
            yield number, name, keys
    elif ending in (".p", ".pkl", ".pickle"):
        yield from _references(path, held_out)
    elif ending == ".json" and isinstance(content := read_json(path), dict):
        yield from _annotations(content, path, held_out)
    else:
        for number, row in read_rows(path):
            if not (held_out and _is_training(row)):
                yield number, *_of_row(row, path, number)


def _annotations(content: Mapping[str, Any], path: Path, held_out: bool) -> Iterator[tuple[int, str, frozenset[str]]]:
    images = content.get("images")
    if not isinstance(images, list) or not all(isinstance(row, dict) for row in images):
        raise BadInput(f"{path} has no list of images: give COCO's annotations, or a list of rows.")
    for number, row in enumerate(images, start=1):
        if held_out and _is_training(row):
            continue
        if not any(row.get(key) for key in _NAMES) and row.get("coco_url"):
            row = {**row, "file_name": str(row["coco_url"]).rpartition("/")[2]}  # LVIS
        yield 0, *_of_row(row, path, number)


def _references(path: Path, held_out: bool) -> Iterator[tuple[int, str, frozenset[str]]]:
    rows = load_plain_pickle(path)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BadInput(f"{path} holds no list of references: give the file refs(unc).p or its like.")
    for number, row in enumerate(rows, start=1):
        told = {text_of(key): value for key, value in row.items()}
        told["split"] = text_of(told.get("split") or "")
        if not (held_out and _is_training(told)):
            name = text_of(told.get("file_name") or "")
            if not name:
                raise BadInput(f"{path}, entry {number}: there is no file_name.")
            yield 0, name, photo_keys(name) | frozenset((coco_key(told["image_id"]),) if "image_id" in told else ())


def _of_row(row: Mapping[str, Any], path: Path, number: int) -> tuple[str, frozenset[str]]:
    for key in _NAMES:
        if isinstance(row.get(key), str) and row[key]:
            name = str(row[key])
            folder = str(row.get("filepath") or "") if key != "filepath" else ""
            return name, keys_of_row(row, f"{folder}/{name}" if folder else name)
    raise BadInput(f"{path}, entry {number}: no picture is named; one of {', '.join(_NAMES)} should.")


def _is_training(row: Mapping[str, Any]) -> bool:
    return split_name(row.get("split")) in _TRAINING


def _file(name: str, roots: list[Path]) -> Path | None:
    if Path(name).is_absolute():
        return Path(name) if Path(name).is_file() else None
    return next((found for root in roots if (found := find_picture(name, root)) is not None), None)
