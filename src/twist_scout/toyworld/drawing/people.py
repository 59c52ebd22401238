"""People: man, woman, boy and girl, in a hat or none, in shirt and trousers or a dress, in five poses.

Every garment is a :class:`~twist_scout.toyworld.drawing.colors.Slot`, so one recorded drawing wears any outfit. Coordinates are
percents of a standing figure's height, y down, x from the body's middle axis; figures face the viewer, riders face right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from twist_scout.toyworld.drawing.canvas import Canvas, Point
from twist_scout.toyworld.drawing.colors import CHEEK, INK, RGB, WHITE, Slots
from twist_scout.toyworld.drawing.heads import draw_head, draw_profile

Person = Literal["man", "woman", "boy", "girl"]
Pose = Literal["raising", "offering", "sitting", "riding", "balancing"]
PEOPLE: tuple[Person, ...] = ("man", "woman", "boy", "girl")
POSES: tuple[Pose, ...] = ("raising", "offering", "sitting", "riding", "balancing")

SHOE: RGB = INK
SKIN, HAT, SHIRT, TROUSERS, DRESS = (Slots(name) for name in ("skin", "hat", "shirt", "trousers", "dress"))


@dataclass(frozen=True, slots=True)
class Build:
    """Proportions of a figure.

    Attributes:
        head: radius of the face.
        chin: height of the chin.
        shoulder: half the width of the shoulders.
        hip: half the width of the hips.
        waist: height of the hips.
        arm: thickness of an arm.
        leg: thickness of a leg.
    """

    head: float
    chin: float
    shoulder: float
    hip: float
    waist: float
    arm: float
    leg: float


BUILDS: dict[Person, Build] = {
    "man": Build(head=11.0, chin=26, shoulder=18.5, hip=15, waist=61, arm=11, leg=13.5),
    "woman": Build(head=11.5, chin=27, shoulder=14.5, hip=14.5, waist=61, arm=9, leg=11),
    "boy": Build(head=15.5, chin=35, shoulder=14.5, hip=12.5, waist=66, arm=9.5, leg=11.5),
    "girl": Build(head=15.5, chin=35, shoulder=12.5, hip=12.5, waist=66, arm=8.5, leg=10),
}


def draw_person(canvas: Canvas, kind: Person, pose: Pose, *, hat: bool, dress: bool) -> None:
    """Draw a figure and name its anchors.

    Anchors: ``hand`` (where it holds), ``seat`` (where it touches what it sits on), ``feet`` (between its soles).
    """
    figure = _Figure(canvas, BUILDS[kind], kind, SHIRT if not dress else DRESS, hat=hat, dress=dress)
    {
        "raising": figure.raising,
        "offering": figure.offering,
        "sitting": figure.sitting,
        "riding": figure.riding,
        "balancing": figure.balancing,
    }[pose]()


@dataclass(frozen=True, slots=True)
class _Figure:
    canvas: Canvas
    build: Build
    kind: Person
    top: Slots
    hat: bool
    dress: bool

    @property
    def top_part(self) -> str:
        return "dress" if self.dress else "shirt"

    # --- poses ---

    def raising(self) -> None:
        """Standing, one arm up: waving, or holding something above."""
        b = self.build
        self._legs(spread=0.6)
        self._arm(-1, [(b.shoulder + 6, b.chin + 19), (b.shoulder + 7, b.chin + 33)])
        hand = self._arm(1, [(b.shoulder + 12, b.chin + 6), (b.shoulder + 15, b.chin - 11)])
        self._torso()
        self._front_head()
        self.canvas.anchor("hand", hand)
        self.canvas.anchor("feet", (0, 98))

    def offering(self) -> None:
        """Standing, one arm out to the side."""
        b = self.build
        self._legs(spread=0.6)
        self._arm(-1, [(b.shoulder + 6, b.chin + 19), (b.shoulder + 7, b.chin + 33)])
        hand = self._arm(1, [(b.shoulder + 8, b.chin + 17), (b.shoulder + 21, b.chin + 19)])
        self._torso()
        self._front_head()
        self.canvas.anchor("hand", hand)
        self.canvas.anchor("feet", (0, 98))

    def balancing(self) -> None:
        """Standing with bent knees, both arms out, as on a board."""
        b = self.build
        self._legs(spread=1.25)
        self._arm(-1, [(b.shoulder + 11, b.chin + 11), (b.shoulder + 22, b.chin + 7)])
        hand = self._arm(1, [(b.shoulder + 11, b.chin + 13), (b.shoulder + 22, b.chin + 15)])
        self._torso()
        self._front_head()
        self.canvas.anchor("hand", hand)
        self.canvas.anchor("feet", (0, 98))

    def sitting(self) -> None:
        """On a seat, seen from the front: thighs towards the viewer, hands on the lap."""
        b = self.build
        lap = b.waist + 3
        self._torso()
        for side in (-1, 1):
            knee = (b.hip * 0.62 * side, lap + 5)
            shin: list[Point] = [knee, (b.hip * 0.66 * side, lap + 24)]
            cloth = TROUSERS.main if not self.dress else SKIN.main
            with self.canvas.part("" if self.dress else "trousers"):
                self.canvas.stroke(shin, b.leg, cloth, end_width=b.leg * 0.85)
                self.canvas.ellipse(knee, b.leg * 0.62, b.leg * 0.56, TROUSERS.light if not self.dress else SKIN.main)
            self._shoe(b.hip * 0.68 * side, lap + 26, side)
        if self.dress:
            with self.canvas.part("dress"):
                self.canvas.blob(
                    [
                        (-b.hip - 1, lap - 6),
                        (b.hip + 1, lap - 6),
                        (b.hip + 5, lap + 7),
                        (0, lap + 10),
                        (-b.hip - 5, lap + 7),
                    ],
                    DRESS.main,
                )
                self.canvas.stroke(
                    [(-b.hip - 2, lap + 6.5), (0, lap + 8), (b.hip + 2, lap + 6.5)], 2, DRESS.dark, detail=True
                )
        self._arm(-1, [(b.shoulder + 5, b.chin + 17), (b.hip * 0.55, lap - 1)])
        hand = self._arm(1, [(b.shoulder + 5, b.chin + 17), (b.hip * 0.55, lap - 1)])
        self._front_head()
        self.canvas.anchor("hand", hand)
        self.canvas.anchor("seat", (0, lap + 1))
        self.canvas.anchor("feet", (0, lap + 28))

    def riding(self) -> None:
        """Astride, from the side, facing right; arms forward to the grips."""
        b = self.build
        seat = b.waist + 4
        cloth = TROUSERS.main if not self.dress else SKIN.main
        with self.canvas.part("" if self.dress else "trousers"):
            self.canvas.stroke([(-1, seat - 4), (14, seat + 4), (12, seat + 22)], b.leg, cloth, end_width=b.leg * 0.8)
        self._shoe(13, seat + 25, 1)
        with self.canvas.part(self.top_part):
            if self.dress:
                self.canvas.blob(
                    [(-9, seat - 16), (8, seat - 16), (20, seat + 2), (12, seat + 9), (-11, seat + 5)], DRESS.main
                )
            self.canvas.blob(
                [
                    (-8, b.chin + 5),
                    (4, b.chin + 3),
                    (10, b.chin + 14),
                    (8, seat - 6),
                    (4, seat + 2),
                    (-11, seat + 2),
                    (-12, seat - 14),
                ],
                self.top.main,
            )
            self.canvas.stroke([(-10, seat - 1), (4, seat)], 2.4, self.top.dark, detail=True)
        shoulder, hand = (1.0, b.chin + 9), (25.0, b.chin + 25)
        with self.canvas.part("hand"):
            self.canvas.ellipse(hand, b.arm * 0.5, b.arm * 0.5, SKIN.main)
        with self.canvas.part(self.top_part):
            self.canvas.stroke(
                [shoulder, (10, b.chin + 21), (21, b.chin + 24)], b.arm, self.top.dark, end_width=b.arm * 0.8
            )
        draw_profile(self.canvas, self.kind, (2.0, b.chin - b.head), b.head, hat=self.hat)
        self.canvas.anchor("hand", hand)
        self.canvas.anchor("seat", (-3, seat + 2))
        self.canvas.anchor("feet", (13, seat + 27))

    # --- members ---

    def _front_head(self) -> None:
        draw_head(self.canvas, self.kind, (0.0, self.build.chin - self.build.head), self.build.head, hat=self.hat)

    def _legs(self, *, spread: float) -> None:
        b = self.build
        for side in (-1, 1):
            foot = (b.hip * spread + 1) * side
            run: list[Point] = [(b.hip * 0.55 * side, b.waist), (foot * 1.06, (b.waist + 96) / 2), (foot, 93)]
            with self.canvas.part("" if self.dress else "trousers"):
                cloth = SKIN.main if self.dress else TROUSERS.main
                self.canvas.stroke(run, b.leg * (0.8 if self.dress else 1.0), cloth, end_width=b.leg * 0.75)
            self._shoe(foot, 95, side)

    def _shoe(self, x: float, y: float, side: int) -> None:
        w = self.build.leg
        tip = x + side * w * 0.75
        back = x - side * w * 0.45
        self.canvas.blob([(back, y - 2.5), (x, y - 4), (tip, y), (tip, y + 3.2), (back, y + 3.2)], SHOE)

    def _arm(self, side: int, bends: list[Point]) -> Point:
        b = self.build
        bent = [(x * side, y) for x, y in bends]
        hand = bent[-1]
        with self.canvas.part("hand"):
            self.canvas.ellipse(hand, b.arm * 0.52, b.arm * 0.52, SKIN.main)
        start = ((b.shoulder - 4.5) * side, b.chin + 9)
        wrist = (hand[0] * 0.86 + bent[0][0] * 0.14, hand[1] * 0.86 + bent[0][1] * 0.14)
        if self.dress:  # bare arms under short sleeves
            self.canvas.stroke([start, bent[0], wrist], b.arm * 0.8, SKIN.main, end_width=b.arm * 0.7)
            with self.canvas.part("dress"):
                middle = ((start[0] + bent[0][0]) / 2, (start[1] + bent[0][1]) / 2)
                self.canvas.stroke([start, middle], b.arm * 1.15, DRESS.main)
        else:
            with self.canvas.part("shirt"):
                self.canvas.stroke([start, bent[0], wrist], b.arm, SHIRT.main, end_width=b.arm * 0.85)
        return hand

    def _torso(self) -> None:
        b = self.build
        top, s, h, w = b.chin + 3, b.shoulder, b.hip, b.waist
        self.canvas.rectangle(-b.head * 0.33, b.chin - 4, b.head * 0.33, top + 4, SKIN.dark)
        with self.canvas.part(self.top_part):
            if self.dress:
                hem = w + 22
                self.canvas.blob(
                    [
                        *(
                            (-s * 0.55, top),
                            (s * 0.55, top),
                            (s, top + 5),
                            (h * 0.86, w - 12),
                            (h + 5, w + 8),
                            (h + 10, hem),
                        ),
                        *((0, hem + 3), (-h - 10, hem), (-h - 5, w + 8), (-h * 0.86, w - 12), (-s, top + 5)),
                    ],
                    DRESS.main,
                )
                self.canvas.stroke([(-h * 0.86, w - 10), (0, w - 8.5), (h * 0.86, w - 10)], 3, DRESS.dark, detail=True)
                self.canvas.stroke([(-h - 7, hem - 2), (0, hem), (h + 7, hem - 2)], 2.6, DRESS.light, detail=True)
            else:
                self.canvas.blob(
                    [
                        *((-s * 0.55, top), (s * 0.55, top), (s, top + 6), (s * 0.95, (top + w) / 2), (h + 1.5, w + 3)),
                        *((0, w + 5), (-h - 1.5, w + 3), (-s * 0.95, (top + w) / 2), (-s, top + 6)),
                    ],
                    SHIRT.main,
                )
                self.canvas.stroke([(-h, w + 1.5), (0, w + 3.5), (h, w + 1.5)], 2.6, SHIRT.dark, detail=True)
                for y in (0.3, 0.55, 0.8):
                    self.canvas.ellipse((0, top + (w - top) * y), 1.3, 1.3, SHIRT.light, detail=True)
        self.canvas.pie((0, top - 1), b.head * 0.5, 5, 0, 180, SKIN.main, detail=True)


__all__ = ["BUILDS", "CHEEK", "PEOPLE", "POSES", "WHITE", "Person", "Pose", "draw_person"]
