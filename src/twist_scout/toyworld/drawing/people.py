"""People: a waving person in coloured clothes."""

from __future__ import annotations

from twist_scout.toyworld.drawing.canvas import Canvas
from twist_scout.toyworld.drawing.colors import CHEEK, INK, SKIN, WHITE, Palette

HAIR = (74, 52, 46)


def draw_person(canvas: Canvas, palette: Palette) -> None:
    """A standing person from the front, one arm waving; shirt and trousers in the colour."""
    trousers(canvas, palette)
    jumper(canvas, palette)
    head(canvas)


def trousers(canvas: Canvas, palette: Palette) -> None:
    """Two legs and shoes."""
    for side in (-1, 1):
        canvas.stroke([(8.5 * side, 64), (9.5 * side, 90)], 15, palette.dark, end_width=13)
        canvas.blob(
            [(3 * side, 91), (9 * side, 89), (17 * side, 94), (18 * side, 98), (3 * side, 98)],
            INK,
        )


def jumper(canvas: Canvas, palette: Palette) -> None:
    """A torso with two sleeves, one hand waving."""
    canvas.ellipse((-25.5, 64.5), 4.6, 4.8, SKIN)
    canvas.ellipse((33, 13.5), 4.8, 5, SKIN)
    canvas.stroke([(-13, 39), (-22, 49), (-25, 60)], 12, palette.main, end_width=10)
    canvas.stroke([(13, 39), (27, 34), (32, 20)], 12, palette.main, end_width=10)
    canvas.blob(
        [(-9, 31), (9, 31), (17, 37), (17, 52), (18, 67), (0, 69), (-18, 67), (-17, 52), (-17, 37)],
        palette.main,
    )
    canvas.stroke([(-15.5, 48), (-16, 62)], 1.6, palette.dark, detail=True)
    canvas.stroke([(15.5, 48), (16, 62)], 1.6, palette.dark, detail=True)
    canvas.stroke([(-17, 66), (0, 68), (17, 66)], 3, palette.light, detail=True)
    for y in (42, 50, 58):
        canvas.ellipse((0, y), 1.6, 1.6, WHITE, detail=True)
    canvas.pie((0, 30), 7, 6, 0, 180, WHITE, detail=True)


def head(canvas: Canvas) -> None:
    """A smiling face with short hair."""
    canvas.rectangle(-4, 24, 4, 33, SKIN, radius=3)
    canvas.ellipse((0, 13), 13.5, 13, HAIR)
    canvas.ellipse((-12, 18), 3, 3.4, SKIN)
    canvas.ellipse((12, 18), 3, 3.4, SKIN)
    canvas.ellipse((0, 18), 11.5, 11.5, SKIN)
    canvas.blob([(-12, 15), (-10, 5), (2, 1), (11, 6), (12, 15), (8, 10), (-2, 11)], HAIR)
    for side in (-1, 1):
        canvas.ellipse((4.6 * side, 18.5), 1.5, 2, INK, detail=True)
        canvas.ellipse((7.6 * side, 22.5), 2.2, 1.6, CHEEK, detail=True)
    canvas.stroke([(-3.5, 23.5), (0, 25.5), (3.5, 23.5)], 1.5, INK, detail=True)
