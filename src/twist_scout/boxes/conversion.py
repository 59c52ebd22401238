"""From one model's way of writing boxes to another's: dialect and frame at once.

    qwen2.5-vl   ```json [{"bbox_2d": [66, 44, 509, 476], "label": "a dog"}] ```
    scout        a dog [[10,9,79,100]]

Words outside the phrases stay as they are. Where the source does not name the phrase of a box, it
is the noun phrase in front of it (`twist_scout.boxes.noun_phrase`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from twist_scout.boxes.box import Box
from twist_scout.boxes.dialects import BoxSpan, Codec, Dialect, dialect_frame, get_dialect
from twist_scout.boxes.frame import Frame, SmartResized, Stretched, make_frame
from twist_scout.boxes.grounded import GroundedText, Unread
from twist_scout.errors import BadConfig, BadInput

# What may stand around the items of an answer that is nothing but a list.
_GLUE = re.compile(r"(?:[\s,;.&]|\band\b|</?s>|<pad>|<grounding>|<\|[a-z_]+\|>)*+")
_BETWEEN_ITEMS = ", "


@dataclass(frozen=True)
class Item:
    """A phrase, its boxes, and the stretch of the text that spells both.

    Args:
        phrase: the words; empty if there are none.
        boxes: at least one, in fractions of the original image.
        start: index of the first character of the stretch.
        end: index after its last character.
        lead: what to keep in front of boxes in a format that does not name phrases; None where the
            format itself names the phrase.
    """

    phrase: str
    boxes: tuple[Box, ...]
    start: int
    end: int
    lead: str | None = None


@dataclass(frozen=True)
class Converted:
    """A text in another dialect.

    Args:
        text: the text, boxes included.
        items: what was read in the source.
        unread: what looked like boxes there and could not be read; it stays as it was, except
            malformed boxes inside a readable group, which are dropped.
    """

    text: str
    items: tuple[Item, ...]
    unread: tuple[Unread, ...]


def convert(
    text: str,
    source: str | Dialect,
    target: str | Dialect,
    *,
    source_frame: Frame | None = None,
    target_frame: Frame | None = None,
) -> Converted:
    """Rewrite the boxes of a text. Never raises because of the text.

    Args:
        text: what a model wrote.
        source: how its boxes are written.
        target: how they shall be written.
        source_frame: how that model saw the image; None is `Stretched`.
        target_frame: how the other model sees it; None is `Stretched`.

    Raises:
        BadConfig: there is no such dialect, or one of them writes pixels and its frame has no size.
    """
    reader = get_dialect(source, source_frame)
    writer = get_dialect(target, target_frame)
    view = target_frame or Stretched()
    items, unread = read_items(text, reader, source_frame or Stretched())
    seen = [(item, [view.to_model(box) for box in item.boxes]) for item in items]
    if seen and isinstance(writer, Codec) and writer.writes_lists and _is_list(text, items):
        written = writer.render_list([(item.phrase, boxes) for item, boxes in seen])
    else:
        written = _inline(text, seen, writer)
    return Converted(written, tuple(items), tuple(unread))


def view_of(
    dialect: Dialect, size: tuple[int, int] | None, frame: str | None = None, max_pixels: int | None = None
) -> Frame:
    """The frame for a dialect, from what a user knows.

    Args:
        dialect: the dialect.
        size: width and height of the original image in pixels, where known.
        frame: name of a frame to use instead of the model family's own.
        max_pixels: limit on the area of a smart-resized picture, instead of the family's own.

    Raises:
        BadInput: the size is needed and not known.
        BadConfig: there is no such frame, or the limit is too small.
        BadImage: the family's preprocessing refuses an image of this shape.
    """
    needs_size = isinstance(dialect, Codec) and dialect.needs_size
    kind = frame or (dialect.default_frame if isinstance(dialect, Codec) else "stretched")
    if size is None:
        if needs_size or kind == "padded":
            why = "it writes pixels" if needs_size else "its boxes refer to a padded square"
            raise BadInput(
                f"the dialect {dialect.name!r} needs the size of the picture, because {why}: add width and height"
            )
        return make_frame("stretched" if kind == "smart_resized" else kind, width=1, height=1)
    width, height = size
    if frame is None or (isinstance(dialect, Codec) and frame == dialect.default_frame):
        view = dialect_frame(dialect, width=width, height=height)
    else:
        view = make_frame(frame, width=width, height=height)
    if isinstance(view, Stretched) and view.size is None:
        view = Stretched(size)
    if isinstance(view, SmartResized) and max_pixels is not None:
        if max_pixels < view.factor**2:
            raise BadConfig(f"a limit of {max_pixels} pixels is less than one patch: use at least {view.factor**2}")
        view = replace(view, min_pixels=min(view.min_pixels, max_pixels), max_pixels=max_pixels)
    return view


def read_items(text: str, dialect: Dialect, frame: Frame) -> tuple[list[Item], list[Unread]]:
    """The phrases of a text with their boxes in the original image, and what could not be read.

    Args:
        text: what a model wrote.
        dialect: how its boxes are written.
        frame: how that model saw the image.
    """
    spans = dialect.find(text)
    unread = [Unread(text[s.start : s.end], s.start, s.problem) for s in spans if s.problem is not None]
    if not any(span.phrase or span.item for span in spans):
        return _by_noun_phrase(text, dialect, frame), unread
    items: list[Item] = []
    for span in spans:
        if span.boxes:
            items.append(_named(text, span, dialect, frame))
            if len(items) > 1 and items[-2].end == items[-1].start and items[-2].phrase == items[-1].phrase:
                second, first = items.pop(), items.pop()
                items.append(Item(first.phrase, first.boxes + second.boxes, first.start, second.end))
    return items, unread


def _named(text: str, span: BoxSpan, dialect: Dialect, frame: Frame) -> Item:
    boxes = tuple(frame.to_original(box) for box in span.boxes)
    words = dialect.words(text, span) if isinstance(dialect, Codec) else text[slice(*(span.phrase or (0, 0)))]
    return Item(words, boxes, *span.extent)


def _by_noun_phrase(text: str, dialect: Dialect, frame: Frame) -> list[Item]:
    items: list[Item] = []
    for phrase in GroundedText.parse(text, dialect=dialect, frame=frame).phrases:
        gap = text[phrase.end : phrase.boxes_start]
        # A phrase that punctuation separates from its boxes stays part of the sentence.
        joined = phrase.text if not gap.strip() else ""
        start = phrase.start if joined else phrase.boxes_start
        lead = text[start : phrase.boxes_start]
        items.append(Item(joined, tuple(phrase.boxes), start, phrase.boxes_end, lead))
    return items


def _is_list(text: str, items: Sequence[Item]) -> bool:
    done = 0
    for item in items:
        if not _GLUE.fullmatch(text, done, item.start):
            return False
        done = item.end
    return _GLUE.fullmatch(text, done) is not None


def _inline(text: str, seen: Sequence[tuple[Item, list[Box]]], writer: Dialect) -> str:
    pieces: list[str] = []
    done = 0
    for n, (item, boxes) in enumerate(seen):
        written = _written(item, boxes, writer)
        before = text[done : item.start]
        if n > 0 and not before:
            before = _BETWEEN_ITEMS
        elif before[-1:].isalnum() and written[:1].isalnum():
            before += " "  # "and<ref> her dog</ref>": the space was inside the tag
        pieces += (before, written)
        done = item.end
    return "".join(pieces) + text[done:]


def _written(item: Item, boxes: list[Box], writer: Dialect) -> str:
    names = isinstance(writer, Codec) and writer.names_phrases
    if isinstance(writer, Codec) and (names or item.lead is None):
        return writer.render_named(item.phrase, boxes)
    lead = f"{item.phrase} ".lstrip() if item.lead is None else item.lead
    return lead + writer.render(boxes)
