"""Heads of people: faces, hair and hats, from the front and from the side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twist_scout.toyworld.drawing.canvas import Canvas, Point
from twist_scout.toyworld.drawing.colors import CHEEK, INK, Slots

if TYPE_CHECKING:
    from twist_scout.toyworld.drawing.people import Person

SKIN, HAIR, HAT = (Slots(name) for name in ("skin", "hair", "hat"))


def draw_head(canvas: Canvas, kind: Person, centre: Point, radius: float, *, hat: bool) -> None:
    """A smiling head from the front: long hair (woman), pigtails (girl), a beard (man), a tuft (boy)."""
    x, y, r = *centre, radius

    def at(dx: float, dy: float) -> Point:
        return (x + dx * r, y + dy * r)

    with canvas.part("head"):
        if kind == "woman":
            canvas.blob(
                [
                    at(-1.2, -0.5),
                    at(0, -1.25),
                    at(1.2, -0.5),
                    at(1.45, 0.7),
                    at(1.25, 1.75),
                    at(0, 1.3),
                    at(-1.25, 1.75),
                    at(-1.45, 0.7),
                ],
                HAIR.main,
            )
        elif kind == "girl":
            for side in (-1, 1):
                canvas.blob(
                    [
                        at(0.85 * side, -0.5),
                        at(1.5 * side, -0.75),
                        at(1.8 * side, -0.1),
                        at(1.6 * side, 0.75),
                        at(1.2 * side, 0.2),
                    ],
                    HAIR.main,
                )
                canvas.ellipse(at(1.12 * side, -0.38), 0.17 * r, 0.17 * r, CHEEK, detail=True)
            canvas.ellipse(at(0, -0.12), 1.16 * r, 1.1 * r, HAIR.main)
        else:
            canvas.ellipse(at(0, -0.16), 1.1 * r, 1.08 * r, HAIR.main)
        for side in (-1, 1):
            canvas.ellipse(at(1.0 * side, 0.12), 0.24 * r, 0.27 * r, SKIN.dark)
        canvas.ellipse(centre, r, r, SKIN.main)
        if kind == "man":
            canvas.blob(
                [
                    at(-0.98, 0.1),
                    at(-0.7, 0.45),
                    at(0, 0.28),
                    at(0.7, 0.45),
                    at(0.98, 0.1),
                    at(0.85, 0.75),
                    at(0, 1.14),
                    at(-0.85, 0.75),
                ],
                HAIR.main,
            )
        fringe = {
            "man": [
                at(-1.02, 0.0),
                at(-0.95, -0.75),
                at(0, -1.2),
                at(0.95, -0.75),
                at(1.02, 0.0),
                at(0.75, -0.5),
                at(0, -0.62),
                at(-0.75, -0.5),
            ],
            "woman": [
                at(-1.08, 0.35),
                at(-1.0, -0.7),
                at(0, -1.22),
                at(1.0, -0.7),
                at(1.08, 0.35),
                at(0.8, -0.3),
                at(0.25, -0.72),
                at(-0.6, -0.35),
            ],
            "boy": [
                at(-1.02, -0.05),
                at(-0.9, -0.8),
                at(-0.2, -1.15),
                at(0.25, -1.42),
                at(0.4, -1.1),
                at(0.95, -0.75),
                at(1.02, -0.05),
                at(0.5, -0.5),
                at(-0.4, -0.45),
            ],
            "girl": [
                at(-1.05, 0.0),
                at(-0.95, -0.75),
                at(0, -1.15),
                at(0.95, -0.75),
                at(1.05, 0.0),
                at(0.7, -0.38),
                at(0, -0.5),
                at(-0.7, -0.38),
            ],
        }[kind]
        canvas.blob(fringe, HAIR.main)
        for side in (-1, 1):
            canvas.ellipse(at(0.4 * side, 0.05), 0.13 * r, 0.18 * r, INK, detail=True)
            canvas.ellipse(at(0.64 * side, 0.4), 0.2 * r, 0.14 * r, CHEEK, detail=True)
        mouth = 0.62 if kind == "man" else 0.5
        canvas.stroke(
            [at(-0.3, mouth - 0.06), at(0, mouth + 0.1), at(0.3, mouth - 0.06)],
            0.13 * r,
            INK if kind != "man" else (150, 60, 60),
            detail=True,
        )
    if hat:
        with canvas.part("hat"):
            canvas.blob(
                [at(-0.85, -0.55), at(-0.8, -1.35), at(-0.3, -1.62), at(0.3, -1.62), at(0.8, -1.35), at(0.85, -0.55)],
                HAT.main,
            )
            canvas.ellipse(at(0, -0.58), 1.62 * r, 0.32 * r, HAT.main)
            canvas.stroke([at(-0.82, -0.84), at(0, -0.78), at(0.82, -0.84)], 0.26 * r, HAT.dark, detail=True)


def draw_profile(canvas: Canvas, kind: Person, centre: Point, radius: float, *, hat: bool) -> None:
    """A head from the side, facing right."""
    x, y, r = *centre, radius

    def at(dx: float, dy: float) -> Point:
        return (x + dx * r, y + dy * r)

    canvas.rectangle(x - 0.35 * r, y + 0.6 * r, x + 0.25 * r, y + 1.5 * r, SKIN.dark)
    with canvas.part("head"):
        if kind == "woman":
            canvas.blob(
                [at(-0.2, -1.2), at(-1.2, -0.6), at(-1.5, 0.7), at(-1.35, 1.8), at(-0.5, 1.4), at(-0.1, 0.2)], HAIR.main
            )
        elif kind == "girl":
            canvas.blob([at(-0.85, -0.5), at(-1.55, -0.8), at(-1.9, 0.0), at(-1.65, 0.85), at(-1.2, 0.1)], HAIR.main)
            canvas.ellipse(at(-1.1, -0.4), 0.17 * r, 0.17 * r, CHEEK, detail=True)
        canvas.ellipse(at(-0.08, -0.14), 1.1 * r, 1.08 * r, HAIR.main)
        canvas.ellipse(at(0.1, 0.06), 0.95 * r, 0.98 * r, SKIN.main)
        canvas.ellipse(at(1.04, 0.18), 0.2 * r, 0.16 * r, SKIN.main)
        if kind == "man":
            canvas.blob(
                [at(-0.5, 0.3), at(0.3, 0.35), at(0.98, 0.4), at(0.85, 0.95), at(0.25, 1.1), at(-0.4, 0.8)], HAIR.main
            )
        canvas.blob(
            [
                at(-0.9, 0.5),
                at(-1.1, -0.3),
                at(-0.5, -1.1),
                at(0.5, -1.12),
                at(1.0, -0.55),
                at(0.45, -0.55),
                at(-0.15, -0.3),
                at(-0.3, 0.35),
            ],
            HAIR.main,
        )
        if kind == "boy":
            canvas.blob([at(0.1, -1.05), at(0.55, -1.4), at(0.75, -0.9), at(0.4, -0.8)], HAIR.main)
        canvas.ellipse(at(-0.28, 0.2), 0.19 * r, 0.24 * r, SKIN.dark, detail=True)
        canvas.ellipse(at(0.55, 0.0), 0.12 * r, 0.18 * r, INK, detail=True)
        canvas.ellipse(at(0.42, 0.42), 0.2 * r, 0.14 * r, CHEEK, detail=True)
        canvas.stroke(
            [at(0.55, 0.58), at(0.75, 0.62), at(0.9, 0.5)],
            0.13 * r,
            INK if kind != "man" else (150, 60, 60),
            detail=True,
        )
    if hat:
        with canvas.part("hat"):
            canvas.blob(
                [at(-0.95, -0.5), at(-0.85, -1.3), at(-0.35, -1.6), at(0.35, -1.6), at(0.85, -1.3), at(0.9, -0.5)],
                HAT.main,
            )
            canvas.ellipse(at(0.05, -0.55), 1.62 * r, 0.28 * r, HAT.main)
            canvas.stroke([at(-0.88, -0.82), at(0, -0.78), at(0.88, -0.82)], 0.26 * r, HAT.dark, detail=True)
