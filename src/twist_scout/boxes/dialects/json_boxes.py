"""Boxes in JSON, as Qwen2.5-VL and Qwen3-VL write them.

    ```json
    [
        {"bbox_2d": [341, 258, 397, 360], "label": "pepper"},
        {"bbox_2d": [290, 170, 336, 254], "label": "pepper"}
    ]
    ```

Models break JSON in every way (cut off, single quotes, prose around it), so nothing is handed to a
JSON parser: each key that announces a box is found, then the numbers behind it, then the label and
the braces around it, each in a stretch of text that is looked at once.
"""

from __future__ import annotations

import json
import re

from twist_scout.boxes.box import Box
from twist_scout.boxes.dialects.brackets import NEVER_CLOSED, SINGLE, split_boxes
from twist_scout.boxes.dialects.numbers import Scale, read_group
from twist_scout.boxes.dialects.protocol import BoxSpan
from twist_scout.boxes.dialects.tags import stripped

_KEY = re.compile(r"""["']?+\b(?:bbox_2d|box_2d|bbox)\b["']?+\s*+:\s*+""")
_LABEL = re.compile(
    r"""
    ["'] (?:label|sub_label|text_content|phrase|name|object|desc|description) ["'] \s*+ : \s*+
    (?: " (?P<double> (?: [^"\\\n]++ | \\. )*+ ) " | ' (?P<single> (?: [^'\\\n]++ | \\. )*+ ) ' )
    """,
    re.VERBOSE,
)
_LIST_END = re.compile(r"\s*+,?+\s*+\](?:\s*+```)?+|\s*+```")
_SEPARATOR = re.compile(r"\s*+,?+\s*+")


def find_json(text: str, scale: Scale) -> list[BoxSpan]:
    """Find all boxes that a key such as ``bbox_2d`` announces, readable or not.

    A span reaches over the braces of its object. Its ``item`` takes in what separates it from the
    one before, and the brackets and code fence of a list around it.

    Args:
        text: any string.
        scale: what the numbers mean.
    """
    spans: list[BoxSpan] = []
    done = 0
    for key in _KEY.finditer(text):
        if key.start() >= done:
            done, boxes, problem = _value(text, key.end(), scale)
            spans.append(BoxSpan(key.start(), done, boxes, problem))
    starts: list[int] = []
    for n, span in enumerate(spans):
        # Between two boxes the last opening brace begins the second object.
        brace = text.rfind("{", spans[n - 1].end if n else 0, span.start)
        starts.append(brace if brace >= 0 else span.start)
    limits = [*starts, len(text)][1:]
    objects = [_with_label(text, *each) for each in zip(spans, starts, limits, strict=True)]
    return _with_lists(text, objects)


def _value(text: str, start: int, scale: Scale) -> tuple[int, tuple[Box, ...], str | None]:
    """Where the numbers behind a key end, the boxes, and what is wrong with them."""
    match = SINGLE.match(text, start)
    if match is None:
        return start, (), "no list of numbers follows the key"
    if match["unclosed"] is not None:
        return match.start("unclosed") + len(match["unclosed"].rstrip()), (), NEVER_CLOSED
    return match.end(), *read_group(scale, split_boxes(match["list"] or match["body"] or ""))


def _with_label(text: str, span: BoxSpan, start: int, limit: int) -> BoxSpan:
    """Extend a span to its object's braces and find its label on either side of the numbers."""
    label = _LABEL.search(text, start, span.start)
    closing = text.find("}", span.end, limit)
    if label is None:
        label = _LABEL.search(text, span.end, limit)
        if label is not None and 0 <= closing < label.start():
            label = None  # of something behind the object
        elif label is not None:
            closing = text.find("}", label.end(), limit)
    end = closing + 1 if closing >= 0 else max(span.end, label.end() if label else 0)
    phrase = None
    if label is not None:
        inside = label.span("double") if label["double"] is not None else label.span("single")
        phrase = stripped(text, *inside)
        if phrase[0] == phrase[1]:
            phrase = None
    return BoxSpan(start, end, span.boxes, span.problem, phrase)


def _with_lists(text: str, spans: list[BoxSpan]) -> list[BoxSpan]:
    """Give each span what separates it from the one before, and lists their brackets and fences."""
    found: list[BoxSpan] = []
    done = 0
    for n, span in enumerate(spans):
        follows = n > 0 and _SEPARATOR.fullmatch(text, spans[n - 1].end, span.start) is not None
        start = done if follows else _list_start(text, done, span.start)
        end = span.end
        limit = spans[n + 1].start if n + 1 < len(spans) else len(text)
        ending = _LIST_END.match(text, end, limit)
        if ending is not None:
            end = ending.end()
        found.append(BoxSpan(span.start, span.end, span.boxes, span.problem, span.phrase, (start, end)))
        done = end
    return found


def _list_start(text: str, floor: int, start: int) -> int:
    """Where the bracket and the code fence in front of an object begin."""
    kept = text[floor:start].rstrip()
    if kept.endswith("["):
        start = floor + len(kept) - 1
        kept = kept[:-1].rstrip()
    for fence in ("```json", "```"):
        if kept.endswith(fence):
            return floor + len(kept) - len(fence)
    return start


def unescaped(label: str) -> str:
    """The words of a JSON string; as they stand where they are not valid JSON."""
    if "\\" not in label:
        return label
    try:
        return str(json.loads(f'"{label}"'))
    except ValueError:
        return label
