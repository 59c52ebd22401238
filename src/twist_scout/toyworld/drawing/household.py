"""Things about the house: cup, book, clock, teddy bear and potted plant."""

from __future__ import annotations

import math

from twist_scout.toyworld.drawing.canvas import Canvas
from twist_scout.toyworld.drawing.colors import CHEEK, CREAM, INK, WHITE, Slots

GREEN, GREEN_DARK = (84, 168, 92), (58, 138, 74)


def draw_cup(canvas: Canvas, palette: Slots) -> None:
    """A mug with a handle and steam-free cocoa."""
    canvas.stroke([(66, 34), (86, 34), (90, 52), (80, 68), (64, 68)], 9, palette.dark)
    canvas.blob([(6, 22), (8, 78), (20, 92), (40, 95), (60, 92), (72, 78), (74, 22)], palette.main)
    canvas.rectangle(6, 50, 74, 64, palette.light, radius=2, detail=True)
    canvas.ellipse((40, 21), 35, 10, palette.dark)
    canvas.ellipse((40, 21.5), 29, 7, (112, 72, 50), detail=True)
    canvas.stroke([(16, 34), (18, 74)], 4, WHITE, detail=True)
    canvas.anchor("grip", (82, 62))


def draw_book(canvas: Canvas, palette: Slots) -> None:
    """An upright book with pages and a label."""
    canvas.rectangle(8, 2, 76, 98, palette.dark, radius=4)
    canvas.rectangle(14, 6, 80, 96, CREAM, radius=2)
    canvas.rectangle(2, 0, 70, 94, palette.main, radius=4)
    canvas.rectangle(2, 0, 13, 94, palette.dark, radius=3, detail=True)
    canvas.rectangle(23, 16, 60, 44, WHITE, radius=3, detail=True)
    for y in (25, 34):
        canvas.stroke([(29, y), (54, y)], 3, palette.dark, detail=True)
    canvas.stroke([(22, 78), (60, 78)], 3, palette.light, detail=True)
    canvas.anchor("grip", (40, 84))


def draw_clock(canvas: Canvas, palette: Slots) -> None:
    """An alarm clock with two bells."""
    for side in (-1, 1):
        canvas.ellipse((50 + 27 * side, 14), 17, 13, palette.dark, angle=32 * side)
        canvas.stroke([(50 + 22 * side, 84), (50 + 32 * side, 102)], 8, palette.dark)
    canvas.stroke([(50, 2), (50, 14)], 5, INK)
    canvas.ellipse((50, 56), 44, 44, palette.main)
    canvas.ellipse((50, 56), 33, 33, WHITE, detail=True)
    for turn in range(0, 360, 30):
        c, s = math.cos(math.radians(turn)), math.sin(math.radians(turn))
        canvas.ellipse((50 + 27 * c, 56 + 27 * s), 2, 2, palette.dark, detail=True)
    canvas.stroke([(50, 56), (50, 36)], 4, INK, detail=True)
    canvas.stroke([(50, 56), (64, 63)], 4, INK, detail=True)
    canvas.ellipse((50, 56), 3.4, 3.4, palette.main, detail=True)


def draw_teddy_bear(canvas: Canvas, palette: Slots) -> None:
    """A sitting teddy bear with a cream snout and belly."""
    for side in (-1, 1):
        canvas.ellipse((24 * side, 8), 11, 11, palette.main)
        canvas.ellipse((24 * side, 8), 6, 6, CHEEK, detail=True)
        canvas.ellipse((30 * side, 58), 9, 17, palette.dark, angle=-28 * side)
        canvas.ellipse((22 * side, 90), 15, 13, palette.dark)
        canvas.ellipse((23 * side, 91), 8, 7.4, CREAM, detail=True)
    canvas.ellipse((0, 72), 26, 27, palette.main)
    canvas.ellipse((0, 74), 15, 17, CREAM, detail=True)
    canvas.ellipse((0, 28), 31, 27, palette.main)
    canvas.ellipse((0, 37), 14, 11, CREAM, detail=True)
    canvas.ellipse((0, 32), 5, 3.6, INK, detail=True)
    canvas.stroke([(-5, 41), (0, 44), (5, 41)], 2, INK, detail=True)
    for side in (-1, 1):
        canvas.ellipse((12 * side, 24), 3, 3.6, INK, detail=True)
        canvas.ellipse((12 * side + 1, 22.8), 1, 1.2, WHITE, detail=True)
    canvas.anchor("grip", (28, 62))


def draw_plant(canvas: Canvas, palette: Slots) -> None:
    """A leafy plant in a pot of the colour."""
    leaves = (
        ((50, 62), (30, 44), (8, 34)),
        ((50, 62), (70, 44), (92, 34)),
        ((50, 60), (38, 30), (26, 6)),
        ((50, 60), (62, 30), (74, 6)),
        ((50, 60), (50, 30), (50, 0)),
    )
    for n, leaf in enumerate(leaves):
        canvas.stroke(list(leaf), 15, GREEN if n % 2 else GREEN_DARK, end_width=6)
    for leaf in leaves:
        canvas.stroke(list(leaf), 1.8, (176, 220, 160), detail=True)
    canvas.polygon([(20, 64), (80, 64), (72, 112), (28, 112)], palette.main)
    canvas.polygon([(66, 64), (80, 64), (72, 112), (60, 112)], palette.dark, detail=True)
    canvas.rectangle(13, 54, 87, 70, palette.main, radius=5)
    canvas.stroke([(18, 59), (82, 59)], 3, palette.light, detail=True)
