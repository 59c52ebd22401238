"""Vehicles on two wheels, and the truck."""

from __future__ import annotations

import math

from twist_scout.toyworld.drawing.canvas import Canvas
from twist_scout.toyworld.drawing.colors import GLASS, GLASS_SHINE, INK, LAMP, METAL, TYRE, WHITE, Slots
from twist_scout.toyworld.drawing.vehicles import wheel


def _spoked(canvas: Canvas, x: float, y: float, radius: float) -> None:
    canvas.ellipse((x, y), radius, radius, TYRE)
    canvas.ellipse((x, y), radius * 0.76, radius * 0.76, (238, 242, 246), detail=True)
    for turn in range(0, 180, 36):
        c, s = radius * 0.74 * math.cos(math.radians(turn)), radius * 0.74 * math.sin(math.radians(turn))
        canvas.stroke([(x - c, y - s), (x + c, y + s)], 1.2, METAL, detail=True)
    canvas.ellipse((x, y), 2.6, 2.6, INK, detail=True)


def draw_bicycle(canvas: Canvas, palette: Slots) -> None:
    """A bicycle from the side, facing right; thick tubes in the colour."""
    for x in (24, 106):
        _spoked(canvas, x, 66, 24)
    for run in (
        ((24, 66), (50, 34)),
        ((24, 66), (60, 68)),
        ((60, 68), (48, 26)),
        ((50, 34), (90, 32)),
        ((60, 68), (92, 36)),
    ):
        canvas.stroke(list(run), 7.5, palette.main)
    canvas.stroke([(106, 66), (92, 36), (88, 20)], 7.5, palette.dark)
    canvas.stroke([(82, 17), (92, 16), (99, 20)], 5.5, INK)
    canvas.blob([(34, 23), (48, 20), (60, 24), (56, 29), (40, 29)], INK)
    canvas.ellipse((60, 68), 8, 8, palette.dark)
    canvas.ellipse((60, 68), 3, 3, METAL, detail=True)
    canvas.stroke([(60, 68), (65, 82)], 4, INK)
    canvas.stroke([(60, 83), (71, 83)], 4, INK)
    canvas.anchor("seat", (46, 24))
    canvas.anchor("grip", (92, 17))


def draw_motorcycle(canvas: Canvas, palette: Slots) -> None:
    """A motorcycle from the side, facing right, with a round tank and a lamp."""
    for x in (24, 112):
        wheel(canvas, x, 66, 24)
    canvas.stroke([(112, 66), (98, 34), (94, 18)], 7, METAL)
    canvas.rectangle(48, 46, 84, 74, METAL, radius=6)
    for y in (52, 58, 64):
        canvas.stroke([(52, y), (80, y)], 2.4, INK, detail=True)
    canvas.stroke([(20, 76), (50, 78), (66, 76)], 7, METAL)
    canvas.pie((24, 62), 27, 26, 195, 330, palette.dark)
    canvas.pie((112, 62), 27, 26, 210, 345, palette.dark)
    canvas.blob([(8, 38), (26, 36), (52, 36), (56, 44), (48, 50), (22, 48)], INK)
    canvas.blob([(50, 44), (54, 28), (70, 22), (90, 26), (100, 36), (92, 48), (66, 52)], palette.main)
    canvas.stroke([(60, 33), (72, 28), (86, 31)], 3, palette.light, detail=True)
    canvas.stroke([(84, 15), (94, 16), (102, 20)], 5, INK)
    canvas.ellipse((106, 28), 7, 7.5, LAMP)
    canvas.anchor("seat", (36, 39))
    canvas.anchor("grip", (90, 17))


def draw_truck(canvas: Canvas, palette: Slots) -> None:
    """A box truck: a large box and a small cab in the colour."""
    canvas.rectangle(0, 0, 104, 62, palette.main, radius=5)
    canvas.rectangle(5, 5, 99, 40, palette.light, radius=4, detail=True)
    for x in (28, 52, 76):
        canvas.stroke([(x, 7), (x, 38)], 2, palette.main, detail=True)
    canvas.rectangle(0, 58, 152, 70, INK, radius=3)
    canvas.blob([(107, 64), (107, 24), (112, 16), (132, 16), (142, 26), (152, 42), (154, 64), (130, 66)], palette.dark)
    canvas.polygon([(116, 22), (131, 22), (141, 38), (116, 38)], GLASS, detail=True)
    canvas.polygon([(121, 38), (127, 22), (131, 22), (126, 38)], GLASS_SHINE, detail=True)
    canvas.stroke([(113, 46), (121, 46)], 2.6, WHITE, detail=True)
    canvas.ellipse((150, 52), 3.6, 4.6, LAMP, detail=True)
    for x in (24, 54, 130):
        wheel(canvas, x, 70, 13)
