"""OFA's files: tab-separated id, picture's id, expression, corners, and the picture itself in base64; or the same as JSON."""

from __future__ import annotations

import base64
import binascii
import io
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from twist_scout.data.referring.expression import ReferringExpression, box_inside
from twist_scout.data.referring.reader import ReferringReader, words
from twist_scout.data.rows import read_rows
from twist_scout.errors import BadInput

COLUMNS = ("uniq_id", "image_id", "text", "region_coord", "image")


class OfaFile(ReferringReader):
    """``refcoco_val.tsv`` and its like, one line in memory at a time.

    Args:
        path: the file.
        images: not looked at: the pictures are in the file.
        skip_bad: as in `ReferringReader`.
        extract: a folder to write the pictures to; names are then those of the files there.
    """

    form = "ofa"

    def __init__(
        self, path: Path, images: Path | None = None, *, skip_bad: bool = False, extract: Path | None = None
    ) -> None:
        super().__init__(path, images, skip_bad=skip_bad)
        self.extract = extract

    def rows(self) -> Iterator[tuple[int, Any]]:
        """The rows by the names of their columns."""
        if self.path.suffix.lower() in (".json", ".jsonl"):
            yield from read_rows(self.path)
            return
        try:
            with self.path.open(encoding="utf-8") as file:
                for number, line in enumerate(file, start=1):
                    if line.strip():
                        yield number, dict(zip(COLUMNS, line.rstrip("\n").split("\t"), strict=False))
        except OSError as error:
            raise BadInput(f"{self.path} cannot be read ({error.strerror or error}): check the path.") from error
        except UnicodeDecodeError as error:
            raise BadInput(f"{self.path} is not UTF-8: is it one of OFA's files?") from error

    def expressions(self, number: int, row: Any) -> Iterable[ReferringExpression]:
        """One expression, with the size of its picture."""
        image_id = str(row["image_id"])
        data = _decoded(row["image"])
        try:
            with Image.open(io.BytesIO(data)) as picture:
                (width, height), ending = picture.size, (picture.format or "jpeg").lower()
        except Exception as error:  # Pillow's decoders raise almost any type on damaged data
            raise ValueError("the picture cannot be read") from error
        corners = [float(value) for value in str(row["region_coord"]).split(",")]
        yield ReferringExpression(
            id=str(row["uniq_id"]),
            image=self._named(image_id, ending, data),
            width=width,
            height=height,
            expression=words(row["text"]),
            box=box_inside(corners, width, height),
            split=self.file_split,
            meta={"image_id": image_id} | ({"dataset": self.file_dataset} if self.file_dataset else {}),
        )

    def _named(self, image_id: str, ending: str, data: bytes) -> str:
        """COCO's name of the picture where its id is a number, and the file, where pictures are written out."""
        stem = f"{int(image_id):012d}" if image_id.isdecimal() else re.sub(r"[^\w.-]", "_", image_id).lstrip(".")
        name = f"{stem}.{'jpg' if ending == 'jpeg' else ending}"
        if self.extract is not None and not (self.extract / name).is_file():
            self.extract.mkdir(parents=True, exist_ok=True)
            partial = self.extract / f".{name}.partial"
            partial.write_bytes(data)
            os.replace(partial, self.extract / name)
        return name


def _decoded(text: Any) -> bytes:
    """Base64, in the ordinary alphabet or in that of web addresses."""
    try:
        return base64.b64decode(str(text).replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("the picture is no base64") from error
