"""A case made ready for a template: boxes in drawing units, words with the phrases that can be pointed at."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from twist_scout.evaluation.pages.case import Answer, Case, Labelled
from twist_scout.pages.drawing import Drawn, large_first
from twist_scout.pages.text import shortened
from twist_scout.pages.words import Piece

#: Most characters of one text, of one name, and most boxes of one answer that a page shows.
LONGEST, LONGEST_NAME, MOST_BOXES = 6_000, 120, 200
#: Styles of answers; with more they are used again.
LOOKS = 4
_LONG_SIDE = 1_000.0
_STEEPEST = 6.0
_NO_SIZE = (4, 3)


@dataclass(frozen=True, slots=True)
class ShownAnswer:
    """One answer.

    Attributes:
        name: of who answered; empty where there is only one.
        letter: what its boxes' marks begin with; empty where there is only one.
        look: classes of its style.
        pieces: the text.
        loose: boxes that no words of the text name.
        score: to be read; empty where there is none.
        left: boxes that are not drawn, there being too many.
    """

    name: str
    letter: str
    look: str
    pieces: tuple[Piece, ...]
    loose: tuple[Piece, ...]
    score: str
    left: int


@dataclass(frozen=True, slots=True)
class ShownCase:
    """A case as the template takes it.

    Attributes:
        id: of the sample.
        group: its section.
        question: what was asked.
        note: why it is shown.
        answers: what was said.
        truth: what was meant, as phrases.
        width: of the drawing, and ``height``; the longer one is 1000.
        boxes: the truth's, then those of answers on top of them; in each, large ones first.
        size: of the original picture, to be read; empty where it is not known.
        url: of the picture; None where there is none, and ``problem`` says why.
        problem: what stands in an empty frame.
        words: all its words in lower case, for searching.
    """

    id: str
    group: str
    question: str
    note: str
    answers: tuple[ShownAnswer, ...]
    truth: tuple[Piece, ...]
    width: float
    height: float
    boxes: tuple[Drawn, ...]
    size: str
    url: str | None
    problem: str
    words: str


def shown_case(case: Case, size: tuple[int, int] | None, url: str | None, problem: str = "") -> ShownCase:
    """A case as a page shows it.

    Args:
        case: the case.
        size: width and height of the original picture in pixels, if known.
        url: of the picture.
        problem: why there is none.
    """
    width, height = _drawing_size(size)
    drawn: list[Drawn] = []
    answers = case.answers
    shown = [_answer(answer, number, len(answers) > 1, drawn, (width, height)) for number, answer in enumerate(answers)]
    truth = case.truth[:MOST_BOXES]
    first = len(drawn)
    for number, (label, box) in enumerate(truth):
        mark = "T" if len(truth) == 1 else f"T{number + 1}"
        title = f"truth {mark}: {_name(label)}" if label else f"truth {mark}"
        drawn.append(_drawn(box.as_tuple(), (width, height), first + number, "truth", mark, title, low=True))
    readable = f"{size[0]:,} × {size[1]:,}" if size else ""
    texts = [case.id, case.question, case.note, *(label for label, _ in truth), *(a.text for a in answers)]
    return ShownCase(
        id=_name(case.id),
        group=case.group,
        question=shortened(case.question, LONGEST),
        note=shortened(case.note, LONGEST),
        answers=tuple(shown),
        truth=tuple(_phrase(_name(label or "box"), [drawn[first + number]]) for number, (label, _) in enumerate(truth)),
        width=width,
        height=height,
        boxes=(*large_first(drawn[first:]), *large_first(drawn[:first])),
        size=readable,
        url=url,
        problem=_frame_text(readable, problem),
        words=" ".join(text[:LONGEST] for text in texts).lower(),
    )


def _answer(
    answer: Answer, number: int, several: bool, drawn: list[Drawn], drawing: tuple[float, float]
) -> ShownAnswer:
    """One answer; its boxes are added to those drawn."""
    look, letter = f"said a{number % LOOKS}", _letter(number) if several else ""
    predicted = answer.predicted[:MOST_BOXES]
    first = len(drawn)
    for place, (label, box) in enumerate(predicted):
        mark = letter if several and len(predicted) == 1 else f"{letter}{place + 1}"
        title = f"{mark}: {_name(label)}" if label else f"box {mark}"
        drawn.append(_drawn(box.as_tuple(), drawing, first + place, look, mark, title, place=number))
    text = answer.text[:LONGEST]
    spans = _spans(text, predicted, answer.spans)
    pieces: list[Piece] = []
    done = 0
    for (start, end), boxes in sorted(_by_span(spans).items()):
        pieces += [Piece(text[done:start]), _phrase(text[start:end], [drawn[first + box] for box in boxes])]
        done = end
    pieces.append(Piece(shortened(answer.text, LONGEST)[done:]))
    loose = [
        _phrase(_name(predicted[n][0] or "box"), [drawn[first + n]]) for n, span in enumerate(spans) if span is None
    ]
    return ShownAnswer(
        name=_name(answer.name),
        letter=letter,
        look=look,
        pieces=tuple(piece for piece in pieces if piece.text or piece.boxes),
        loose=tuple(loose),
        score="" if answer.score is None else f"{answer.score:.3f}" if math.isfinite(answer.score) else "–",
        left=len(answer.predicted) - len(predicted),
    )


def _phrase(text: str, boxes: Sequence[Drawn]) -> Piece:
    return Piece(text, tuple(b.index for b in boxes), boxes[0].look, tuple(b.tag for b in boxes))


def _spans(text: str, predicted: Sequence[Labelled], given: Sequence[tuple[int, int]]) -> list[tuple[int, int] | None]:
    """Where the phrase of each box stands; None where it does not, or where another box's phrase is in the way."""
    found: list[tuple[int, int] | None] = []
    taken: list[tuple[int, int]] = []
    for number, (label, _) in enumerate(predicted):
        span = given[number] if number < len(given) else None
        if span is None and number and label == predicted[number - 1][0]:
            span = found[-1]  # several boxes of one phrase
        if span is None and label.strip():
            span = _place(text, label.strip(), taken)
        if span is None or not 0 <= span[0] < span[1] <= len(text):
            found.append(None)
        elif span in taken:
            found.append(span)
        elif any(span[0] < end and start < span[1] for start, end in taken):
            found.append(None)
        else:
            taken.append(span)
            found.append(span)
    return found


