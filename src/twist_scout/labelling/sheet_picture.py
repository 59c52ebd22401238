"""The contact sheet as one picture, for places where a page cannot go."""

from __future__ import annotations

import math
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from twist_scout.data.images import load_image
from twist_scout.errors import BadImage, BadInput
from twist_scout.labelling.labels import LabelledPicture, Labels
from twist_scout.labelling.report import Report
from twist_scout.labelling.sheet_page import doubtful_first, shortened_tag
from twist_scout.pages.pictures import LARGEST
from twist_scout.picture import PALETTE

_CELL, _GAP, _CAPTION, _LEGEND = 320, 16, 26, 40
_MOST_COLUMNS = 8
_PAPER, _INK, _SOFT, _EMPTY = (250, 250, 252), (27, 33, 48), (92, 102, 120), (228, 231, 238)


def draw_sheet(labels: Labels, report: Report, pictures: Path, *, most: int) -> Image.Image:
    """The pictures with their boxes in a grid, doubtful ones first, below a legend of the classes.

    Args:
        labels: of the folder.
        report: its numbers.
        pictures: the user's folder.
        most: pictures to show.
    """
    shown = doubtful_first(labels.pictures)[:most]
    columns = max(1, min(_MOST_COLUMNS, math.ceil(math.sqrt(len(shown) * 1.3))))
    rows = max(1, math.ceil(len(shown) / columns))
    width = _GAP + columns * (_CELL + _GAP)
    top = _legend_height(report, width)
    sheet = Image.new("RGB", (width, top + rows * (_CELL + _CAPTION + _GAP) + _GAP), _PAPER)
    draw = ImageDraw.Draw(sheet)
    _legend(draw, report, width)
    for place, picture in enumerate(shown):
        x = _GAP + place % columns * (_CELL + _GAP)
        y = top + place // columns * (_CELL + _CAPTION + _GAP)
        cell = _cell(picture, labels, pictures)
        sheet.paste(cell, (x + (_CELL - cell.width) // 2, y + (_CELL - cell.height) // 2))
        draw.text((x, y + _CELL + 5), _fitted(draw, picture.name, _font(13), _CELL), fill=_SOFT, font=_font(13))
    return sheet


def save_sheet(path: Path, sheet: Image.Image) -> None:
    """Write the picture.

    Raises:
        BadInput: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        sheet.save(path)
    except OSError as error:
        raise BadInput(f"{path} cannot be written ({error.strerror or error}): give another --sheet.") from error


def color_of(label: int) -> tuple[int, int, int]:
    """The colour of a class."""
    return PALETTE[label % len(PALETTE)]


def _cell(picture: LabelledPicture, labels: Labels, folder: Path) -> Image.Image:
    try:
        small = load_image(folder / picture.name, largest=LARGEST)
        small.thumbnail((_CELL, _CELL), Image.Resampling.LANCZOS)
    except BadImage:
        small = Image.new("RGB", (_CELL, _CELL), _EMPTY)
    if small.width < _CELL and small.height < _CELL:
        scale = _CELL / max(small.size)
        small = small.resize((max(1, round(small.width * scale)), max(1, round(small.height * scale))))
    draw = ImageDraw.Draw(small)
    across, down = small.width / picture.width, small.height / picture.height
    scaled = [(box, [v * s for v, s in zip(box.box, (across, down) * 2, strict=True)]) for box in picture.boxes]
    for box, (x1, y1, x2, y2) in sorted(scaled, key=lambda pair: -pair[0].area):
        right, bottom = max(x1, x2 - 1), max(y1, y2 - 1)
        draw.rectangle((x1 - 1, y1 - 1, right + 1, bottom + 1), outline=(255, 255, 255))
        draw.rectangle((x1, y1, right, bottom), outline=color_of(box.label), width=3)
    for box, (x1, y1, _, _) in scaled:
        _tag(draw, small.size, (x1, y1), shortened_tag(labels.classes[box.label]), color_of(box.label))
    return small


def _tag(
    draw: ImageDraw.ImageDraw,
    size: tuple[int, int],
    corner: tuple[float, float],
    text: str,
    color: tuple[int, int, int],
) -> None:
    wide = draw.textlength(text, font=_font(13)) + 8
    x = max(0.0, min(corner[0], size[0] - wide))
    y = corner[1] - 18 if corner[1] >= 18 else corner[1]
    draw.rectangle((x, y, x + wide, y + 18), fill=color)
    draw.text((x + 4, y + 1), text, fill=_ink_on(color), font=_font(13))


def _legend(draw: ImageDraw.ImageDraw, report: Report, width: int) -> None:
    for x, y, text, color in _legend_places(draw, report, width):
        if color is not None:
            draw.rounded_rectangle((x, y + 2, x + 18, y + 18), radius=4, fill=color)
            x += 25
        draw.text((x, y), text, fill=_INK, font=_font(16))


def _legend_places(
    draw: ImageDraw.ImageDraw, report: Report, width: int
) -> list[tuple[float, float, str, tuple[int, int, int] | None]]:
    """Where each entry stands: left to right, and on to the next line."""
    entries: list[tuple[str, tuple[int, int, int] | None]] = [
        (f"{report.pictures} pictures, {report.boxes} boxes", None),
        *((f"{shortened_tag(one.label)} {one.boxes}", color_of(n)) for n, one in enumerate(report.classes)),
    ]
    places = []
    x, y = float(_GAP), float(_GAP)
    for text, color in entries:
        wide = draw.textlength(text, font=_font(16)) + (25 if color else 0)
        if x > _GAP and x + wide > width - _GAP:
            x, y = float(_GAP), y + _LEGEND * 0.7
        places.append((x, y, text, color))
        x += wide + 28
    return places


def _legend_height(report: Report, width: int) -> int:
    draw = ImageDraw.Draw(Image.new("RGB", (1, 1)))
    return round(_legend_places(draw, report, width)[-1][1]) + _LEGEND


def _fitted(draw: ImageDraw.ImageDraw, text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, room: int) -> str:
    """The text or, of a long one, its end: what tells file names apart."""
    while draw.textlength(text, font=font) > room:
        text = f"…{text[2:]}"
    return text


def _ink_on(color: tuple[int, int, int]) -> tuple[int, int, int]:
    luma = 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2]
    return (0, 0, 0) if luma > 140 else (255, 255, 255)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=size)
