"""What all formats have in common."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

#: Where Label Studio finds local files, below its document root.
LOCAL_FILES = "/data/local-files/?d="


@dataclass(frozen=True, slots=True)
class OutFile:
    """A file of a format.

    Attributes:
        path: below the folder of the labels, with ``/``.
        content: its bytes; None for a picture, which is linked or copied.
        picture: of a picture, its name in the user's folder.
        convert: whether the picture becomes a PNG, because readers of the format do not know its kind.
    """

    path: str
    content: bytes | None
    picture: str = ""
    convert: bool = False


@dataclass(frozen=True)
class Place:
    """Where pictures and labels are.

    Attributes:
        pictures: the user's folder.
        out: the folder of the labels.
        url_prefix: what Label Studio finds a picture by, before its name.
        made_by: what the labels come from, in a word.
    """

    pictures: Path
    out: Path
    url_prefix: str = LOCAL_FILES
    made_by: str = "twist-scout"


def as_json(content: Any) -> bytes:
    """A JSON document that people can read and that is the same every time."""
    return json.dumps(content, ensure_ascii=False, indent=1).encode() + b"\n"


def stems(names: Iterable[str]) -> dict[str, str]:
    """A path without an ending for each picture, no two alike.

    Formats with one file of labels for each picture join the two by their names without endings; of ``a.jpg`` and ``a.png``
    the second therefore becomes ``a_png``.

    Args:
        names: of the pictures.

    Returns:
        The path for each name.
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        path = PurePosixPath(name)
        stem = path.with_suffix("").as_posix()
        wanted, number = stem, 1
        while wanted.casefold() in taken:
            wanted = f"{stem}_{path.suffix[1:]}" if number == 1 else f"{stem}_{path.suffix[1:]}_{number}"
            number += 1
        taken.add(wanted.casefold())
        found[name] = wanted
    return found
