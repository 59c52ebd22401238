"""Finding the picture that an annotation names: COCO's pictures have had several names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from twist_scout.data.records import is_confined

_COCO = re.compile(r"(?:COCO_(?P<split>train|val|test)20\d\d_)?(?P<id>\d{12})(?:_\d+)?")
_PLACES = ("", "images", "train2014", "val2014", "train2017", "val2017")


def find_picture(name: str, root: Path) -> Path | None:
    """The file of a picture below a folder, or None.

    It is looked for under its whole name, then under its last part, then under COCO's other names of the same picture:
    ``COCO_train2014_000000580957.jpg`` is ``train2017/000000580957.jpg``.

    Args:
        name: as an annotation has it; a name that leads out of the folder is not followed.
        root: the folder.
    """
    for candidate in _candidates(name):
        if is_confined(candidate) and _is_file(root / candidate):
            return root / candidate
    return None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long for the file system
        return False


def _candidates(name: str) -> Iterator[str]:
    path = PurePosixPath(name.replace("\\", "/"))
    yield str(path).lstrip("/")
    names = [path.name]
    found = _COCO.fullmatch(path.stem)
    if found is not None:
        ending = path.suffix or ".jpg"
        names += [f"{found['id']}{ending}", *(f"COCO_{split}2014_{found['id']}{ending}" for split in ("train", "val"))]
    for place in _PLACES:
        for each in names:
            yield f"{place}/{each}" if place else each
