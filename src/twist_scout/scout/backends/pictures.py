"""Pictures on their way to an endpoint: data URLs, made once for all questions about a picture."""

from __future__ import annotations

import asyncio
import base64
import io
from collections import OrderedDict
from pathlib import Path
from typing import Literal

from PIL import Image

from twist_scout.data.images import load_image

PictureFormat = Literal["jpeg", "png"]


class PictureUrls:
    """Data URLs of pictures; those of the last few are kept, for a picture is asked about several times.

    A picture is decoded and encoded anew, upright and in RGB: whatever else is in the file stays here.

    Args:
        longest_side: larger pictures are shrunk to this many pixels; None for no limit.
        format: ``jpeg`` (small) or ``png`` (exact).
        keep: how many are kept.
    """

    def __init__(self, longest_side: int | None = None, format: PictureFormat = "jpeg", keep: int = 64) -> None:
        self.longest_side, self.format, self._keep = longest_side, format, keep
        self._made: OrderedDict[Path, asyncio.Task[str]] = OrderedDict()

    async def url(self, path: Path) -> str:
        """The data URL of a picture. Encoding runs beside the event loop.

        Raises:
            BadImage: it cannot be read.
        """
        task = self._made.get(path)
        if task is None or task.cancelled():
            task = asyncio.create_task(asyncio.to_thread(data_url, path, self.longest_side, self.format))
            self._made[path] = task
            while len(self._made) > self._keep:
                self._made.popitem(last=False)
        self._made.move_to_end(path)
        return await asyncio.shield(task)


def data_url(path: Path, longest_side: int | None = None, format: PictureFormat = "jpeg") -> str:
    """A picture as ``data:image/jpeg;base64,...``.

    Raises:
        BadImage: it cannot be read.
    """
    picture = load_image(path)
    size = sent_size(*picture.size, longest_side)
    if size != picture.size:
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    if format == "jpeg":
        picture.save(buffer, "JPEG", quality=92, subsampling=0)
    else:
        picture.save(buffer, "PNG")
    return f"data:image/{format};base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"


def sent_size(width: int, height: int, longest_side: int | None) -> tuple[int, int]:
    """Width and height in pixels after shrinking, the shape kept."""
    longest = max(width, height)
    if longest_side is None or longest <= longest_side:
        return width, height
    return max(1, round(width * longest_side / longest)), max(1, round(height * longest_side / longest))
