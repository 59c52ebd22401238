"""Animals: dog, cat and bird."""

from __future__ import annotations

from twist_scout.toyworld.drawing.canvas import Canvas
from twist_scout.toyworld.drawing.colors import BEAK, CHEEK, CREAM, INK, WHITE, Slots


def draw_dog(canvas: Canvas, palette: Slots) -> None:
    """A dog from the side, standing, with snout, floppy ear and a raised tail."""
    canvas.stroke([(12, 48), (2, 38), (1, 22)], 9, palette.main, end_width=5)
    for x in (30, 76):
        canvas.stroke([(x, 60), (x + 1, 88)], 12, palette.dark, end_width=9)
        canvas.ellipse((x + 3, 92), 6.5, 4, palette.dark)
    canvas.blob(
        [
            (8, 52),
            (16, 40),
            (45, 39),
            (70, 33),
            (86, 40),
            (88, 60),
            (76, 70),
            (50, 67),
            (28, 71),
            (11, 66),
        ],
        palette.main,
    )
    canvas.blob([(34, 67), (52, 62), (72, 66), (60, 69), (50, 67)], palette.light, detail=True)
    for x in (17, 65):
        canvas.stroke([(x, 58), (x + 1, 88)], 14, palette.main, end_width=10)
        canvas.ellipse((x + 4, 92), 8, 4.6, CREAM)
    canvas.ellipse((24, 58), 12, 12, palette.main, detail=True)
    canvas.stroke([(72, 45), (84, 26)], 24, palette.main)
    canvas.stroke([(72, 37), (80, 44), (91, 47)], 5, WHITE, detail=True)
    canvas.ellipse((86, 50), 3.4, 3.4, BEAK, detail=True)
    canvas.blob([(100, 36), (107, 37), (107, 46), (102, 47), (99, 42)], (238, 110, 120))
    canvas.blob(
        [
            (70, 22),
            (74, 9),
            (88, 4),
            (99, 10),
            (104, 18),
            (117, 21),
            (120, 29),
            (115, 37),
            (100, 40),
            (84, 39),
            (73, 33),
        ],
        palette.main,
    )
    canvas.blob([(104, 19), (116, 20), (120, 29), (115, 37), (103, 39), (100, 30)], CREAM)
    canvas.ellipse((117, 22), 5, 4.2, INK)
    canvas.stroke([(103, 34), (108, 35), (115, 32)], 1.8, INK, detail=True)
    canvas.ellipse((95, 18), 3.2, 4, INK, detail=True)
    canvas.ellipse((96, 16.5), 1.2, 1.4, WHITE, detail=True)
    canvas.blob(
        [(80, 6), (86, 14), (86, 30), (81, 41), (72, 42), (67, 32), (68, 16), (73, 7)],
        palette.dark,
    )


