"""PaliGemma: ``<loc0092><loc0102><loc1023><loc0809> dog ; <loc....> ... cat``, y before x.

Whole numbers from 0 to 1023, in 1024ths of the picture, which is squeezed into the model's square.
The words behind a box, up to the semicolon, are its phrase. Segmentation tokens in between are
skipped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from twist_scout.boxes.box import Box
from twist_scout.boxes.dialects.codec import Codec
from twist_scout.boxes.dialects.loc_tokens import read_run
from twist_scout.boxes.dialects.numbers import Scale
from twist_scout.boxes.dialects.protocol import BoxSpan
from twist_scout.boxes.dialects.tags import stripped
from twist_scout.boxes.frame import Stretched

SIDE = 224
"""Side in pixels of the square that the smallest model sees; 448 and 896 exist too."""

BINS = 1024
"""Location tokens of the vocabulary."""

_SCALE = Scale.of(BINS, last=BINS - 1, y_first=True)
_ITEM = re.compile(
    r"""
    (?P<run> (?: <loc[^<>_]*+> \s*+ )++ )
    (?: <seg[^<>]*+> \s*+ )*+
    (?P<phrase> [^\W_] [^<;\n]*+ )?+  # punctuation behind a box belongs to the sentence
    (?P<end> \s*+ ; (?: \s*+ (?=<loc) )?+ )?+
    """,
    re.VERBOSE,
)


class PaliGemma(Codec):
    """Codec of PaliGemma; stateless."""

    name = "paligemma"
    resolution = 2 / BINS
    """An edge moves by at most half of this, except where a thinner box is widened."""

    names_phrases = True
    writes_lists = True

    def frame(self, width: int, height: int) -> Stretched:
        """The whole image, squeezed into the model's square."""
        return Stretched((SIDE, SIDE))

    def render(self, boxes: Sequence[Box]) -> str:
        """Write four location tokens for each box; an empty group is the empty string."""
        corners = (_SCALE.whole_numbers(box) for box in boxes)
        return "".join(f"<loc{y1:04d}><loc{x1:04d}><loc{y2:04d}><loc{x2:04d}>" for x1, y1, x2, y2 in corners)

    def render_named(self, phrase: str, boxes: Sequence[Box]) -> str:
        """Write the boxes and the phrase behind them, up to a semicolon that keeps it apart from
        the rest of the sentence.
        """
        return " ".join(filter(None, (self.render(boxes), phrase, ";")))

    def render_list(self, items: Sequence[tuple[str, Sequence[Box]]]) -> str:
        """Write each box with its phrase, separated by semicolons, as the model answers ``detect``."""
        return " ; ".join(f"{self.render([box])} {phrase}".strip() for phrase, boxes in items for box in boxes)

    def find(self, text: str) -> list[BoxSpan]:
        """Find all runs of location tokens, readable or not, with their phrases; never raises."""
        spans: list[BoxSpan] = []
        for match in _ITEM.finditer(text):
            start = match.start("run")
            end = start + len(match["run"].rstrip())
            boxes, problem = read_run(match["run"], _SCALE.read)
            phrase = stripped(text, *match.span("phrase")) if match["phrase"] else None
            last = match.end() if match["end"] else (phrase or (start, end))[1]
            spans.append(BoxSpan(start, end, boxes, problem, phrase, (start, last)))
        return spans
