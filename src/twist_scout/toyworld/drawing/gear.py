"""Sports gear and other things to hold: ball, kite, surfboard, skateboard, frisbee and umbrella."""

from __future__ import annotations

from twist_scout.toyworld.drawing.canvas import Canvas
from twist_scout.toyworld.drawing.colors import INK, METAL, WHITE, Slots
from twist_scout.toyworld.drawing.things import draw_umbrella as _draw_umbrella


def draw_umbrella(canvas: Canvas, palette: Slots) -> None:
    """An open umbrella."""
    _draw_umbrella(canvas, palette)
    canvas.anchor("grip", (60, 86))


def draw_ball(canvas: Canvas, palette: Slots) -> None:
    """A ball with white bands."""
    canvas.ellipse((50, 50), 50, 50, palette.main)
    canvas.blob([(10, 36), (50, 47), (90, 36), (93, 47), (50, 60), (7, 47)], WHITE, detail=True)
    canvas.blob([(41, 5), (57, 5), (66, 28), (50, 34), (34, 28)], palette.light, detail=True)
    canvas.blob([(13, 71), (50, 84), (87, 71), (76, 87), (50, 96), (24, 87)], palette.dark, detail=True)
    canvas.ellipse((28, 22), 8, 5, WHITE, angle=-35, detail=True)
    canvas.anchor("grip", (50, 88))


def draw_kite(canvas: Canvas, palette: Slots) -> None:
    """A diamond kite with a bow tail that ends where a hand holds it."""
    canvas.stroke([(46, 88), (38, 104), (50, 118), (40, 136)], 2.6, INK)
    for x, y in ((39, 104), (49, 118)):
        canvas.polygon([(x, y), (x - 9, y - 5), (x - 9, y + 5)], palette.dark)
        canvas.polygon([(x, y), (x + 9, y - 5), (x + 9, y + 5)], palette.dark)
    canvas.polygon([(50, 0), (88, 36), (46, 92), (8, 36)], palette.main)
    canvas.polygon([(50, 0), (88, 36), (48, 37)], palette.light, detail=True)
    canvas.polygon([(8, 36), (48, 37), (46, 92)], palette.dark, detail=True)
    canvas.stroke([(10, 36), (86, 36)], 2.4, WHITE, detail=True)
    canvas.stroke([(50, 2), (46, 90)], 2.4, WHITE, detail=True)
    canvas.anchor("grip", (40, 135))


def draw_surfboard(canvas: Canvas, palette: Slots) -> None:
    """A surfboard lying flat on the water, a white stripe along it and a fin below."""
    canvas.polygon([(22, 16), (32, 30), (14, 28)], palette.dark)
    canvas.blob([(0, 14), (20, 6), (70, 5), (112, 6), (136, 2), (128, 14), (100, 21), (50, 22), (14, 20)], palette.main)
    canvas.stroke([(10, 13), (60, 12.5), (122, 9)], 3.4, WHITE, detail=True)
    canvas.blob([(14, 18), (50, 19), (100, 18), (120, 15), (100, 21), (50, 22)], palette.dark, detail=True)
    canvas.anchor("deck", (64, 8))


def draw_skateboard(canvas: Canvas, palette: Slots) -> None:
    """A skateboard from the side on four wheels."""
    for x in (28, 84):
        canvas.rectangle(x - 4, 10, x + 4, 20, METAL)
        canvas.ellipse((x, 23), 8, 8, INK)
        canvas.ellipse((x, 23), 3.4, 3.4, METAL, detail=True)
    canvas.blob(
        [(0, 0), (10, 5), (26, 7), (86, 7), (102, 5), (112, 0), (110, 9), (90, 15), (22, 15), (4, 9)], palette.main
    )
    canvas.stroke([(12, 8), (56, 9.5), (100, 8)], 2.4, palette.light, detail=True)
    canvas.anchor("deck", (56, 8))


def draw_frisbee(canvas: Canvas, palette: Slots) -> None:
    """A frisbee seen a little from above."""
    canvas.ellipse((50, 27), 50, 20, palette.dark)
    canvas.ellipse((50, 20), 50, 20, palette.main)
    canvas.ellipse((50, 19), 36, 13, palette.light, detail=True)
    canvas.ellipse((50, 19.5), 31, 11, palette.main, detail=True)
    canvas.ellipse((50, 18), 9, 3.6, WHITE, detail=True)
    canvas.anchor("grip", (8, 24))
