"""PIN: ``[28,14,112,224]``, corners on a grid of 16 x 16 cells over a picture squeezed to 224 pixels.

Each edge goes to one of the two lines of the grid that it lies between, so that the written box covers the meant one
as well as the grid allows; PIN's own training texts move edges outwards. A box of one or two cells is still lost now
and then: no rounding keeps an IoU of 0.5 for every small object. Several boxes are several brackets, though PIN
itself only ever writes one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product

from twist_scout.boxes.box import Box
from twist_scout.boxes.dialects.brackets import find_single
from twist_scout.boxes.dialects.codec import Codec
from twist_scout.boxes.dialects.numbers import Scale, joined
from twist_scout.boxes.dialects.protocol import BoxSpan
from twist_scout.boxes.frame import Stretched

SIDE = 224
"""Side in pixels of the square that the model sees."""

CELLS = 16
"""Cells of the grid along each side."""

_SCALE = Scale.of(SIDE)
_GRID = Scale.of(CELLS)


class Pin(Codec):
    """Codec of PIN; stateless."""

    name = "pin"
    resolution = 1 / CELLS

    def frame(self, width: int, height: int) -> Stretched:
        """The whole image, squeezed into the model's square."""
        return Stretched((SIDE, SIDE))

    def render(self, boxes: Sequence[Box]) -> str:
        """Write boxes as ``[x1,y1,x2,y2], ...``; an empty group is the empty string."""
        step = SIDE // CELLS
        return ", ".join(f"[{joined(line * step for line in _lines(box))}]" for box in boxes)

    def find(self, text: str) -> list[BoxSpan]:
        """Find all groups of boxes, readable or not; numbers between the lines of the grid are
        taken as they are; never raises.
        """
        return find_single(text, _SCALE)


def _lines(box: Box) -> tuple[int, ...]:
    """The lines of the grid, as numbers from 0 to 16, that fit a box best; the nearest ones among equals."""
    nearest = tuple(_GRID.whole_numbers(box))
    if box.area == 0:
        return nearest
    sides = [sorted({math.floor(v * CELLS), math.ceil(v * CELLS)}) for v in box.as_tuple()]
    options = [nearest, *(lines for lines in product(*sides) if lines[0] < lines[2] and lines[1] < lines[3])]
    return max(options, key=lambda lines: box.iou(Box(*(line / CELLS for line in lines))))
