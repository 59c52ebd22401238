"""Kosmos-2: ``<phrase>a fire</phrase><object><patch_index_0005><patch_index_0911></object>``.

A box is the patch of its top left and the patch of its bottom right corner on a grid of 32 x 32.
It is read back from the middle of one to the middle of the other, or, if it is only one patch wide
or high, from edge to edge, as the processor of the model does. Several boxes are separated by
``</delimiter_of_multi_objects/>``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from twist_scout.boxes.box import Box
from twist_scout.boxes.dialects.codec import Codec
from twist_scout.boxes.dialects.numbers import collect, shown
from twist_scout.boxes.dialects.protocol import BoxSpan
from twist_scout.boxes.dialects.tags import stripped
from twist_scout.boxes.frame import Stretched

SIDE = 224
"""Side in pixels of the square that the model sees."""

CELLS = 32
"""Patches along each side."""

DELIMITER = "</delimiter_of_multi_objects/>"
"""What stands between two boxes of one phrase."""

_NOISE = 1e-9  # an edge this close to a line of the grid (in patches) lies on it
_ITEM = re.compile(
    rf"""
    (?: <phrase> (?P<phrase> [^<]*+ ) </phrase> \s*+ )?+
    (?P<boxes>
        <object> \s*+ (?P<inside> (?: (?: <patch_index_[^<>]*+> | {DELIMITER} ) \s*+ )*+ ) (?P<close> </object> )?+
        | (?P<bare> <patch_index_[^<>]*+> \s*+ (?: (?: <patch_index_[^<>]*+> | {DELIMITER} ) \s*+ )*+ )
    )
    """,
    re.VERBOSE,
)
_INDEX = re.compile(r"<patch_index_([^<>]*+)>")
_DIGITS = re.compile(r"[0-9]{1,8}")


class Kosmos2(Codec):
    """Codec of Kosmos-2; stateless."""

    name = "kosmos-2"
    resolution = 1 / CELLS
    names_phrases = True

    def frame(self, width: int, height: int) -> Stretched:
        """The whole image, squeezed into the model's square."""
        return Stretched((SIDE, SIDE))

    def render(self, boxes: Sequence[Box]) -> str:
        """Write ``<object>``, two patches for each box, ``</object>``; an empty group is the empty
        string.
        """
        if not boxes:
            return ""
        return f"<object>{DELIMITER.join(map(_patches, boxes))}</object>"

    def render_named(self, phrase: str, boxes: Sequence[Box]) -> str:
        """Write the phrase in tags and its boxes right behind it."""
        return f"<phrase>{phrase}</phrase>{self.render(boxes)}" if phrase else self.render(boxes)

    def find(self, text: str) -> list[BoxSpan]:
        """Find all objects, readable or not, with their phrases; never raises."""
        spans: list[BoxSpan] = []
        for match in _ITEM.finditer(text):
            start = match.start("boxes")
            end = start + len(match["boxes"].rstrip())
            inside = match["inside"] if match["inside"] is not None else match["bare"]
            results = [_read(_INDEX.findall(part)) for part in inside.split(DELIMITER)]
            phrase = stripped(text, *match.span("phrase")) if match["phrase"] is not None else None
            spans.append(BoxSpan(start, end, *collect(results), phrase, (match.start(), end)))
        return spans


def _patches(box: Box) -> str:
    first_x, first_y = (min(math.floor(edge * CELLS + _NOISE), CELLS - 1) for edge in (box.x1, box.y1))
    last_x = max(math.ceil(box.x2 * CELLS - _NOISE) - 1, first_x)
    last_y = max(math.ceil(box.y2 * CELLS - _NOISE) - 1, first_y)
    return f"<patch_index_{first_y * CELLS + first_x:04d}><patch_index_{last_y * CELLS + last_x:04d}>"


def _read(indices: list[str]) -> Box | str:
    if len(indices) != 2:
        return f"has {len(indices)} patch{'' if len(indices) == 1 else 'es'} instead of 2"
    patches: list[int] = []
    for index in indices:
        if not _DIGITS.fullmatch(index) or int(index) >= CELLS * CELLS:
            return f"holds patch '{shown(index)}', which is not a number from 0 to {CELLS * CELLS - 1}"
        patches.append(int(index))
    (y1, x1), (y2, x2) = (divmod(patch, CELLS) for patch in patches)
    if x2 < x1 or y2 < y1:
        return f"is inverted: patch {patches[1]} is not to the right of and below patch {patches[0]}"
    # One patch wide or high: from edge to edge. Else: from middle to middle.
    low, high = (0.0, 1.0) if x1 == x2 or y1 == y2 else (0.5, 0.5)
    return Box((x1 + low) / CELLS, (y1 + low) / CELLS, (x2 + high) / CELLS, (y2 + high) / CELLS)
