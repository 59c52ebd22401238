"""Food: apple, banana, pizza and cake."""

from __future__ import annotations

import math

from twist_scout.toyworld.drawing.canvas import Canvas
from twist_scout.toyworld.drawing.colors import CREAM, INK, WHITE, Slots
from twist_scout.toyworld.drawing.things import LEAF, STALK
from twist_scout.toyworld.drawing.things import draw_apple as _draw_apple

CRUST = (226, 172, 98)
CHEESE = (252, 224, 140)


def draw_apple(canvas: Canvas, palette: Slots) -> None:
    """An apple."""
    _draw_apple(canvas, palette)
    canvas.anchor("grip", (50, 92))


def draw_banana(canvas: Canvas, palette: Slots) -> None:
    """A bent banana with dark ends."""
    canvas.stroke([(96, 10), (100, 0)], 7, STALK)
    canvas.blob(
        [
            (92, 10),
            (101, 8),
            (104, 30),
            (92, 56),
            (66, 74),
            (36, 76),
            (12, 64),
            (6, 56),
            (12, 52),
            (38, 56),
            (64, 48),
            (84, 32),
        ],
        palette.main,
    )
    canvas.blob(
        [(99, 20), (103, 30), (92, 56), (66, 74), (36, 76), (14, 66), (40, 68), (70, 62), (92, 42)],
        palette.dark,
        detail=True,
    )
    canvas.stroke([(24, 58), (48, 58), (72, 46), (88, 28)], 2.2, palette.light, detail=True)
    canvas.ellipse((8, 58), 4.5, 5, STALK)
    canvas.anchor("grip", (66, 64))


def draw_pizza(canvas: Canvas, palette: Slots) -> None:
    """A round pizza: crust, a sauce in the colour, cheese and leaves."""
    canvas.ellipse((50, 50), 50, 50, CRUST)
    canvas.ellipse((50, 50), 43, 43, palette.main, detail=True)
    for turn in (10, 75, 140, 200, 265, 320):
        x, y = 50 + 27 * math.cos(math.radians(turn)), 50 + 27 * math.sin(math.radians(turn))
        canvas.ellipse((x, y), 7, 6, CHEESE, angle=turn, detail=True)
    canvas.ellipse((48, 50), 7, 7, CHEESE, detail=True)
    for turn in (45, 110, 170, 230, 295):
        x, y = 50 + 16 * math.cos(math.radians(turn)), 50 + 16 * math.sin(math.radians(turn))
        canvas.ellipse((x, y), 4.5, 2.4, LEAF, angle=turn + 30, detail=True)
    for turn in (0, 60, 120):
        x, y = 42 * math.cos(math.radians(turn)), 42 * math.sin(math.radians(turn))
        canvas.stroke([(50 - x, 50 - y), (50 + x, 50 + y)], 1.4, palette.dark, detail=True)


def draw_cake(canvas: Canvas, palette: Slots) -> None:
    """A layer cake on a plate, iced in the colour, with candles."""
    for x in (32, 50, 68):
        canvas.stroke([(x, 14), (x, 34)], 4.5, WHITE)
        canvas.ellipse((x, 8), 3.2, 5, (255, 186, 60))
    canvas.ellipse((50, 88), 50, 9, (214, 220, 230))
    canvas.rectangle(10, 38, 90, 86, CREAM, radius=6)
    canvas.rectangle(10, 58, 90, 68, palette.dark, radius=1, detail=True)
    canvas.blob(
        [
            (9, 40),
            (24, 31),
            (50, 29),
            (76, 31),
            (91, 40),
            (90, 54),
            (82, 60),
            (75, 52),
            (66, 60),
            (57, 52),
            (48, 60),
            (39, 52),
            (30, 60),
            (22, 52),
            (14, 58),
        ],
        palette.main,
    )
    canvas.rectangle(10, 70, 90, 86, palette.main, radius=5, detail=True)
    canvas.stroke([(18, 38), (50, 34), (82, 38)], 2.6, palette.light, detail=True)
    for x in (24, 50, 76):
        canvas.ellipse((x, 78), 3, 3, WHITE, detail=True)
        canvas.ellipse((x, 78), 1.2, 1.2, INK, detail=True)
