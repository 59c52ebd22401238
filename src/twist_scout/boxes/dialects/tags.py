"""Phrases and boxes in tags, as Qwen-VL, Qwen2-VL and InternVL write them.

    <ref>the red car</ref><box>(12,30),(400,550)</box><box>(500,10),(620,90)</box>
    <|object_ref_start|>the red car<|object_ref_end|><|box_start|>(12,30),(400,550)<|box_end|>
    <ref>the red car</ref><box>[[12, 30, 400, 550], [500, 10, 620, 90]]</box>

Boxes that follow each other are one span. The closing tag may be missing, since it is often the
stop word, and so may the phrase. Decoding without special tokens drops the tags altogether; what is
left, ``the red car(12,30),(400,550)``, is found too, but then nothing marks the phrase.
"""

from __future__ import annotations

import re

from twist_scout.boxes.box import Box
from twist_scout.boxes.dialects.numbers import Scale, collect, read_group
from twist_scout.boxes.dialects.protocol import BoxSpan

_OPEN = r"(?: <box> | <\|box_start\|> )"
_CLOSE = r"(?: </box> | <\|box_end\|> )"
_NUMBER = r"\s*+ [+-]?+ [0-9]++ (?: \. [0-9]*+ )?+ \s*+"
_POINT = rf"\( {_NUMBER} , {_NUMBER} \)"
_TAGGED = re.compile(
    rf"""
    (?: (?: <ref> | <\|object_ref_start\|> )
        (?P<phrase> [^<]*+ )
        (?: </ref> | <\|object_ref_end\|> ) \s*+
    )?+
    (?P<boxes> {_OPEN} (?: [^<]*+ {_CLOSE} | [0-9\s.,;+\-()\[\]]*+ )
        (?: \s*+ ,?+ \s*+ {_OPEN} (?: [^<]*+ {_CLOSE} | [0-9\s.,;+\-()\[\]]*+ ) )*+
    )
    | (?P<bare> {_POINT} \s*+ ,?+ \s*+ {_POINT} )
    """,
    re.VERBOSE,
)
_BODY = re.compile(rf"{_OPEN} ( [^<]*+ )", re.VERBOSE)
_LIST = re.compile(r"\[([^\[\]]*+)\]")
_PARENTHESES = re.compile(r"\(([^()]*+)\)")


def find_tagged(text: str, scale: Scale) -> list[BoxSpan]:
    """Find all boxes in tags, readable or not, and all bare pairs of points.

    Args:
        text: any string.
        scale: what the numbers mean.
    """
    spans: list[BoxSpan] = []
    for match in _TAGGED.finditer(text):
        if match["bare"] is not None:
            spans.append(BoxSpan(match.start(), match.end(), *read_group(scale, _boxes_in(match["bare"]))))
            continue
        start = match.start("boxes")
        end = start + len(match["boxes"].rstrip())
        results: list[Box | str] = []
        for body in _BODY.findall(match["boxes"]):
            results += [scale.read(numbers) for numbers in _boxes_in(body)]
        phrase = stripped(text, *match.span("phrase")) if match["phrase"] is not None else None
        spans.append(BoxSpan(start, end, *collect(results), phrase, (match.start(), end)))
    return spans


def stripped(text: str, start: int, end: int) -> tuple[int, int]:
    """The range without the spaces at its ends."""
    piece = text[start:end]
    left = len(piece) - len(piece.lstrip())
    return start + left, start + max(left, len(piece.rstrip()))


def _boxes_in(body: str) -> list[list[str]]:
    """The numbers, as text, of each box of ``(x,y),(x,y)``, ``[a], [b]`` or ``a; b``."""
    lists = _LIST.findall(body)
    if lists:
        return [part.split(",") for inside in lists for part in inside.split(";")]
    points = [inside.split(",") for inside in _PARENTHESES.findall(body)]
    if not points:
        return [part.split(",") for part in body.split(";")]
    if any(len(point) > 2 for point in points):
        return points  # (x1, y1, x2, y2)
    return [[number for point in points[n : n + 2] for number in point] for n in range(0, len(points), 2)]
