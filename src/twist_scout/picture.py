"""Drawing a grounded answer over its picture."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

from twist_scout.boxes.box import Box
from twist_scout.boxes.grounded import GroundedText

Rectangle = tuple[float, float, float, float]

#: Colours that stay apart from each other, also for colour-blind eyes, and are bright enough for
#: any photo.
PALETTE: tuple[tuple[int, int, int], ...] = (
    (230, 57, 70),
    (0, 150, 136),
    (255, 183, 3),
    (58, 134, 255),
    (214, 93, 177),
    (139, 195, 74),
    (251, 133, 0),
    (0, 188, 212),
    (126, 87, 194),
    (161, 110, 72),
)
_ARTICLES = ("the ", "a ", "an ")


def draw_grounded(image: Image.Image, grounded: GroundedText) -> Image.Image:
    """Draw every box of an answer, with the phrase it belongs to as a tag.

    Each phrase has its own colour; a box that several phrases share (the same object in several
    steps) is drawn once, for the first of them. Lines and letters grow with the picture, from 64
    pixels to 4k and beyond.

    Args:
        image: the original picture; it stays untouched.
        grounded: the answer; its boxes are relative to ``image``.

    Returns:
        A new RGB picture of the same size.
    """
    picture = image.convert("RGB")
    if picture is image:
        picture = image.copy()
    draw = ImageDraw.Draw(picture)
    short = min(picture.size)
    line = max(1, round(short / 160))
    font = _font(max(9, round(short / 26)))
    labels = _distinct_boxes(grounded)
    rectangles = [box.to_pixels(*picture.size) for box, _, _ in labels]
    for rectangle, (_, _, color) in zip(rectangles, labels, strict=True):
        _outline(draw, rectangle, color, line)
    taken: list[Rectangle] = []
    for rectangle, (_, text, color) in zip(rectangles, labels, strict=True):
        if text:
            tag = _tag(draw, picture.size, rectangle, text, color, font, line, taken, rectangles)
            taken.append(tag)
    return picture


def _distinct_boxes(grounded: GroundedText) -> list[tuple[Box, str, tuple[int, int, int]]]:
    """(box, label, colour), each box once, large boxes first so that small ones lie on top of
    them.
    """
    seen: dict[Box, tuple[str, tuple[int, int, int]]] = {}
    colors = 0
    for phrase in grounded.phrases:
        new = [box for box in dict.fromkeys(phrase.boxes) if box not in seen]
        for box in new:
            seen[box] = (_label(phrase.text), PALETTE[colors % len(PALETTE)])
        colors += bool(new)
    ordered = sorted(seen.items(), key=lambda item: -item[0].area)
    return [(box, text, color) for box, (text, color) in ordered]


def _label(phrase: str) -> str:
    text = " ".join(phrase.split())
    for article in _ARTICLES:
        if text.lower().startswith(article):
            return text[len(article) :]
    return text


def _outline(draw: ImageDraw.ImageDraw, rectangle: Rectangle, color: tuple[int, int, int], line: int) -> None:
    """A coloured frame between two thin dark ones, so that it shows on any ground."""
    x1, y1, x2, y2 = (round(v) for v in rectangle)
    x2, y2 = max(x1, x2 - 1), max(y1, y2 - 1)  # right and bottom are exclusive
    rim = max(1, line // 3) if line > 1 else 0
    if rim:
        draw.rectangle((x1 - rim, y1 - rim, x2 + rim, y2 + rim), outline=(0, 0, 0), width=rim)
    draw.rectangle((x1, y1, x2, y2), outline=color, width=line)


def _tag(
    draw: ImageDraw.ImageDraw,
    size: tuple[int, int],
    rectangle: Rectangle,
    text: str,
    color: tuple[int, int, int],
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    line: int,
    tags: Sequence[Rectangle],
    boxes: Sequence[Rectangle],
) -> Rectangle:
    """Write a label at the place around its box where it hides the least; return where it went."""
    pad = max(1, line)
    text = _fit(draw, text, font, size[0] - 2 * pad)
    left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
    width, height = right - left + 2 * pad, bottom - top + 2 * pad
    x1, y1, x2, y2 = rectangle
    places = [
        _inside(size, (x, y, x + width, y + height))
        for x in (x1, x2 - width)
        for y in (y1 - height, y2, y1, y2 - height)
    ]
    place = min(places, key=lambda p: 2 * _overlap(p, tags) + _overlap(p, boxes))
    draw.rounded_rectangle(place, radius=pad, fill=color)
    draw.text((place[0] + pad - left, place[1] + pad - top), text, fill=_ink(color), font=font)
    return place


def _fit(
    draw: ImageDraw.ImageDraw,
    text: str,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    room: int,
) -> str:
    """The text, or as much of it as fits into ``room`` pixels and three dots."""
    if draw.textlength(text, font=font) <= room:
        return text
    while text and draw.textlength(text + "...", font=font) > room:
        text = text[:-1]
    return text.rstrip() + "..."


def _inside(size: tuple[int, int], rectangle: Rectangle) -> Rectangle:
    """Move a rectangle as little as needed so that its top left part lies in the picture."""
    x1, y1, x2, y2 = rectangle
    x = max(0.0, min(x1, size[0] - 1 - (x2 - x1)))
    y = max(0.0, min(y1, size[1] - 1 - (y2 - y1)))
    return (x, y, x + x2 - x1, y + y2 - y1)


def _overlap(a: Rectangle, others: Sequence[Rectangle]) -> float:
    return sum(
        max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1])) for b in others
    )


def _ink(color: tuple[int, int, int]) -> tuple[int, int, int]:
    """Black or white, whichever reads better on a colour (ITU-R BT.601 luma)."""
    luma = 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2]
    return (0, 0, 0) if luma > 140 else (255, 255, 255)


@lru_cache(maxsize=16)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=size)