def draw_cat(canvas: Canvas, palette: Slots) -> None:
    """A cat from the front, sitting, with pointed ears, whiskers and a curled tail."""
    canvas.stroke([(16, 92), (38, 92), (46, 76), (38, 62), (41, 51), (49, 50)], 10, palette.dark, end_width=7)
    canvas.blob(
        [
            (-12, 44),
            (12, 44),
            (22, 60),
            (28, 82),
            (24, 97),
            (0, 98),
            (-24, 97),
            (-28, 82),
            (-22, 60),
        ],
        palette.main,
    )
    canvas.blob([(-8, 48), (8, 48), (10, 62), (0, 74), (-10, 62)], CREAM, detail=True)
    for side in (-1, 1):
        canvas.stroke([(21 * side, 74), (17 * side, 84), (19 * side, 92)], 1.8, palette.dark, detail=True)
        canvas.stroke([(7 * side, 68), (8 * side, 92)], 12, palette.main, detail=True)
        canvas.stroke([(14.5 * side, 74), (14.5 * side, 90)], 1.6, palette.dark, detail=True)
        canvas.ellipse((8 * side, 95), 8, 4.6, CREAM)
        canvas.polygon([(30 * side, -6), (29 * side, 24), (5 * side, 8)], palette.main)
        canvas.polygon([(26.5 * side, 1), (26 * side, 17), (13 * side, 8)], CHEEK, detail=True)
    canvas.stroke([(0, 70), (0, 90)], 1.6, palette.dark, detail=True)
    canvas.blob(
        [
            (0, 7),
            (20, 9),
            (31, 24),
            (32, 37),
            (19, 49),
            (0, 52),
            (-19, 49),
            (-32, 37),
            (-31, 24),
            (-20, 9),
        ],
        palette.main,
    )
    for x in (-8, 0, 8):
        canvas.stroke([(x, 8), (x * 0.8, 16 if x else 19)], 3.4, palette.dark, end_width=1.5, detail=True)
    canvas.ellipse((-5, 40), 7.5, 6, CREAM, detail=True)
    canvas.ellipse((5, 40), 7.5, 6, CREAM, detail=True)
    for side in (-1, 1):
        canvas.ellipse((14 * side, 28), 5.6, 6.2, WHITE, detail=True)
        canvas.ellipse((13 * side, 28), 3, 5.4, INK, detail=True)
        canvas.ellipse((14 * side - 1, 25.8), 1.2, 1.6, WHITE, detail=True)
        for y, tip in ((38, 35), (42, 43)):
            canvas.stroke([(13 * side, y), (30 * side, tip)], 1.5, INK, detail=True)
        canvas.stroke([(0, 39), (2 * side, 43.5), (6 * side, 42.5)], 1.6, INK, detail=True)
    canvas.polygon([(-4, 34.5), (4, 34.5), (0, 39.5)], (232, 110, 120), detail=True)


def draw_bird(canvas: Canvas, palette: Slots) -> None:
    """A plump little bird from the side, with beak, wing, fanned tail and thin legs."""
    for x in (44, 55):
        canvas.stroke([(x, 72), (x - 1, 92)], 3.4, BEAK)
        canvas.stroke([(x - 8, 93.5), (x + 5, 93.5)], 3.2, BEAK)
    canvas.polygon([(14, 22), (-3, 31), (14, 38)], BEAK)
    canvas.polygon([(14, 31), (-2, 31.5), (14, 39)], (226, 150, 40), detail=True)
    for tip, width in (((112, 34), 11), ((114, 46), 11), ((110, 57), 10)):
        canvas.stroke([(74, 54), tip], width, palette.dark)
    canvas.blob(
        [
            (10, 28),
            (16, 12),
            (32, 5),
            (48, 12),
            (56, 26),
            (74, 36),
            (88, 48),
            (82, 64),
            (62, 77),
            (40, 78),
            (22, 68),
            (14, 50),
        ],
        palette.main,
    )
    canvas.blob([(17, 50), (30, 50), (42, 64), (50, 76), (38, 76), (24, 67)], CREAM, detail=True)
    canvas.blob(
        [
            (42, 38),
            (56, 36),
            (74, 44),
            (94, 50),
            (86, 57),
            (84, 63),
            (72, 63),
            (66, 69),
            (54, 65),
            (44, 54),
        ],
        palette.dark,
    )
    canvas.stroke([(54, 46), (66, 53), (80, 55)], 2, palette.light, detail=True)
    canvas.stroke([(52, 54), (60, 60), (70, 61)], 2, palette.light, detail=True)
    canvas.stroke([(33, 9), (32, 1), (39, -4)], 6, palette.dark, end_width=4)
    canvas.stroke([(29, 10), (25, 3), (27, -2)], 6, palette.dark, end_width=4)
    canvas.ellipse((26, 24), 6, 6.2, WHITE, detail=True)
    canvas.ellipse((25, 24.5), 3.6, 4, INK, detail=True)
    canvas.ellipse((24, 23), 1.2, 1.4, WHITE, detail=True)
    canvas.ellipse((25, 36), 4, 2.6, CHEEK, detail=True)
