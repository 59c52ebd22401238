"""How published evaluators find boxes in an answer: each reads one text its own way, whatever wrote it.

Every reader here gives the numbers of the boxes as the text has them, or says why there are none; what the numbers mean is
the business of `twist_scout.evaluation.referring.frames`. The patterns accept what those evaluators accept and take time
linear in the text, which theirs do not always.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from twist_scout.evaluation.referring.samples import Problem, Quad

Read = tuple[list[Quad], Problem]
TextReader = Callable[[str, str], Read]
"""From an answer and the expression to numbers, or to why there are none."""

_SHIKRA = re.compile(r"\[(\d(?:\.\d*+)?+(?:,\d(?:\.\d*+)?+){3}(?:;\d(?:\.\d*+)?+(?:,\d(?:\.\d*+)?+){3})*+)\]")
_KOSMOS = re.compile(
    r"(?:<phrase>([^<]++)</phrase>)?+<object>"
    r"((?:<patch_index_\d++><patch_index_\d++></delimiter_of_multi_objects/>)*+"
    r"<patch_index_\d++><patch_index_\d++>)</object>"
)
_PUNCTUATION = re.compile(r"[.,;!?]")
_PATCH = re.compile(r"<patch_index_(\d+)>")
_LARGEST_PATCH = 8  # digits
_PLAIN = r"(-?\d++(?:\.\d++)?+)"
_LMMS = re.compile(rf"\[\s*+{_PLAIN},\s*+{_PLAIN},\s*+{_PLAIN},\s*+{_PLAIN}\s*+\]")
_NUMBER = r"[-+]?(?:\d++(?:\.\d++)?+|\.\d++)(?:[eE][-+]?\d++)?+"
_GAP = r"(?:\s*+,\s*+|\s++)"
_KIT = re.compile(rf"\[\s*+({_NUMBER}){_GAP}({_NUMBER}){_GAP}({_NUMBER}){_GAP}({_NUMBER})\s*+\]")
_ANY_NUMBER = re.compile(_NUMBER)
_FIRST_DIGITS = r"((?:-|(?<!\d))\d++(?:\.\d++)?+)"  # not from the middle of a number: that has been tried before
_FOUR = re.compile(rf"{_FIRST_DIGITS}{_GAP}{_PLAIN}{_GAP}{_PLAIN}{_GAP}{_PLAIN}")
_KEYS = ("bbox_2d", "bbox", "box", "coordinates", "coord", "location", "position")
_FENCE = "```"
_GRID = {str(14 * line): float(14 * line) for line in range(17)}


def shikra(text: str, expression: str) -> Read:
    """Every box of every ``[0.1,0.2,0.3,0.4;..]`` without spaces; it must be one in all."""
    boxes = [part for group in _SHIKRA.findall(text) for part in group.split(";")]
    if len(boxes) != 1:
        return [], Problem.several if boxes else Problem.no_box
    return [_quad(boxes[0].split(","))], Problem.none


def ferret(text: str, expression: str) -> Read:
    """What stands in brackets, which must be whole numbers in all of them; after each, words up to punctuation are skipped."""
    boxes: list[Quad] = []
    start = 0
    for match in re.finditer(r"[\[\]]", text):
        position = match.start()
        if match[0] == "[":
            start = position + 1
            continue
        try:
            numbers = [int(number) for number in text[start:position].split(",")]
            boxes.append(_quad(numbers))
        except (ValueError, OverflowError):
            return [], Problem.foreign_bracket
        start = _after_punctuation(text, position + 1)
    return boxes, Problem.none if boxes else Problem.no_box


def kosmos2(text: str, expression: str) -> Read:
    """Pairs of patches in ``<object>`` whose ``<phrase>`` is the expression."""
    boxes: list[Quad] = []
    any_box = False
    for phrase, inside in _KOSMOS.findall(text):
        any_box = True
        if phrase.strip() != expression.strip() or not phrase:
            continue
        patches = _PATCH.findall(inside)
        for first, second in zip(patches[::2], patches[1::2], strict=True):
            if max(len(first), len(second)) <= _LARGEST_PATCH:
                boxes.append(_cells(int(first), int(second)))
    if boxes:
        return boxes, Problem.none
    return [], Problem.phrase if any_box else Problem.no_box


def qwen(text: str, expression: str) -> Read:
    """The first ``(x,y),(x,y)`` of a line, from the line's first parenthesis on."""
    for line in text.split("\n"):
        opening = line.find("(")
        middle = line.find("),(", opening + 1) if opening >= 0 else -1
        closing = line.find(")", middle + 3) if middle >= 0 else -1
        if closing >= 0:
            points = (line[opening + 1 : middle].split(","), line[middle + 3 : closing].split(","))
            try:
                (x1, y1), (x2, y2) = ([float(number) for number in point] for point in points)
            except ValueError:
                return [], Problem.no_box
            return [(x1, y1, x2, y2)], Problem.none
    return [], Problem.no_box


