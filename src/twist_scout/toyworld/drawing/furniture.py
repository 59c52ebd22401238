"""Furniture: chair, bench, couch and bed; each with a place to sit."""

from __future__ import annotations

from twist_scout.toyworld.drawing.canvas import Canvas
from twist_scout.toyworld.drawing.colors import CREAM, METAL, WHITE, WOOD, Slots
from twist_scout.toyworld.drawing.things import draw_chair as _draw_chair


def draw_chair(canvas: Canvas, palette: Slots) -> None:
    """A kitchen chair."""
    _draw_chair(canvas, palette)
    canvas.anchor("seat", (41, 60))


def draw_bench(canvas: Canvas, palette: Slots) -> None:
    """A park bench: slats in the colour on metal legs."""
    for x in (16, 114):
        canvas.stroke([(x, 8), (x, 62)], 6, METAL)
        canvas.stroke([(x, 46), (x - 4, 76)], 6, METAL)
        canvas.stroke([(x - 8, 77), (x + 8, 77)], 4.5, METAL)
    for y in (8, 22):
        canvas.rectangle(2, y - 5, 128, y + 5, palette.main, radius=4)
        canvas.stroke([(6, y - 2.5), (124, y - 2.5)], 1.8, palette.light, detail=True)
    for y in (44, 55):
        canvas.rectangle(0, y - 5.2, 130, y + 4.6, palette.dark if y > 50 else palette.main, radius=4)
    canvas.anchor("seat", (65, 49))
    canvas.anchor("left seat", (36, 49))
    canvas.anchor("right seat", (94, 49))


def draw_couch(canvas: Canvas, palette: Slots) -> None:
    """A soft couch with two seat cushions and round arms."""
    for x in (16, 124):
        canvas.rectangle(x - 5, 76, x + 5, 90, WOOD, radius=2)
    canvas.rectangle(10, 4, 130, 62, palette.dark, radius=16)
    canvas.rectangle(15, 10, 69, 50, palette.main, radius=9, detail=True)
    canvas.rectangle(71, 10, 125, 50, palette.main, radius=9, detail=True)
    canvas.rectangle(8, 60, 132, 82, palette.dark, radius=6)
    for left in (18, 71):
        canvas.rectangle(left, 48, left + 51, 68, palette.light, radius=7)
        canvas.stroke([(left + 5, 65), (left + 46, 65)], 2, palette.dark, detail=True)
    for x in (0, 118):
        canvas.rectangle(x, 32, x + 22, 81, palette.main, radius=11)
        canvas.ellipse((x + 11, 43), 6, 6, palette.dark, detail=True)
    canvas.anchor("seat", (70, 56))
    canvas.anchor("left seat", (44, 56))
    canvas.anchor("right seat", (96, 56))


def draw_bed(canvas: Canvas, palette: Slots) -> None:
    """A bed from the side: wooden ends, a white pillow, a quilt in the colour."""
    canvas.rectangle(0, 0, 9, 72, WOOD, radius=4)
    canvas.rectangle(129, 22, 138, 72, WOOD, radius=4)
    canvas.rectangle(6, 48, 132, 62, WOOD, radius=3)
    canvas.rectangle(8, 32, 131, 50, CREAM, radius=6)
    canvas.blob([(12, 22), (24, 17), (38, 20), (42, 30), (34, 37), (18, 37), (10, 31)], WHITE)
    canvas.blob(
        [(44, 26), (64, 22), (100, 24), (130, 27), (132, 44), (130, 57), (90, 58), (46, 57), (40, 42)], palette.main
    )
    canvas.stroke([(46, 27), (43, 42), (48, 56)], 5, palette.light, detail=True)
    for x in (66, 88, 110):
        canvas.stroke([(x, 26), (x + 1, 56)], 1.8, palette.dark, detail=True)
    canvas.anchor("seat", (78, 36))
