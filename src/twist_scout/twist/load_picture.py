"""A picture of the expert load: a row for each layer, a column for each kind of token.

::

                    image            text          box digits
    layer 0   [=====|========]  [===|==========]  [======|=====]     each bar: how the tokens of
    layer 1   [==|===========]  [=========|====]  [=|==========]     one kind are divided among
    ...                                                              the experts of one layer
"""

from __future__ import annotations

import math
from itertools import accumulate

from PIL import Image, ImageDraw, ImageFont

from twist_scout.picture import PALETTE
from twist_scout.twist.load_report import LoadReport
from twist_scout.twist.token_kinds import KINDS

Color = tuple[int, int, int]

PAPER, INK, SOFT, FAINT = (255, 255, 255), (32, 36, 44), (104, 114, 130), (233, 236, 241)
#: Distances in units; a unit is `_FINE` pixels while drawing, and `_SCALE` in the finished picture.
_SCALE, _FINE = 2, 4
_MARGIN, _LABEL, _BAR, _GAP = 28, 74, 230, 22
_HEAD, _COLUMN_HEAD, _ROW, _THICK, _FOOT = 74, 62, 32, 22, 46
_NAME, _NAMES_IN_A_ROW, _NAMES_ROW = 92, 8, 24


def draw_load(report: LoadReport, title: str = "Which expert takes which tokens") -> Image.Image:
    """Draw the load of every expert.

    Colours are experts. The bars of the layer and the kinds that :attr:`LoadReport.contrast` names
    are framed.

    Args:
        report: what was measured.
        title: stands above the picture.

    Returns:
        An RGB picture, as high as there are layers.
    """
    width = 2 * _MARGIN + _LABEL + len(KINDS) * _BAR + (len(KINDS) - 1) * _GAP
    experts = len(report.layers[0].choices[0]) if report.layers else 0
    names = math.ceil(experts / _NAMES_IN_A_ROW) * _NAMES_ROW
    height = _HEAD + _COLUMN_HEAD + len(report.layers) * _ROW + names + _FOOT
    sheet = _Sheet(width, height)
    sheet.text(_MARGIN, 24, title, 20, INK)
    sheet.text(_MARGIN, 50, _subtitle(report), 12, SOFT)
    for column, kind in enumerate(KINDS):
        sheet.column_head(_column(column), _HEAD, kind, report.tokens[kind])
    contrast = report.contrast
    framed = (contrast.more, contrast.less) if contrast else ()
    for row, load in enumerate(report.layers):
        top = _HEAD + _COLUMN_HEAD + row * _ROW
        sheet.text(_MARGIN, top + _THICK / 2, f"layer {load.layer}", 13, INK)
        for column, kind in enumerate(KINDS):
            stands_out = contrast is not None and contrast.layer == load.layer and kind in framed
            sheet.bar(_column(column), top, load.share(kind), framed=stands_out)
    foot = height - _FOOT - names + 20
    for expert in range(experts):
        row, place = divmod(expert, _NAMES_IN_A_ROW)
        left, middle = _MARGIN + _LABEL + _NAME * place, foot + _NAMES_ROW * row
        sheet.box((left, middle - 6, left + 12, middle + 6), _color(expert), radius=3)
        sheet.text(left + 19, middle, f"expert {expert}", 12, INK)
    if contrast:
        sheet.text(_MARGIN + _LABEL, height - 23, str(contrast), 13, INK)
    return sheet.finished()


def _subtitle(report: LoadReport) -> str:
    alphas = sorted({round(load.alpha, 2) for load in report.layers})
    span = "-".join(f"{alpha:.2f}" for alpha in dict.fromkeys((alphas[0], alphas[-1]))) if alphas else "none"
    return f"{sum(report.tokens.values()):,} tokens in grounding mode, alpha {span} (share of the frozen network)"


def _column(number: int) -> int:
    return _MARGIN + _LABEL + number * (_BAR + _GAP)


def _color(expert: int) -> Color:
    return PALETTE[(expert + 3) % len(PALETTE)]  # from blue on; red comes late, nothing here is wrong


def _ink(color: Color) -> Color:
    """White or dark, whichever reads better (ITU-R BT.601 luma)."""
    luma = 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2]
    return INK if luma > 150 else PAPER


class _Sheet:
    """Draws in units, finer than the finished picture so that edges come out smooth."""

    def __init__(self, width: int, height: int) -> None:
        self.image = Image.new("RGB", (width * _FINE, height * _FINE), PAPER)
        self.pen = ImageDraw.Draw(self.image)

    def finished(self) -> Image.Image:
        size = (self.image.width * _SCALE // _FINE, self.image.height * _SCALE // _FINE)
        return self.image.resize(size, Image.Resampling.LANCZOS)

    def text(self, x: float, y: float, text: str, size: int, color: Color, anchor: str = "lm") -> None:
        font = ImageFont.load_default(size * _FINE)
        self.pen.text((x * _FINE, y * _FINE), text, color, font, anchor=anchor)

    def box(self, corners: tuple[float, float, float, float], color: Color, radius: float = 0) -> None:
        x1, y1, x2, y2 = (value * _FINE for value in corners)
        self.pen.rounded_rectangle((x1, y1, x2 - 1, y2 - 1), radius * _FINE, color)

    def column_head(self, left: float, top: float, kind: str, tokens: int) -> None:
        """The kind's sign, its name and how many tokens there were."""
        self.box((left, top + 6, left + 34, top + 40), FAINT, radius=6)
        if kind == "image":  # patches
            for patch in range(9):
                x, y = left + 7 + 7 * (patch % 3), top + 13 + 7 * (patch // 3)
                self.box((x, y, x + 6, y + 6), SOFT if patch % 2 else INK, radius=1)
        else:
            self.text(left + 17, top + 23, "Aa" if kind == "text" else "[42]", 14 if kind == "text" else 12, INK, "mm")
        self.text(left + 44, top + 15, kind, 15, INK)
        self.text(left + 44, top + 33, f"{tokens:,} tokens", 11, SOFT)

    def bar(self, left: float, top: float, shares: list[float] | None, *, framed: bool) -> None:
        """How one kind is divided in one layer; a thin line where there is none of it."""
        if shares is None:
            self.box((left, top + _THICK / 2 - 1, left + _BAR, top + _THICK / 2 + 1), FAINT)
            return
        if framed:
            self.box((left - 3, top - 3, left + _BAR + 3, top + _THICK + 3), INK, radius=7)
            self.box((left - 1.5, top - 1.5, left + _BAR + 1.5, top + _THICK + 1.5), PAPER, radius=5.5)
        bar = Image.new("RGB", (_BAR * _FINE, _THICK * _FINE), PAPER)
        pen = ImageDraw.Draw(bar)
        ends = [0.0, *accumulate(shares)]
        for expert, share in enumerate(shares):
            x1, x2 = (round(end * bar.width) for end in ends[expert : expert + 2])
            if x1 == x2:
                continue
            pen.rectangle((x1, 0, x2 - 1, bar.height), _color(expert))
            if x1:
                pen.rectangle((x1, 0, x1 + _FINE // 2, bar.height), PAPER)
            if share >= 0.15:
                font = ImageFont.load_default(11 * _FINE)
                pen.text(((x1 + x2) / 2, bar.height / 2), f"{share:.0%}", _ink(_color(expert)), font, anchor="mm")
        mask = Image.new("L", bar.size)
        ImageDraw.Draw(mask).rounded_rectangle((0, 0, bar.width - 1, bar.height - 1), 4 * _FINE, 255)
        self.image.paste(bar, (round(left * _FINE), round(top * _FINE)), mask)
