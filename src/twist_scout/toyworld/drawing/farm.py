"""Animals of farm and zoo: horse, cow, sheep and elephant, from the side, facing right."""

from __future__ import annotations

from twist_scout.toyworld.drawing.canvas import Canvas, Point
from twist_scout.toyworld.drawing.colors import CHEEK, CREAM, INK, METAL, WHITE, Slots


def _eye(canvas: Canvas, x: float, y: float, r: float = 2.6) -> None:
    canvas.ellipse((x, y), r, r * 1.2, INK, detail=True)
    canvas.ellipse((x + r * 0.3, y - r * 0.4), r * 0.4, r * 0.45, WHITE, detail=True)


def _leg(canvas: Canvas, hip: Point, foot: float, width: float, paint: Slots, *, back: bool) -> None:
    shade = paint.dark if back else paint.main
    x, y = hip
    canvas.stroke([(x, y), (x + 1, foot - 3)], width, shade, end_width=width * 0.75)
    canvas.rectangle(x - width * 0.4, foot - 6, x + width * 0.55, foot, INK, radius=2)


def draw_horse(canvas: Canvas, palette: Slots) -> None:
    """A horse with an arched neck, mane and tail in the darker shade."""
    canvas.stroke([(10, 46), (-2, 56), (0, 80)], 11, INK, end_width=5)
    for x in (28, 78):
        _leg(canvas, (x + 8, 62), 104, 9, palette, back=True)
    canvas.blob(
        [(8, 48), (18, 38), (46, 41), (74, 35), (90, 44), (92, 60), (80, 70), (52, 70), (24, 72), (9, 64)], palette.main
    )
    canvas.blob([(30, 70), (50, 67), (72, 70), (52, 73)], palette.light, detail=True)
    for x in (20, 76):
        _leg(canvas, (x, 60), 105, 11, palette, back=False)
    canvas.stroke([(80, 48), (92, 28), (97, 14)], 23, palette.main, end_width=15)
    canvas.stroke([(72, 40), (80, 24), (88, 6)], 9, INK, end_width=7)
    canvas.polygon([(91, 6), (92, -8), (99, 3)], palette.main)
    canvas.blob([(88, 6), (98, 0), (108, 9), (120, 22), (121, 31), (113, 34), (100, 27), (89, 20)], palette.main)
    canvas.blob([(112, 20), (120, 22), (121, 31), (113, 34), (107, 29)], CREAM)
    canvas.ellipse((117.5, 26), 1.3, 1.8, INK, detail=True)
    canvas.blob([(88, 0), (97, -4), (101, 5), (94, 10)], INK)
    _eye(canvas, 101, 11)
    canvas.anchor("seat", (46, 43))


def draw_cow(canvas: Canvas, palette: Slots) -> None:
    """A cow with cream patches, horns, a pink nose and an udder."""
    canvas.stroke([(8, 36), (-2, 48), (0, 70)], 4, palette.dark)
    canvas.ellipse((0, 74), 4.5, 7, INK)
    for x in (26, 82):
        _leg(canvas, (x + 9, 62), 98, 10, palette, back=True)
    canvas.ellipse((44, 72), 10, 7, CHEEK)
    canvas.blob(
        [(6, 36), (20, 29), (60, 31), (92, 29), (102, 40), (100, 62), (86, 72), (50, 71), (18, 73), (6, 60)],
        palette.main,
    )
    canvas.blob([(22, 31), (38, 31), (42, 42), (34, 52), (22, 46)], CREAM, detail=True)
    canvas.blob([(58, 44), (72, 40), (80, 50), (74, 62), (60, 60)], CREAM, detail=True)
    for x in (16, 84):
        _leg(canvas, (x, 60), 99, 12, palette, back=False)
    for tip in ((98, 2), (122, 0)):
        canvas.stroke([(tip[0] + (4 if tip[0] < 110 else -4), 17), (tip[0], 10), tip], 5, METAL, end_width=2.5)
    canvas.ellipse((92, 24), 9, 5, palette.dark, angle=15)
    canvas.ellipse((130, 23), 8, 5, palette.dark, angle=-15)
    canvas.blob([(96, 20), (110, 13), (124, 19), (127, 34), (122, 48), (110, 53), (99, 48), (95, 34)], palette.main)
    canvas.blob([(106, 14), (114, 14), (116, 30), (110, 40), (104, 30)], CREAM, detail=True)
    canvas.ellipse((110.5, 46), 13, 9, CHEEK)
    for x in (105, 116):
        canvas.ellipse((x, 45), 1.8, 2.4, INK, detail=True)
    _eye(canvas, 102, 29)
    _eye(canvas, 119, 28.5)


