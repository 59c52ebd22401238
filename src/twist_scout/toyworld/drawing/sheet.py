"""Contact sheets: many small pictures on one."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PIL import Image

#: At most this many pictures go on a sheet.
ON_SHEET = 48
_GAP, _GROUND = 8, (250, 250, 248)


def contact_sheet(pictures: Sequence[Image.Image], columns: int | None = None) -> Image.Image:
    """Lay square pictures of one size out in rows.

    Args:
        pictures: one or more.
        columns: pictures in a row; about half as many again as there are rows, if not given.

    Raises:
        ValueError: there are no pictures.
    """
    if not pictures:
        raise ValueError("a contact sheet needs a picture")
    columns = columns or max(1, math.ceil((1.5 * len(pictures)) ** 0.5))
    rows, cell = -(-len(pictures) // columns), pictures[0].width + _GAP
    sheet = Image.new("RGB", (columns * cell + _GAP, rows * cell + _GAP), _GROUND)
    for n, picture in enumerate(pictures):
        sheet.paste(picture, (_GAP + n % columns * cell, _GAP + n // columns * cell))
    return sheet
