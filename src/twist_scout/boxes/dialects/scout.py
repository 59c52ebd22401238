"""The SCOUT dialect: ``[[x1,y1,x2,y2]]`` with integers from 0 to 100 (paper, Figures A.1, A.2 and
A.7).

One box is written ``[[10,9,79,100]]``, several boxes of one phrase ``[[1,2,3,4; 5,6,7,8]]``. When
reading, spaces and decimals are tolerated anywhere a number may stand, and so is the list form
``[[1,2,3,4], [5,6,7,8]]``; groups that follow each other, as in ``[[1,2,3,4]], [[5,6,7,8]]``, are
separate spans here and are joined into one phrase by `twist_scout.boxes.grounded`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from twist_scout.boxes.box import Box
from twist_scout.boxes.dialects.protocol import BoxSpan

SCALE = 100
"""Coordinates are written in hundredths of the picture that the model sees."""

# Every quantifier that could meet the same characters twice is possessive ("*+"): nothing is ever
# re-read, so the scan takes linear time whatever a model writes.
_GROUP = re.compile(
    r"""
    (?P<open> \[ (?: \s*+ \[ )++ )  # two opening brackets, or more
    # a; b  or  a], [b
    (?P<body> [^\[\]]*+ (?: \] \s*+ [,;] \s*+ \[ (?!\s*+\[) [^\[\]]*+ )*+ )
    (?P<close> \] \s*+ \] )?+
    """,
    re.VERBOSE,
)
_BOX_SEPARATOR = re.compile(r";|\]\s*+[,;]\s*+\[")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_NUMBERS_SO_FAR = re.compile(r"[0-9\s.,;+\-]*+")
_LONGEST_NUMBER = 32


class Scout:
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
        return "[[" + "; ".join(_box_text(box) for box in boxes) + "]]"

    def find(self, text: str) -> list[BoxSpan]:
        """Find all groups of boxes, readable or not; never raises, in time linear in the text."""
        spans: list[BoxSpan] = []
        for match in _GROUP.finditer(text):
            start = match.start()
            if match["close"] is None:
                end = _end_of_unclosed(text, match)
                closed_once = text.startswith("]", end - 1)
                problem = (
                    "the box is closed by one bracket instead of two"
                    if closed_once
                    else "the brackets are never closed"
                )
                spans.append(BoxSpan(start, end, (), problem))
                continue
            # Of more than two opening brackets the last two are the box's own.
            own = text.rfind("[", start, match.end("open") - 1)
            if text.count("[", start, own) > 1:
                stray_end = start + len(text[start:own].rstrip())
                spans.append(BoxSpan(start, stray_end, (), "the brackets are never closed"))
            boxes, problem_of_group = _read_group(match["body"])
            spans.append(BoxSpan(own, match.end(), boxes, problem_of_group))
        return spans


def _box_text(box: Box) -> str:
    x1, x2 = _hundredths(box.x1, box.x2)
    y1, y2 = _hundredths(box.y1, box.y2)
    return f"{x1},{y1},{x2},{y2}"


def _hundredths(low: float, high: float) -> tuple[int, int]:
    first, last = round(low * SCALE), round(high * SCALE)
    if first == last and low < high:
        first = min(math.floor((low + high) / 2 * SCALE), SCALE - 1)
        last = first + 1
    return first, last


def _end_of_unclosed(text: str, match: re.Match[str]) -> int:
    """Where a group without end stops: after what still looks like numbers, not after the sentence
    that follows.
    """
    numbers = _NUMBERS_SO_FAR.match(text, match.end("open"), match.end("body"))
    end = numbers.end() if numbers else match.end("open")
    if end == match.end("body") and text.startswith("]", end):
        return end + 1
    return match.end("open") + len(text[match.end("open") : end].rstrip())


def _read_group(body: str) -> tuple[tuple[Box, ...], str | None]:
    """Read what stands between the brackets: the boxes that are well formed, and what is wrong with
    the others.
    """
    parts = _BOX_SEPARATOR.split(body)
    boxes: list[Box] = []
    problem: str | None = None
    for position, part in enumerate(parts, start=1):
        result = _read_box(part)
        if isinstance(result, Box):
            boxes.append(result)
        elif problem is None:  # the first reason is enough for a reader
            where = f"box {position} of {len(parts)}" if len(parts) > 1 else "the box"
            problem = f"{where} {result}"
    return tuple(boxes), problem


def _read_box(part: str) -> Box | str:
    """A box, or the end of a sentence that says what is wrong with it."""
    count = part.count(",") + 1 if part.strip() else 0
    if count != 4:
        return f"has {count} number{'' if count == 1 else 's'} instead of 4"
    values: list[float] = []
    for piece in part.split(","):
        piece = piece.strip()
        if len(piece) > _LONGEST_NUMBER or not _NUMBER.fullmatch(piece):
            return f"holds '{_shown(piece)}', which is not a number from 0 to {SCALE}"
        value = float(piece)
        if not 0 <= value <= SCALE:
            return f"holds {_shown(piece)}, which is outside 0 to {SCALE}"
        values.append(value)
    x1, y1, x2, y2 = values
    if x2 < x1:
        return f"is inverted: its right edge {x2:g} is left of its left edge {x1:g}"
    if y2 < y1:
        return f"is inverted: its bottom edge {y2:g} is above its top edge {y1:g}"
    return Box(x1 / SCALE, y1 / SCALE, x2 / SCALE, y2 / SCALE)


def _shown(piece: str, longest: int = 24) -> str:
    """A piece of model output, short and printable (lone surrogates cannot be written to a
    terminal).
    """
    cut = piece if len(piece) <= longest else piece[: longest - 3] + "..."
    return cut.encode("utf-8", "backslashreplace").decode("utf-8")
