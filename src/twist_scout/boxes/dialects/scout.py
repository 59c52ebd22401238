"""The SCOUT dialect: ``[[x1,y1,x2,y2]]`` with integers from 0 to 100 (paper, Figures A.1, A.2 and
A.7).

One box is written ``[[10,9,79,100]]``, several boxes of one phrase ``[[1,2,3,4; 5,6,7,8]]``. When
reading, spaces and decimals are tolerated anywhere a number may stand, and so is the list form
``[[1,2,3,4], [5,6,7,8]]``; groups that follow each other, as in ``[[1,2,3,4]], [[5,6,7,8]]``, are
separate spans here and are joined into one phrase by `twist_scout.boxes.grounded`.

The paper does not say whether coordinates refer to the padded picture of MoE-LLaVA or to the
original one: `Stretched` is assumed where no frame is given.
"""

from __future__ import annotations

from collections.abc import Sequence

from twist_scout.boxes.box import Box
from twist_scout.boxes.dialects.brackets import find_doubled
from twist_scout.boxes.dialects.codec import Codec
from twist_scout.boxes.dialects.numbers import Scale, joined
from twist_scout.boxes.dialects.protocol import BoxSpan

SCALE = 100
"""Coordinates are written in hundredths of the picture that the model sees."""

_SCALE = Scale.of(SCALE)


class Scout(Codec):
    """Codec of the SCOUT dialect; stateless."""

    name = "scout"
    resolution = 1.0 / SCALE
    """An edge moves by at most half of this, except where a thinner box is widened to it."""

    def render(self, boxes: Sequence[Box]) -> str:
        """Write boxes as ``[[x1,y1,x2,y2; ...]]``.

        Coordinates are rounded to hundredths. A box that has an extent keeps one: if both its edges
        round to the same number, it takes the whole hundredth that holds its middle.
        """
        if not boxes:
            return ""
        return "[[" + "; ".join(joined(_SCALE.whole_numbers(box)) for box in boxes) + "]]"

    def find(self, text: str) -> list[BoxSpan]:
        """Find all groups of boxes, readable or not; never raises, in time linear in the text."""
        return find_doubled(text, _SCALE)
