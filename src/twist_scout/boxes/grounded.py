"""`GroundedText`: text whose phrases carry boxes, as a grounding model writes it.

    Step 1: Find the man [[10,9,79,100]]. Step 2: ... So the answer is orange.
                 |-----| |-------------|
                 Phrase   its boxes

`GroundedText.parse` reads any string without ever raising: what is malformed is listed in
`GroundedText.unread`. `GroundedText.render` writes it back, in the same or another dialect and
frame. Laws, for every text ``t`` and its parse ``g``: ``parse(render(g))`` has the phrases and
boxes of ``g`` up to the dialect's resolution, and ``render(g)`` is ``t`` if ``t`` is canonical (its
boxes are written as the dialect writes them).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from twist_scout.boxes.box import Box
from twist_scout.boxes.dialects import BoxSpan, Codec, Dialect, get_dialect
from twist_scout.boxes.frame import Frame, Stretched
from twist_scout.boxes.noun_phrase import noun_phrase_before
from twist_scout.boxes.steps import StepSpan, find_steps
from twist_scout.boxes.verdict import extract_answer, says_question_is_invalid

# Groups with only this between them belong to one phrase: "two men [[..]], [[..]]", "[[..]] and
# [[..]]".
_WITHIN_RUN = re.compile(r"\s*+(?:[,;]\s*+)?(?:and\s*+)?")


@dataclass(frozen=True)
class Phrase:
    """A noun phrase and its boxes.

    Args:
        text: the words right before the boxes, or those that the format itself ties to them; empty
            if there are none.
        boxes: at least one box, in fractions of the original image, in the order of the text.
        start: index of the phrase in the text it was read from: ``text[start:end]`` is the phrase.
        end: index after the phrase.
        boxes_start: index of the first character of the boxes in that text. Left out for boxes that
            the text does not spell yet; they then belong right behind the phrase.
        boxes_end: index after their last character.
        item: start and end of all that the format writes for the phrase and its boxes, tags
            included; None where phrase and boxes simply follow each other.
    """

    text: str
    boxes: list[Box]
    start: int
    end: int
    boxes_start: int = -1
    boxes_end: int = -1
    item: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if self.boxes_start < 0:  # the dataclass is frozen, so the lock has to be gone around
            object.__setattr__(self, "boxes_start", self.end)
            object.__setattr__(self, "boxes_end", self.end)


@dataclass(frozen=True)
class Step:
    """One step of a step-by-step answer.

    Args:
        number: the number in the header "Step 2:".
        text: what follows the header, boxes included.
        phrases: the grounded phrases of this step.
    """

    number: int
    text: str
    phrases: list[Phrase]


@dataclass(frozen=True)
class Unread:
    """A piece of text that tries to be boxes and could not be read, or only in part.

    Args:
        text: the piece as it stands in the text.
        start: index of its first character.
        reason: what is wrong with it, in words.
    """

    text: str
    start: int
    reason: str


@dataclass(frozen=True)
class GroundedText:
    """A text, the phrases in it that are grounded, and its steps.

    Args:
        text: the text as the model wrote it, boxes included.
        phrases: the grounded phrases in order.
        steps: the steps in order; empty if the text has no "Step 1:" header.
        mode: "grounding" or "understanding": how the text was made.
        unread: what looked like boxes and could not be read.
        probability: how likely the router held ``mode`` to be the right one; None where it was not asked.
    """

    text: str
    phrases: list[Phrase]
    steps: list[Step]
    mode: str = "grounding"
    unread: list[Unread] = field(default_factory=list)
    probability: float | None = None

    @classmethod
    def parse(
        cls,
        text: str,
        *,
        dialect: str | Dialect = "scout",
        frame: Frame | None = None,
        mode: str = "grounding",
    ) -> GroundedText:
        """Read the text of a model. Never raises on a string, and takes time linear in its length.

        Args:
            text: any string.
            dialect: how boxes are written.
            frame: how the model saw the image; None is `Stretched`.
            mode: kept as `GroundedText.mode`.

        Raises:
            BadConfig: there is no such dialect.
        """
        view = frame or Stretched()
        spans = get_dialect(dialect, view).find(text)
        step_spans = find_steps(text)
        phrases = list(_phrases(text, spans, step_spans, view))
        unread = [
            Unread(text[span.start : span.end], span.start, span.problem) for span in spans if span.problem is not None
        ]
        return cls(text, phrases, _steps(text, step_spans, phrases), mode, unread)

    def render(self, dialect: str | Dialect = "scout", frame: Frame | None = None) -> str:
        """Write the text with its boxes in a dialect, as fractions of the picture of a frame.

        All boxes of a phrase become one group. Text that could not be read stays as it is, except
        malformed boxes *inside* a readable group, which are dropped.

        Args:
            dialect: how to write boxes.
            frame: how the model that reads the text sees the image; None is `Stretched`.

        Raises:
            BadConfig: there is no such dialect.
        """
        view = frame or Stretched()
        codec = get_dialect(dialect, view)
        pieces: list[str] = []
        done = 0
        for phrase in self.phrases:
            if phrase.item is not None:
                boxes = [view.to_model(box) for box in phrase.boxes]
                if isinstance(codec, Codec):
                    written = codec.render_named(phrase.text, boxes)
                else:
                    written = f"{phrase.text} {codec.render(boxes)}".strip()
                before = ", " if 0 < phrase.item[0] == done else self.text[done : phrase.item[0]]
                if before[-1:].isalnum() and written[:1].isalnum():
                    before += " "  # the space was inside a tag
                pieces += (before, written)
                done = phrase.item[1]
                continue
            pieces.append(self.text[done : phrase.boxes_start])
            if phrase.text and phrase.boxes_start == phrase.end == phrase.boxes_end:
                pieces.append(" ")  # these boxes are not in the text yet
            pieces.append(codec.render([view.to_model(box) for box in phrase.boxes]))
            done = phrase.boxes_end
        return "".join(pieces) + self.text[done:]

    @property
    def boxes(self) -> list[Box]:
        """All boxes in the order of the text."""
        return [box for phrase in self.phrases for box in phrase.boxes]

    @property
    def plain(self) -> str:
        """The text without boxes, read or unread, and without the gaps they would leave."""
        spans: list[tuple[int, int]] = []
        for phrase in self.phrases:
            if phrase.item is None:
                spans.append((phrase.boxes_start, phrase.boxes_end))
            else:  # the words stay, what is written around them goes
                spans += [(phrase.item[0], phrase.start), (phrase.end, phrase.item[1])]
        spans += [(piece.start, piece.start + len(piece.text)) for piece in self.unread]
        return _without(self.text, sorted(spans))

    @property
    def answer(self) -> str:
        """What follows the last "So the answer is", without boxes and final full stop; else the
        whole plain text.
        """
        return extract_answer(self.plain)

    @property
    def rejected(self) -> bool:
        """Whether the text says that the question does not fit the image (paper, section 4,
        negative samples).
        """
        return says_question_is_invalid(self.plain)

    def to_dict(self, width: int, height: int) -> dict[str, Any]:
        """A JSON-ready dictionary; boxes are ``[x1, y1, x2, y2]`` in pixels of an image of this
        size, to 1/100 pixel.

        Raises:
            ValueError: the image has no size.
        """

        def phrase_dict(phrase: Phrase) -> dict[str, Any]:
            pixels = [[round(v, 2) for v in box.to_pixels(width, height)] for box in phrase.boxes]
            return {
                "text": phrase.text,
                "boxes": pixels,
                "start": phrase.start,
                "end": phrase.end,
            }

        return {
            "text": self.text,
            "plain": self.plain,
            "answer": self.answer,
            "rejected": self.rejected,
            "mode": self.mode,
            "probability": self.probability,
            "width": width,
            "height": height,
            "phrases": [phrase_dict(phrase) for phrase in self.phrases],
            "steps": [
                {
                    "number": step.number,
                    "text": step.text,
                    "phrases": [phrase_dict(phrase) for phrase in step.phrases],
                }
                for step in self.steps
            ],
            "unread": [{"text": piece.text, "start": piece.start, "reason": piece.reason} for piece in self.unread],
        }


def _phrases(text: str, spans: list[BoxSpan], steps: list[StepSpan], frame: Frame) -> Iterator[Phrase]:
    """Group the spans into runs that belong to one phrase each, and find that phrase."""
    headers = [step.body_start for step in steps]
    header = 0
    earliest = 0  # where the words of the next phrase may begin
    for run in _runs(text, spans):
        while header < len(headers) and headers[header] <= run[0].start:
            earliest = max(earliest, headers[header])
            header += 1
        readable = [span for span in run if span.boxes]
        if readable and (readable[0].phrase is not None or readable[0].item is not None):
            first = readable[0]
            start, end = first.phrase or (first.start, first.start)
            boxes = [frame.to_original(box) for box in first.boxes]
            yield Phrase(text[start:end], boxes, start, end, first.start, first.end, first.extent)
        elif readable:
            start, end = noun_phrase_before(text, earliest, run[0].start)
            boxes = [frame.to_original(box) for span in readable for box in span.boxes]
            yield Phrase(text[start:end], boxes, start, end, readable[0].start, readable[-1].end)
        earliest = run[-1].extent[1]


def _runs(text: str, spans: list[BoxSpan]) -> Iterator[list[BoxSpan]]:
    run: list[BoxSpan] = []
    for span in spans:
        named = bool(run) and (run[-1].item is not None or span.item is not None)
        if run and (named or not _WITHIN_RUN.fullmatch(text, run[-1].end, span.start)):
            yield run
            run = []
        run.append(span)
    if run:
        yield run


def _steps(text: str, spans: list[StepSpan], phrases: list[Phrase]) -> list[Step]:
    steps: list[Step] = []
    following = 0
    for span in spans:
        while following < len(phrases) and phrases[following].boxes_start < span.start:
            following += 1
        first = following
        while following < len(phrases) and phrases[following].boxes_start < span.end:
            following += 1
        body = text[span.body_start : span.end].strip()
        steps.append(Step(span.number, body, phrases[first:following]))
    return steps


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    """Cut pieces out of a text, together with the space before them; words on both sides stay
    apart.
    """
    pieces: list[str] = []
    done = 0
    for start, end in spans:
        if end <= done or start == end:
            continue  # a malformed group in a readable run is cut with it; or boxes not spelled yet
        pieces.append(text[done:start].rstrip(" \t"))
        done = end
        if done < len(text) and text[done].isalnum():
            pieces.append(" ")
    pieces.append(text[done:])
    return "".join(pieces).strip()
