"""The pictures of a folder: which there are, and each of them read once while it is asked about."""

from __future__ import annotations

import os
from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from PIL import Image

from twist_scout.data.images import load_image
from twist_scout.errors import BadImage, BadInput
from twist_scout.predicting.pictures import PictureFolder
from twist_scout.predicting.sources import PICTURES

#: Kinds of pictures that Pillow does not read by itself; they are told of rather than passed over in silence.
FOREIGN = frozenset((".heic", ".heif", ".avif", ".jxl", ".svg", ".psd", ".dng", ".cr2", ".nef", ".arw", ".raw"))
#: Bytes of decoded pictures that are kept.
_KEPT = 512 << 20


@dataclass(frozen=True, slots=True)
class FolderPicture:
    """A picture file.

    Attributes:
        name: its path below the folder, with ``/``.
        bytes: the file's size: a file that was exchanged under its name is most likely of another.
    """

    name: str
    bytes: int


@dataclass(frozen=True)
class FoundPictures:
    """What is in a folder.

    Attributes:
        folder: where.
        pictures: by name.
        unnamed: pictures whose names not every format could hold, made printable.
        foreign: how many files of which kinds (``.heic``) are pictures that cannot be read.
    """

    folder: Path
    pictures: tuple[FolderPicture, ...]
    unnamed: tuple[str, ...] = ()
    foreign: Mapping[str, int] = field(default_factory=dict)


def find_pictures(folder: Path, *, leave_out: Path | None = None) -> FoundPictures:
    """All pictures in a folder and those below, in the order of their paths; hidden files and folders are passed over.

    Args:
        folder: where to look.
        leave_out: a folder below that holds no pictures of the user's: that of the labels.

    Raises:
        BadInput: it is no folder, or there is no picture in it.
    """
    if not folder.is_dir():
        problem = "is a file" if folder.exists() else "does not exist"
        raise BadInput(f"{folder} {problem}: give the folder of the pictures.")
    pictures: list[FolderPicture] = []
    unnamed: list[str] = []
    foreign: Counter[str] = Counter()
    aside = None if leave_out is None else os.path.abspath(leave_out)
    for place, folders, files in os.walk(folder):
        folders[:] = [
            name for name in folders if not name.startswith(".") and os.path.abspath(os.path.join(place, name)) != aside
        ]
        for name in files:
            path = Path(place, name)
            kind = path.suffix.lower()
            foreign[kind] += kind in FOREIGN
            if kind not in PICTURES or name.startswith(".") or not path.is_file():
                continue
            relative = path.relative_to(folder).as_posix()
            if _can_be_written(relative):
                pictures.append(FolderPicture(relative, path.stat().st_size))
            else:
                unnamed.append(_printable(relative))
    if not pictures:
        kinds = ", ".join(sorted(kind for kind, count in foreign.items() if count))
        remedy = f"convert its {kinds} files to JPEG or PNG" if kinds else "give a folder with JPEG, PNG or WebP files"
        raise BadInput(f"There is no picture in {folder} that can be read: {remedy}.")
    return FoundPictures(
        folder,
        tuple(sorted(pictures, key=lambda picture: picture.name)),
        tuple(sorted(unnamed)),
        {kind: count for kind, count in sorted(foreign.items()) if count},
    )


class CachedPictures(PictureFolder):
    """Reads the pictures of a folder and keeps the last ones: every class is asked about the same picture.

    Args:
        root: the folder.
        kept: bytes of decoded pictures to keep.
    """

    def __init__(self, root: Path, *, kept: int = _KEPT) -> None:
        super().__init__(root)
        self._room = kept
        self._known: OrderedDict[str, Image.Image | BadImage] = OrderedDict()
        self._lock = Lock()  # several threads read ahead

    def load(self, name: str) -> Image.Image | BadImage:
        """The upright picture, or what is wrong with it."""
        with self._lock:
            found = self._known.get(name)
            if found is not None:
                self._known.move_to_end(name)
                return found
        try:
            found = load_image(self.root / name)
        except BadImage as error:
            found = error
        with self._lock:
            if name not in self._known:
                self._known[name] = found
                self._room -= _size(found)
            while self._room < 0 and len(self._known) > 1:
                self._room += _size(self._known.popitem(last=False)[1])
        return found


def _size(picture: Image.Image | BadImage) -> int:
    return 0 if isinstance(picture, BadImage) else 3 * picture.width * picture.height


def _printable(name: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in name)


def _can_be_written(name: str) -> bool:
    """Whether every format can hold a name: XML has no control characters, and JSON is UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return not any(ord(character) < 0x20 or ord(character) == 0x7F for character in name)
