"""Pictures on pages: small files, each made once."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from twist_scout.data.images import load_image
from twist_scout.errors import BadImage

#: Pixels beyond which a picture is not decoded for a page: a small file can claim to be that large.
LARGEST = 80_000_000
_SMALL = 1 << 16
_KNOWN = 64


@dataclass(frozen=True, slots=True)
class Shrunk:
    """A picture as a page holds it.

    Attributes:
        content: the file.
        kind: its media type.
        size: width and height of the original, upright, in pixels.
    """

    content: bytes
    kind: str
    size: tuple[int, int]

    @property
    def url(self) -> str:
        """The picture as a data URL."""
        return f"data:{self.kind};base64,{base64.b64encode(self.content).decode('ascii')}"

    @property
    def ending(self) -> str:
        """The ending of its file's name."""
        return ".png" if self.kind == "image/png" else ".jpg"


@dataclass
class PictureReader:
    """Reads and shrinks pictures, the last ones once.

    Args:
        folder: that the records' picture names start from.
        side: longest side of the shrunk picture in pixels.
    """

    folder: Path
    side: int = 640
    _known: dict[str, Shrunk | str] = field(default_factory=dict)

    def url(self, image: str) -> tuple[str | None, str]:
        """The picture as a data URL, or None and why there is none."""
        try:
            return self.shrunk(image).url, ""
        except BadImage as error:
            return None, str(error)

    def content(self, image: str) -> tuple[bytes, str]:
        """The shrunk picture as a file, and its media type.

        Raises:
            BadImage: there is no picture.
        """
        found = self.shrunk(image)
        return found.content, found.kind

    def shrunk(self, image: str) -> Shrunk:
        """The shrunk picture.

        Raises:
            BadImage: there is no picture, or one too large to be one.
        """
        if image not in self._known:
            if len(self._known) >= _KNOWN:
                self._known.clear()
            try:
                self._known[image] = self._read(self.folder / image)
            except BadImage as error:
                self._known[image] = str(error)
        found = self._known[image]
        if isinstance(found, str):
            raise BadImage(found)
        return found

    def _read(self, path: Path) -> Shrunk:
        picture = load_image(path, largest=LARGEST)
        return Shrunk(*shrunk(picture, self.side), picture.size)


def shrunk(picture: Image.Image, side: int) -> tuple[bytes, str]:
    """A picture as a small file, and its media type: PNG for tiny ones, which JPEG would blur, else JPEG."""
    smaller = picture.convert("RGB")
    smaller.thumbnail((side, side), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    if smaller.width * smaller.height <= _SMALL:
        smaller.save(buffer, "PNG", optimize=True)
        return buffer.getvalue(), "image/png"
    smaller.save(buffer, "JPEG", quality=85, optimize=True)
    return buffer.getvalue(), "image/jpeg"
