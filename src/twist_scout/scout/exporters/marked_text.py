"""Texts whose boxes stand as marks of some format, and the way back to box references."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from twist_scout.boxes.noun_phrase import noun_phrase_before
from twist_scout.boxes.steps import find_steps
from twist_scout.data.records import PixelBox, reference_spans

_REFERENCE_LIKE = re.compile(r"<(?=box:)")


def neutral(text: str, marks: Sequence[str]) -> str:
    """A text in which what only looks like a mark (``<image>`` in a caption) is none: ``< image>``."""
    for mark in marks:
        text = text.replace(mark, f"{mark[0]} {mark[1:]}")
    return text


def without_reference_marks(text: str) -> str:
    """A text from outside, in which what only looks like a box reference is none."""
    return _REFERENCE_LIKE.sub("< ", text)


class BoxList:
    """The boxes of a record that is being read, each once."""

    def __init__(self) -> None:
        self.boxes: list[PixelBox] = []
        self._places: dict[PixelBox, int] = {}

    def reference(self, boxes: Iterable[PixelBox]) -> str:
        """``<box:0,2>`` for these boxes."""
        indexes = dict.fromkeys(self._place(box) for box in boxes)
        return f"<box:{','.join(map(str, indexes))}>"

    def _place(self, box: PixelBox) -> int:
        if box not in self._places:
            self._places[box] = len(self.boxes)
            self.boxes.append(box)
        return self._places[box]


def phrases(content: str) -> Iterator[tuple[str, str, str, tuple[int, ...]]]:
    """The references of a message: (words before the phrase, phrase, what stands between it and the boxes, boxes).

    The words after the last reference come at the end, with no boxes.
    """
    headers = [step.body_start for step in find_steps(content)]
    done = 0
    for start, end, boxes in reference_spans(content):
        earliest = max([done, *(header for header in headers if header <= start)])
        first, last = noun_phrase_before(content, earliest, start)
        yield content[done:first], content[first:last], content[last:start], boxes
        done = end
    yield content[done:], "", "", ()
