"""An answer as the page shows it: its words line by line, its phrases in colours, its boxes on the picture."""

from __future__ import annotations

from dataclasses import dataclass

from twist_scout.boxes.box import Box
from twist_scout.boxes.grounded import GroundedText, Phrase
from twist_scout.boxes.steps import find_steps
from twist_scout.pages.drawing import COLORS, Drawn, large_first
from twist_scout.pages.rendering import render_piece
from twist_scout.pages.words import Line, Piece

ROOM = "twist_scout.app"
#: Boxes beyond this are not drawn: nobody could tell them apart, and a page with more is slow.
MOST_BOXES = 200
#: Numbers of the second answer's boxes begin here; a multiple of the colours, so that they are the same.
SECOND = 100 * COLORS
_NO_SIZE = (4, 3)


@dataclass(frozen=True, slots=True)
class Shown:
    """An answer for the template.

    Attributes:
        width: of the picture in pixels, and ``height``.
        boxes: each once, large ones first, so that small ones lie on top.
        lines: the words.
        unread: what looked like boxes and could not be read, and why.
        left: boxes that are not drawn, there being too many.
    """

    width: int
    height: int
    boxes: tuple[Drawn, ...]
    lines: tuple[Line, ...]
    unread: tuple[tuple[str, str], ...] = ()
    left: int = 0

    def to_dict(self) -> dict[str, object]:
        """Pieces of HTML: the drawing and the words, and how many boxes there are."""
        return {
            "drawing": render_piece(ROOM, "answer", "drawing", self),
            "words": render_piece(ROOM, "answer", "answer", self),
            "boxes": len(self.boxes),
        }


def shown(answer: GroundedText, size: tuple[int, int] | None, *, second: bool = False) -> Shown:
    """An answer for the template.

    Args:
        answer: of a model.
        size: width and height of its picture in pixels; None without one: then there are no boxes, whatever the text says.
        second: whether it stands beside another answer, whose boxes have other numbers and another look.
    """
    if size is None:
        answer = GroundedText(answer.text, [], [])
    width, height = size or _NO_SIZE
    first = SECOND if second else 0
    found = list(dict.fromkeys(box for phrase in answer.phrases for box in phrase.boxes))
    names: dict[Box, str] = {}
    for phrase in answer.phrases:
        for box in phrase.boxes:
            names.setdefault(box, phrase.text)
    numbers = {box: first + place for place, box in enumerate(found[:MOST_BOXES])}
    marks = {number: f"{'b' if second else ''}{number - first + 1}" for number in numbers.values()}
    boxes = [_drawn(box, number, marks[number], names[box], (width, height)) for box, number in numbers.items()]
    return Shown(
        width,
        height,
        large_first(boxes),
        tuple(_lines(answer, numbers, marks)),
        tuple((piece.text, piece.reason) for piece in answer.unread),
        len(found) - len(boxes),
    )


def _drawn(box: Box, number: int, mark: str, name: str, size: tuple[int, int]) -> Drawn:
    x1, y1, x2, y2 = (round(value, 2) for value in box.to_pixels(*size))
    look = "second" if number >= SECOND else ""
    return Drawn(number, x1, y1, x2 - x1, y2 - y1, look, mark, f"{mark}: {name}" if name else f"box {mark}")


def _lines(answer: GroundedText, numbers: dict[Box, int], marks: dict[int, str]) -> list[Line]:
    """The words step by step; what stands before the first step is a line of its own."""
    text, steps = answer.text, find_steps(answer.text)
    spans = [(None, 0, steps[0].start if steps else len(text))]
    spans += [(step.number, step.body_start, step.end) for step in steps]  # type: ignore[misc]
    lines = [Line(number, _pieces(answer, start, end, numbers, marks)) for number, start, end in spans]
    return [line for line in lines if line.pieces]


def _pieces(
    answer: GroundedText, start: int, end: int, numbers: dict[Box, int], marks: dict[int, str]
) -> tuple[Piece, ...]:
    text, done = answer.text, start
    pieces: list[Piece] = []
    for phrase in answer.phrases:
        begin, after = _extent(phrase)
        if begin < done or after > end:
            continue
        boxes = tuple(dict.fromkeys(numbers[box] for box in phrase.boxes if box in numbers))
        pieces.append(Piece(text[done:begin]))
        pieces.append(Piece(phrase.text, boxes, marks=tuple(marks[box] for box in boxes)))
        done = after
    pieces.append(Piece(text[done:end]))
    return _trimmed([piece for piece in pieces if piece.text or piece.boxes])


def _extent(phrase: Phrase) -> tuple[int, int]:
    """Where a phrase and the writing of its boxes stand."""
    return phrase.item or (min(phrase.start, phrase.boxes_start), max(phrase.end, phrase.boxes_end))


def _trimmed(pieces: list[Piece]) -> tuple[Piece, ...]:
    """Without spaces at both ends of the line."""
    if pieces and not pieces[0].boxes:
        pieces[0] = Piece(pieces[0].text.lstrip())
    if pieces and not pieces[-1].boxes:
        pieces[-1] = Piece(pieces[-1].text.rstrip())
    return tuple(piece for piece in pieces if piece.text or piece.boxes)
