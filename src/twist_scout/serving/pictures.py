"""Pictures that strangers send: data URLs, and files below one folder if the server has one. Nothing is ever fetched."""

from __future__ import annotations

import base64
import binascii
import io
import os
import re
import stat
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from PIL import Image

from twist_scout.data.images import load_image
from twist_scout.errors import BadConfig, BadImage, first_line
from twist_scout.serving.errors import ApiError, bad

#: Decoders that work in this process alone: others (EPS) start programs.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
_DATA = re.compile(r"data:[\w.+-]+/[\w.+-]+(?:;[\w.+-]+=[\w.+-]*)*;base64,", re.ASCII | re.IGNORECASE)
_WHERE = "messages"
_CODE = "invalid_image"
#: Every part of a path is opened by itself, where the system can; nobody can put a link there meanwhile.
_STEP = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
_BY_STEPS = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")


class PictureReader:
    """Turns the URL of a picture into the picture.

    Args:
        root: folder below which files may be named; None: no file may.
        largest: pixels beyond which a picture is refused before it is decoded.
        most_bytes: of a file.

    Raises:
        BadConfig: the root is no folder.
    """

    def __init__(self, root: Path | None, *, largest: int, most_bytes: int) -> None:
        self.root = None if root is None else root.expanduser().resolve()
        if self.root is not None and not self.root.is_dir():
            raise BadConfig(f"{root} is not a folder: give the folder of the pictures with --image-root.")
        self.largest = largest
        self.most_bytes = most_bytes

    def read(self, url: str) -> Image.Image:
        """The picture, upright RGB.

        Args:
            url: ``data:image/png;base64,...``, or a path relative to the root, or ``file:///`` and a path inside it.

        Raises:
            ApiError: status 400: it is not one of those, or no picture; status 413: the file is too large.
        """
        data = _decoded(url) if url[:5].lower() == "data:" else self._file(url)
        try:
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                return load_image(image, largest=self.largest)
        except Image.UnidentifiedImageError as error:
            raise bad(f"The picture is none of {', '.join(FORMATS)}.", _WHERE, _CODE) from error
        except Image.DecompressionBombError as error:
            raise bad(f"The picture has more than {self.largest:,} pixels: shrink it.", _WHERE, _CODE) from error
        except BadImage as error:
            raise bad(_about_the_picture(str(error)), _WHERE, _CODE) from error
        except Exception as error:  # Pillow's decoders raise almost any type on damaged heads
            raise bad(f"The picture is damaged ({first_line(error)}).", _WHERE, _CODE) from error

    def _file(self, url: str) -> bytes:
        scheme, colon, rest = url.partition(":")
        if colon and scheme.lower() != "file":
            told = f"Pictures are not fetched from {scheme[:20]!r} addresses: send them as data URLs (data:image/png;base64,...)."
            raise bad(told, _WHERE, _CODE)
        name = unquote(_without_host(rest)) if colon else url
        if self.root is None:
            told = "This server opens no files: send pictures as data URLs (data:image/png;base64,...)."
            raise bad(told, _WHERE, _CODE)
        path = PurePosixPath(name.replace(os.sep, "/"))
        if path.is_absolute():
            try:
                path = path.relative_to(self.root.as_posix())
            except ValueError:
                raise _not_there(name) from None
        if not path.parts or ".." in path.parts:
            raise _not_there(name)
        try:
            descriptor = _opened(self.root, path)
        except (OSError, ValueError):  # ValueError: characters that no file name has
            raise _not_there(name) from None
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise _not_there(name)
            if found.st_size > self.most_bytes:
                told = f"The file {name[:200]} is larger than {self.most_bytes:,} bytes: shrink it."
                raise ApiError(413, told, param=_WHERE, code="image_too_large")
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                return file.read(self.most_bytes)
        finally:
            os.close(descriptor)


def _without_host(rest: str) -> str:
    """The path in what follows ``file:``."""
    return "/" + rest[2:].partition("/")[2] if rest.startswith("//") else rest


def _decoded(url: str) -> bytes:
    head = _DATA.match(url)
    if head is None:
        raise bad("A data URL starts with data:image/png;base64, (or another type of picture).", _WHERE, _CODE)
    try:
        return base64.b64decode("".join(url[head.end() :].split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise bad(f"The data URL is not base64 ({first_line(error)}).", _WHERE, _CODE) from error


def _opened(root: Path, path: PurePosixPath) -> int:
    """A descriptor of a file below the root, without following a link on the way.

    Raises:
        OSError: there is none, or something on the way is a link.
    """
    if not _BY_STEPS:
        whole = root.joinpath(*path.parts)
        if whole.resolve(strict=True) != whole:
            raise OSError(f"{whole} is behind a link")
        return os.open(whole, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | getattr(os, "O_CLOEXEC", 0))
    try:
        for part in path.parts[:-1]:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | _STEP, dir_fd=folder)
            os.close(folder)
            folder = inner
        return os.open(path.parts[-1], os.O_RDONLY | _STEP, dir_fd=folder)
    finally:
        os.close(folder)


def _not_there(name: str) -> ApiError:
    """Says the same of what is missing, forbidden and outside: a client learns nothing about other files."""
    return bad(f"There is no picture {name[:200]!r} below the server's folder (links do not count).", _WHERE, _CODE)


def _about_the_picture(message: str) -> str:
    """A sentence about an opened picture, without the name that it has inside this process."""
    return re.sub(r"^the given \S+ image", "The picture", message)