def draw_sheep(canvas: Canvas, palette: Slots) -> None:
    """A woolly sheep: a cloud of wool in the colour, dark face and legs."""
    for x in (30, 40, 72, 82):
        canvas.stroke([(x, 66), (x, 92)], 7, INK)
    wool = ((20, 50), (26, 34), (42, 26), (60, 25), (78, 29), (88, 42), (86, 58), (72, 68), (52, 71), (32, 67))
    for n, (x, y) in enumerate(wool):
        canvas.ellipse((x, y), 15, 14, palette.main if n % 2 else palette.light)
    canvas.ellipse((54, 48), 34, 23, palette.main)
    for x, y in ((38, 44), (54, 38), (66, 50), (48, 56)):
        canvas.pie((x, y), 7, 6, 20, 200, palette.dark, detail=True)
        canvas.pie((x, y - 1.4), 6.4, 5.4, 20, 200, palette.main, detail=True)
    canvas.ellipse((88, 30), 8, 4.4, INK, angle=-28)
    canvas.ellipse((114, 33), 8, 4.4, INK, angle=28)
    canvas.blob([(92, 26), (102, 22), (111, 27), (113, 42), (107, 55), (98, 55), (91, 42)], INK)
    canvas.ellipse((101, 22), 11, 8, palette.light)
    for x in (97, 107):
        canvas.ellipse((x, 36), 2.8, 3.4, WHITE, detail=True)
        canvas.ellipse((x + 0.6, 36.6), 1.5, 2, INK, detail=True)
    canvas.stroke([(99, 48), (102.5, 50), (106, 48)], 1.6, WHITE, detail=True)


def draw_elephant(canvas: Canvas, palette: Slots) -> None:
    """An elephant with a big ear, trunk curled up and a tusk."""
    canvas.stroke([(8, 42), (0, 52), (0, 66)], 4, palette.dark)
    for x in (30, 76):
        canvas.stroke([(x + 8, 66), (x + 8, 96)], 17, palette.dark)
    canvas.blob(
        [(6, 48), (14, 28), (40, 18), (70, 20), (92, 30), (98, 54), (88, 74), (54, 78), (18, 76), (7, 64)], palette.main
    )
    for x in (20, 78):
        canvas.stroke([(x, 62), (x, 95)], 19, palette.main)
        for dx in (-5, 0.5, 6):
            canvas.ellipse((x + dx, 101.5), 2.4, 2.2, CREAM, detail=True)
    canvas.stroke([(108, 48), (122, 66), (136, 60), (139, 42)], 16, palette.main, end_width=8)
    canvas.stroke([(106, 56), (116, 66), (126, 62)], 5, CREAM, end_width=2.5)
    canvas.blob([(80, 26), (96, 14), (114, 20), (122, 38), (118, 56), (102, 62), (84, 54)], palette.main)
    canvas.blob([(74, 26), (86, 18), (97, 26), (99, 44), (91, 60), (76, 58), (68, 42)], palette.dark)
    canvas.blob([(78, 30), (87, 25), (92, 33), (92, 46), (86, 54), (78, 50), (74, 40)], CHEEK, detail=True)
    _eye(canvas, 108, 34, 3)
    canvas.anchor("seat", (46, 20))