def lmms_eval(text: str, expression: str) -> Read:
    """The first ``[a, b, c, d]`` of plain numbers."""
    match = _LMMS.search(text)
    return ([_quad(match.groups())], Problem.none) if match else ([], Problem.no_box)


def vlmevalkit(text: str, expression: str) -> Read:
    """The first ``[a, b, c, d]``, with or without commas; else the first four numbers anywhere."""
    match = _KIT.search(text)
    numbers = match.groups() if match else tuple(found[0] for found in islice(_ANY_NUMBER.finditer(text), 4))
    return ([_quad(numbers)], Problem.none) if len(numbers) == 4 else ([], Problem.no_box)


def lmms_eval_grounding(text: str, expression: str) -> Read:
    """Every box of the JSON in the answer; where there is none, every four numbers in a row."""
    boxes = list(_boxes_in(_json_in(text)))
    if not boxes:
        boxes = [_quad(match.groups()) for match in _FOUR.finditer(text)]
    return boxes, Problem.none if boxes else Problem.no_box


def pin(text: str, expression: str) -> Read:
    """The first ``[a,b,c,d]``, which must be lines of the grid of 16 x 16 cells over 224 pixels."""
    for line in text.split("\n"):
        _, bracket, rest = line.partition("[")
        first = rest.split(",", 3)
        if not bracket or len(first) < 4 or "]" not in first[3][1:]:
            continue
        last = first[3][: first[3].index("]", 1)]
        lines = [_GRID.get(number) for number in (*first[:3], last)]
        if None in lines:
            return [], Problem.off_grid
        x1, y1, x2, y2 = (line for line in lines if line is not None)
        return ([(x1, y1, x2, y2)], Problem.none) if x1 < x2 and y1 < y2 else ([], Problem.off_grid)
    return [], Problem.no_box


def _quad(numbers: Sequence[str | int | float]) -> Quad:
    """The first four numbers.

    Raises:
        ValueError: there are fewer.
        OverflowError: a whole number is larger than any float.
    """
    x1, y1, x2, y2 = (float(number) for number in numbers[:4])
    return x1, y1, x2, y2


def _after_punctuation(text: str, position: int) -> int:
    found = _PUNCTUATION.search(text, position)
    return found.end() if found else len(text) + 1


def _cells(first: int, second: int) -> Quad:
    """In cells of a grid of 32 x 32: from middle to middle, or from edge to edge where it is one cell wide or high."""
    (y1, x1), (y2, x2) = divmod(first, 32), divmod(second, 32)
    if x1 == x2 or y1 == y2:
        return float(x1), float(y1), x2 + 1.0, y2 + 1.0
    return x1 + 0.5, y1 + 0.5, x2 + 0.5, y2 + 0.5


def _json_in(text: str) -> Any:
    """The JSON of a code fence, of the whole text, or from its first bracket to its last; None where there is none."""
    text = text.strip()
    for candidate in _candidates(text):
        try:
            return json.loads(candidate)
        except (ValueError, RecursionError):
            continue
    return None


def _candidates(text: str) -> Iterator[str]:
    opening = text.find(_FENCE)
    closing = text.find(_FENCE, opening + 3) if opening >= 0 else -1
    if closing >= 0:
        inside = text[opening + 3 : closing]
        yield (inside[4:] if inside[:4].lower() == "json" else inside).strip()
    yield text
    for first, last in ("[]", "{}"):
        start, end = text.find(first), text.rfind(last)
        if 0 <= start < end:
            yield text[start : end + 1]


def _boxes_in(content: Any) -> Iterator[Quad]:
    """The boxes of a JSON value in the order of the text, however deep."""
    waiting = [content]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            quad = _numbers(value) if all(isinstance(number, (int, float)) for number in value) else None
            if quad is not None:
                yield quad
            else:
                waiting += reversed(value)
        elif isinstance(value, dict):
            quad = next((quad for key in _KEYS if (quad := _numbers(value.get(key))) is not None), None)
            if quad is not None:
                yield quad
            else:
                waiting += reversed(list(value.values()))


def _numbers(value: Any) -> Quad | None:
    if not isinstance(value, list) or len(value) != 4:
        return None
    try:
        return _quad(value)
    except (TypeError, ValueError, OverflowError):
        return None
