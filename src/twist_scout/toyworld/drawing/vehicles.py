"""Vehicles: car, bus and boat."""

from __future__ import annotations

from twist_scout.toyworld.drawing.canvas import Canvas
from twist_scout.toyworld.drawing.colors import (
    GLASS,
    GLASS_SHINE,
    INK,
    LAMP,
    METAL,
    TYRE,
    WHITE,
    WOOD,
    Slots,
)


def wheel(canvas: Canvas, x: float, y: float, radius: float) -> None:
    """A tyre with a metal hub."""
    canvas.ellipse((x, y), radius, radius, TYRE)
    canvas.ellipse((x, y), radius * 0.52, radius * 0.52, METAL, detail=True)
    canvas.ellipse((x, y), radius * 0.2, radius * 0.2, TYRE, detail=True)


def draw_car(canvas: Canvas, palette: Slots) -> None:
    """A small car from the side, with a rounded cabin and two windows."""
    canvas.blob([(18, 32), (28, 12), (42, 3), (64, 2), (80, 9), (94, 30), (80, 38), (30, 38)], palette.main)
    canvas.blob(
        [
            (3, 40),
            (8, 30),
            (30, 27),
            (88, 27),
            (110, 32),
            (123, 40),
            (124, 54),
            (117, 60),
            (60, 61),
            (8, 60),
            (2, 54),
        ],
        palette.main,
    )
    canvas.polygon([(29, 29), (35, 16), (43, 10), (54, 9), (54, 29)], GLASS, detail=True)
    canvas.polygon([(60, 29), (60, 9), (66, 9), (76, 14), (86, 29)], GLASS, detail=True)
    canvas.polygon([(36, 29), (46, 9.5), (50, 9.2), (40, 29)], GLASS_SHINE, detail=True)
    canvas.polygon([(64, 29), (68, 10), (72, 11.5), (69, 29)], GLASS_SHINE, detail=True)
    canvas.polygon([(3, 50), (124, 50), (122, 57), (116, 60), (8, 60), (4, 57)], palette.dark, detail=True)
    canvas.stroke([(57, 31), (57, 56)], 1.6, palette.dark, detail=True)
    canvas.stroke([(63, 37), (70, 37)], 2.4, WHITE, detail=True)
    canvas.ellipse((118, 41), 4.6, 5, LAMP, detail=True)
    canvas.rectangle(2.5, 37, 8, 44, (248, 120, 110), radius=2, detail=True)
    for x in (29, 97):
        canvas.pie((x, 59), 16.5, 16.5, 180, 360, palette.dark, detail=True)
        wheel(canvas, x, 60, 13)


def draw_bus(canvas: Canvas, palette: Slots) -> None:
    """A long town bus from the side, with a row of windows and a door."""
    canvas.rectangle(0, 0, 168, 72, palette.main, radius=11)
    canvas.rectangle(20, -4, 70, 6, palette.dark, radius=4)
    canvas.rectangle(2, 50, 167, 71, palette.dark, radius=8, detail=True)
    for x in (9, 34, 59, 84, 109):
        canvas.rectangle(x, 13, x + 20, 34, GLASS, radius=3, detail=True)
        canvas.polygon([(x + 5, 34), (x + 11, 13), (x + 15, 13), (x + 9, 34)], GLASS_SHINE, detail=True)
    canvas.rectangle(134, 13, 150, 66, palette.light, radius=3, detail=True)
    canvas.rectangle(136, 16, 141.5, 54, GLASS, radius=2, detail=True)
    canvas.rectangle(143, 16, 148.5, 54, GLASS, radius=2, detail=True)
    canvas.rectangle(155, 13, 168, 40, GLASS, radius=4, detail=True)
    canvas.stroke([(5, 43), (129, 43)], 3.4, WHITE, detail=True)
    canvas.ellipse((163, 57), 4, 4, LAMP, detail=True)
    canvas.rectangle(0.5, 52, 5, 60, (248, 120, 110), radius=2, detail=True)
    for x in (34, 116):
        canvas.pie((x, 71), 17, 17, 180, 360, palette.main, detail=True)
        wheel(canvas, x, 72, 13)


def draw_boat(canvas: Canvas, palette: Slots) -> None:
    """A sailing boat: coloured hull, two sails, wooden mast and a pennant."""
    canvas.stroke([(52, 3), (52, 80)], 4, WOOD)
    canvas.polygon([(53, 2), (70, 7), (53, 12)], palette.dark)
    canvas.blob([(56, 16), (70, 30), (84, 48), (94, 66), (74, 69), (56, 69), (57, 42)], palette.main)
    canvas.polygon([(58, 46), (82, 46), (88, 55), (58, 55)], WHITE, detail=True)
    canvas.polygon([(48, 17), (47, 69), (12, 69), (22, 54), (36, 36)], palette.light)
    canvas.stroke([(46, 68), (18, 68)], 2.2, palette.dark, detail=True)
    canvas.blob(
        [
            (2, 77),
            (20, 79),
            (54, 80),
            (90, 79),
            (110, 74),
            (106, 86),
            (96, 99),
            (56, 101),
            (20, 99),
            (8, 90),
        ],
        palette.main,
    )
    canvas.blob([(10, 92), (54, 94), (101, 91), (96, 99), (56, 101), (20, 99)], palette.dark, detail=True)
    canvas.stroke([(4, 78.5), (54, 81), (107, 76.5)], 3.6, WOOD)
    for x in (32, 54, 76):
        canvas.ellipse((x, 88), 3.4, 3.4, WHITE, detail=True)
        canvas.ellipse((x, 88), 1.8, 1.8, INK, detail=True)
