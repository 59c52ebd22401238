"""Things: chair, apple and umbrella."""

from __future__ import annotations

import math

from twist_scout.toyworld.drawing.canvas import Canvas
from twist_scout.toyworld.drawing.colors import METAL, WHITE, WOOD, Slots

LEAF = (96, 150, 78)
STALK = (96, 70, 52)


def draw_chair(canvas: Canvas, palette: Slots) -> None:
    """A kitchen chair seen from the front left: slatted back, seat cushion, four legs."""
    for x, foot in ((22, 84), (58, 84)):
        canvas.stroke([(x, 56), (x, foot)], 6, palette.dark)
    canvas.stroke([(20, 6), (19, 56)], 7, palette.main)
    canvas.stroke([(62, 6), (63, 56)], 7, palette.main)
    canvas.rectangle(18, 3, 64, 17, palette.main, radius=6)
    canvas.rectangle(19, 24, 63, 34, palette.main, radius=3)
    canvas.stroke([(22, 7), (60, 7)], 2.4, palette.light, detail=True)
    canvas.stroke([(22, 27), (60, 27)], 2, palette.light, detail=True)
    canvas.rectangle(10, 58, 72, 68, palette.dark, radius=4)
    for x, foot in ((14, 98), (68, 98)):
        canvas.stroke([(x, 62), (x, foot)], 8, palette.main, end_width=7)
    canvas.stroke([(16, 80), (66, 80)], 4, palette.dark)
    canvas.blob(
        [
            (20, 46),
            (41, 45),
            (62, 46),
            (70, 53),
            (75, 61),
            (62, 65),
            (41, 65),
            (20, 65),
            (7, 61),
            (12, 53),
        ],
        palette.main,
    )
    canvas.blob([(22, 49), (60, 49), (66, 57), (41, 59), (16, 57)], palette.light, detail=True)


def draw_apple(canvas: Canvas, palette: Slots) -> None:
    """An apple with stalk, leaf and a shiny spot."""
    canvas.stroke([(50, 28), (51, 14), (57, 4)], 6, STALK, end_width=5)
    canvas.blob([(53, 19), (60, 7), (74, 2), (86, 6), (80, 17), (66, 22)], LEAF)
    canvas.stroke([(57, 17), (68, 12), (80, 8)], 1.6, (206, 230, 190), detail=True)
    canvas.blob(
        [
            (50, 28),
            (62, 21),
            (80, 22),
            (93, 36),
            (95, 56),
            (86, 80),
            (70, 97),
            (58, 98),
            (50, 95),
            (42, 98),
            (30, 97),
            (14, 80),
            (5, 56),
            (7, 36),
            (20, 22),
            (38, 21),
        ],
        palette.main,
    )
    canvas.blob(
        [(90, 34), (95, 56), (86, 80), (70, 97), (58, 98), (50, 95), (68, 88), (82, 68), (87, 48)],
        palette.dark,
        detail=True,
    )
    canvas.blob([(38, 25), (50, 31), (62, 25), (56, 33), (50, 35), (44, 33)], palette.dark, detail=True)
    canvas.ellipse((23, 43), 6, 11, WHITE, angle=20, detail=True)
    canvas.ellipse((19, 62), 3, 4, WHITE, angle=10, detail=True)


def draw_umbrella(canvas: Canvas, palette: Slots) -> None:
    """An open umbrella with scalloped panels and a crook handle."""
    canvas.stroke([(60, 1), (60, 10)], 4.4, METAL)
    canvas.stroke([(60, 46), (60, 90)], 4.4, METAL)
    canvas.stroke([(60, 82), (60, 96), (67, 104), (75, 101), (77, 93)], 7, WOOD)
    ribs = (0.0, 24.0, 47.0, 73.0, 96.0, 120.0)
    shades = (palette.dark, palette.main, palette.light, palette.main, palette.dark)
    for left, right, shade in zip(ribs[:-1], ribs[1:], shades, strict=True):
        rim = [(left + (right - left) * t, 60 - 7 * math.sin(math.pi * t)) for t in _STEPS]
        canvas.polygon([*_rib(left), *rim, *reversed(_rib(right))], shade)


_STEPS = (0.15, 0.3, 0.45, 0.55, 0.7, 0.85)


def _rib(foot: float) -> list[tuple[float, float]]:
    """An umbrella rib: a quarter ellipse from the top (60, 7) down to (foot, 60)."""
    turns = [math.pi / 2 * t / 10 for t in range(11)]
    return [(60 + (foot - 60) * math.sin(t), 60 - 53 * math.cos(t)) for t in turns]
