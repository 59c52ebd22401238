"""Florence-2: ``turquoise car<loc_52><loc_333><loc_932><loc_774>``, bins of a thousandth.

The words since the last box are the phrase, several boxes follow each other, and edges are rounded
down to bins and read at their middle, as the processor of the model does.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from twist_scout.boxes.box import Box
from twist_scout.boxes.dialects.codec import Codec
from twist_scout.boxes.dialects.loc_tokens import read_run
from twist_scout.boxes.dialects.numbers import Scale
from twist_scout.boxes.dialects.protocol import BoxSpan
from twist_scout.boxes.dialects.tags import stripped
from twist_scout.boxes.frame import Stretched

SIDE = 768
"""Side in pixels of the square that the model sees."""

BINS = 1000
"""Bins along each side."""

_SCALE = Scale.of(BINS, last=BINS - 1)
_RUN = re.compile(r"(?:<loc_[^<>]*+>\s*+)++")
_PHRASE_START = re.compile(r"[>.;,\s]*+")
_NOISE = 1e-9  # an edge this close to the next bin (in bins) lies on it


class Florence2(Codec):
    """Codec of Florence-2; stateless."""

    name = "florence-2"
    resolution = 1.5 / BINS
    """An edge moves by at most a third of this, except where a thinner box is widened."""

    names_phrases = True
    writes_lists = True

    def frame(self, width: int, height: int) -> Stretched:
        """The whole image, squeezed into the model's square."""
        return Stretched((SIDE, SIDE))

    def render(self, boxes: Sequence[Box]) -> str:
        """Write four location tokens for each box; an empty group is the empty string."""
        return "".join(f"<loc_{n}>" for box in boxes for n in _bins(box))

    def render_named(self, phrase: str, boxes: Sequence[Box]) -> str:
        """Write the phrase and its boxes right behind it."""
        return phrase + self.render(boxes)

    def render_list(self, items: Sequence[tuple[str, Sequence[Box]]]) -> str:
        """Write all phrases and boxes in a row, as the model answers detection prompts."""
        return "".join(self.render_named(phrase, boxes) for phrase, boxes in items)

    def find(self, text: str) -> list[BoxSpan]:
        """Find all runs of location tokens, readable or not, with their phrases; never raises."""
        spans: list[BoxSpan] = []
        done = 0
        for match in _RUN.finditer(text):
            end = match.start() + len(match[0].rstrip())
            boxes, problem = read_run(match[0], _read)
            start = _phrase_start(text, done, match.start())
            phrase = stripped(text, start, match.start())
            named = phrase if phrase[0] < phrase[1] else None
            spans.append(BoxSpan(match.start(), end, boxes, problem, named, (phrase[0], end) if named else None))
            done = end
        return spans


def _bins(box: Box) -> tuple[int, int, int, int]:
    (x1, x2), (y1, y2) = _edges(box.x1, box.x2), _edges(box.y1, box.y2)
    return x1, y1, x2, y2


def _edges(low: float, high: float) -> tuple[int, int]:
    first, second = (min(math.floor(edge * BINS + _NOISE), BINS - 1) for edge in (low, high))
    if first == second and low < high:  # as in the other dialects, an extent is kept
        first = min(first, BINS - 2)
        second = first + 1
    return first, second


def _read(numbers: list[str]) -> Box | str:
    box = _SCALE.read(numbers)
    if isinstance(box, str):
        return box
    middle = 0.5 / BINS
    return Box(*(min(edge + middle, 1.0) for edge in box.as_tuple()))


def _phrase_start(text: str, done: int, end: int) -> int:
    """Behind the box, special token, sentence or line before the run."""
    found = [(text.rfind(mark, done, end), len(mark)) for mark in (">", "\n", ". ", "; ")]
    start = max((at + length for at, length in found if at >= 0), default=done)
    match = _PHRASE_START.match(text, start, end)
    return match.end() if match else start
