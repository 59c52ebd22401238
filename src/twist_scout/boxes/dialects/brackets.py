"""Groups of boxes in square brackets, as several dialects write them.

    doubled   [[1,2,3,4]]   [[1,2,3,4; 5,6,7,8]]   [[1,2,3,4], [5,6,7,8]]
    single    [1, 2, 3, 4]  [1,2,3,4;5,6,7,8]      [[1, 2, 3, 4], [5, 6, 7, 8]]

Two opening brackets are rare in prose, so anything behind them is taken for boxes; single brackets
also hold citations and remarks, so there only what looks like a list of numbers is. Groups that
follow each other, as in ``[1, 2, 3, 4], [5, 6, 7, 8]``, are separate spans here and are joined into
one phrase by `twist_scout.boxes.grounded`.

Every quantifier that could meet the same characters twice is possessive ("*+"): nothing is ever
re-read, so a scan takes linear time whatever a model writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from twist_scout.boxes.dialects.numbers import Scale, read_group
from twist_scout.boxes.dialects.protocol import BoxSpan

NEVER_CLOSED = "the brackets are never closed"

_DOUBLED = re.compile(
    r"""
    (?P<open> \[ (?: \s*+ \[ )++ )  # two opening brackets, or more
    # a; b  or  a], [b
    (?P<body> [^\[\]]*+ (?: \] \s*+ [,;] \s*+ \[ (?!\s*+\[) [^\[\]]*+ )*+ )
    (?P<close> \] \s*+ \] )?+
    """,
    re.VERBOSE,
)
SINGLE = re.compile(
    r"""
    \[ \s*+ \[ (?P<list> [^\[\]]*+ (?: \] \s*+ [,;] \s*+ \[ [^\[\]]*+ )*+ ) \] \s*+ \]
    | \[ (?P<body> [^\[\]]*+ ) \]
    | \[ (?P<unclosed> (?= [\s.+\-]*+ [0-9] ) [0-9\s.,;+\-]*+ )
    """,
    re.VERBOSE,
)
_BOX_SEPARATOR = re.compile(r";|\]\s*+[,;]\s*+\[")
_NUMBERS_SO_FAR = re.compile(r"[0-9\s.,;+\-]*+")
_NUMERIC_FIELD = re.compile(r"(?:^|[,;\[])\s*+[+-]?\.?[0-9]")
_COMMAS_OF_A_LIST = 2  # "[2, 3]" may be a citation


def find_doubled(text: str, scale: Scale) -> list[BoxSpan]:
    """Find all groups in double brackets, readable or not.

    Args:
        text: any string.
        scale: what the numbers mean.
    """
    spans: list[BoxSpan] = []
    for match in _DOUBLED.finditer(text):
        start = match.start()
        if match["close"] is None:
            end = _end_of_unclosed(text, match)
            closed_once = text.startswith("]", end - 1)
            problem = "the box is closed by one bracket instead of two" if closed_once else NEVER_CLOSED
            spans.append(BoxSpan(start, end, (), problem))
            continue
        # Of more than two opening brackets the last two are the box's own.
        own = text.rfind("[", start, match.end("open") - 1)
        if text.count("[", start, own) > 1:
            stray_end = start + len(text[start:own].rstrip())
            spans.append(BoxSpan(start, stray_end, (), NEVER_CLOSED))
        spans.append(BoxSpan(own, match.end(), *read_group(scale, split_boxes(match["body"]))))
    return spans


def find_single(text: str, scale: Scale) -> list[BoxSpan]:
    """Find all groups in single brackets, and lists of such groups, that look like numbers.

    Args:
        text: any string.
        scale: what the numbers mean.
    """
    return list(_single_spans(text, scale))


def _single_spans(text: str, scale: Scale) -> Iterator[BoxSpan]:
    for match in SINGLE.finditer(text):
        body = match["list"] or match["body"]
        if match["unclosed"] is not None:
            written = match["unclosed"].rstrip()
            if "," in written and len(_NUMERIC_FIELD.findall(written)) > 1:
                yield BoxSpan(match.start(), match.start("unclosed") + len(written), (), NEVER_CLOSED)
        elif body and body.count(",") + body.count(";") >= _COMMAS_OF_A_LIST and len(_NUMERIC_FIELD.findall(body)) > 1:
            yield BoxSpan(match.start(), match.end(), *read_group(scale, split_boxes(body)))


def split_boxes(body: str) -> list[list[str]]:
    """The numbers, as text, of each box of ``a; b`` or ``a], [b``."""
    return [part.split(",") for part in _BOX_SEPARATOR.split(body)]


def _end_of_unclosed(text: str, match: re.Match[str]) -> int:
    numbers = _NUMBERS_SO_FAR.match(text, match.end("open"), match.end("body"))
    end = numbers.end() if numbers else match.end("open")
    if end == match.end("body") and text.startswith("]", end):
        return end + 1
    return match.end("open") + len(text[match.end("open") : end].rstrip())