def _place(text: str, label: str, taken: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
    """The first place of these words that no other box has, whole words only."""
    for found in re.finditer(rf"(?<!\w){re.escape(label)}(?!\w)", text, re.IGNORECASE):
        if not any(found.start() < end and start < found.end() for start, end in taken):
            return found.span()
    return None


def _by_span(spans: Sequence[tuple[int, int] | None]) -> dict[tuple[int, int], list[int]]:
    boxes: dict[tuple[int, int], list[int]] = {}
    for number, span in enumerate(spans):
        if span is not None:
            boxes.setdefault(span, []).append(number)
    return boxes


def _drawn(
    corners: tuple[float, float, float, float],
    drawing: tuple[float, float],
    index: int,
    look: str,
    mark: str,
    title: str,
    *,
    place: int = 0,
    low: bool = False,
) -> Drawn:
    x1, y1, x2, y2 = (round(value * drawing[n % 2], 2) for n, value in enumerate(corners))
    return Drawn(index, x1, y1, round(x2 - x1, 2), round(y2 - y1, 2), look, mark, title, place, low)


def _drawing_size(size: tuple[int, int] | None) -> tuple[float, float]:
    """The size of the drawing; a very long or very high picture is drawn less so, or nothing could be read."""
    width, height = size or _NO_SIZE
    ratio = min(max(width / height, 1 / _STEEPEST), _STEEPEST)
    return (_LONG_SIDE, round(_LONG_SIDE / ratio, 2)) if ratio >= 1 else (round(_LONG_SIDE * ratio, 2), _LONG_SIDE)


def _frame_text(size: str, problem: str) -> str:
    """What stands in an empty frame: its size, and why it is empty."""
    return "\n".join(part for part in (size and f"{size} pixels", problem or "no picture") if part)


def _name(text: str) -> str:
    return shortened(text, LONGEST_NAME)


def _letter(number: int) -> str:
    """A, B, ..., Z, AA, AB, ..."""
    before, last = divmod(number, 26)
    return (_letter(before - 1) if before else "") + chr(ord("A") + last)
