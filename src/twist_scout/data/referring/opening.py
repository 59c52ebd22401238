"""From a path to a reader of referring expressions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twist_scout.data.referring.coco_files import CocoLikeFile
from twist_scout.data.referring.flickr_files import FlickrFolder, is_flickr
from twist_scout.data.referring.ofa_files import OfaFile
from twist_scout.data.referring.reader import ReferringReader
from twist_scout.data.referring.refer_files import ReferFiles
from twist_scout.data.referring.row_files import (
    LmmsFile,
    PhraseFile,
    QwenFile,
    RecordsFile,
    ScenesFile,
    ShikraFile,
    TableFile,
)
from twist_scout.data.rows import read_json, read_rows
from twist_scout.errors import BadInput

READERS: dict[str, type[ReferringReader]] = {
    reader.form: reader
    for reader in (
        ReferFiles,
        ShikraFile,
        QwenFile,
        LmmsFile,
        CocoLikeFile,
        OfaFile,
        FlickrFolder,
        PhraseFile,
        TableFile,
        ScenesFile,
        RecordsFile,
    )
}
#: The keys that tell a form of rows, the most telling first.
_TELLING: tuple[tuple[str, frozenset[str]], ...] = (
    ("refer", frozenset(("sentences", "ann_id"))),
    ("records", frozenset(("messages", "boxes", "task"))),
    ("scenes", frozenset(("image", "objects", "relations"))),
    ("shikra", frozenset(("img_path", "expression", "bbox"))),
    ("qwen", frozenset(("image", "sent", "bbox"))),
    ("ofa", frozenset(("text", "region_coord", "image"))),
    ("lmms", frozenset(("answer", "bbox"))),
    ("table", frozenset(("expression",))),
    ("phrases", frozenset(("phrase",))),
)


def open_referring(
    path: str | Path,
    *,
    form: str | None = None,
    images: str | Path | None = None,
    skip_bad: bool = False,
    extract: str | Path | None = None,
) -> ReferringReader:
    """Open a file of referring expressions.

    Args:
        path: the file; for RefCOCO's original files ``refs(...).p`` or its folder; for Flickr30k Entities the folder with
            ``Sentences`` and ``Annotations``.
        form: one of `READERS`; told by the file itself if not given.
        images: the folder that pictures are in.
        skip_bad: leave out, and count, rows that cannot be used.
        extract: where to write pictures that are inside the file (OFA's).

    Returns:
        A stream that can be read again and again.

    Raises:
        BadInput: there is no such file, or its form cannot be told.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise BadInput(f"{path} does not exist: check the path.")
    if form is not None and form not in READERS:
        raise BadInput(f"There is no form {form!r} of referring expressions: it is one of {', '.join(READERS)}.")
    reader = READERS[form or form_of(path)]
    folder = None if images is None else Path(images).expanduser()
    if reader is OfaFile:
        return OfaFile(path, folder, skip_bad=skip_bad, extract=None if extract is None else Path(extract).expanduser())
    return reader(path, folder, skip_bad=skip_bad)


def form_of(path: Path) -> str:
    """The form of a file, by its name and first row.

    Raises:
        BadInput: it cannot be told.
    """
    if is_flickr(path):
        return "flickr"
    if path.is_dir() or path.suffix in (".p", ".pkl", ".pickle"):
        return "refer"
    if path.suffix.lower() == ".tsv":
        return "ofa" if _without_header(path) else "table"
    if path.suffix.lower() == ".json":
        content = read_json(path)
        if isinstance(content, dict):
            return _form_of_coco(content, path)
    keys: set[Any] = next((set(row) for _, row in read_rows(path)), set())
    for form, telling in _TELLING:
        if telling <= keys:
            return form
    raise _unknown(path)


def _without_header(path: Path) -> bool:
    with path.open(encoding="utf-8", errors="replace") as file:
        columns = file.readline(1 << 16).split("\t")
    return len(columns) >= 4 and columns[3].count(",") == 3


def _form_of_coco(content: dict[str, Any], path: Path) -> str:
    images = content.get("images")
    if isinstance(images, list) and images and isinstance(images[0], dict) and "caption" in images[0]:
        return "mdetr"
    raise _unknown(path)


def _unknown(path: Path) -> BadInput:
    return BadInput(
        f"{path} holds no referring expressions in a form that is known: name it, one of {', '.join(READERS)}."
    )
