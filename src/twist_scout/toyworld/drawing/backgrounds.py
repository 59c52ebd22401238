"""Calm pastel settings, one function each, varied a little by a random generator."""

from __future__ import annotations

import colorsys
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

from twist_scout.toyworld.drawing.colors import RGB

VARIATIONS = 16
"""How many variants each setting has; a scene's seed picks one."""


class Setting:
    """A square picture under construction, addressed in [0, 1] coordinates."""

    def __init__(self, name: str, variation: int, size: int) -> None:
        self.size = size
        # A str hash changes from process to process; the letters' codes do not.
        self.random = np.random.default_rng([variation, *name.encode()])
        self._drift = float(self.random.uniform(-0.025, 0.025))
        self.image = Image.new("RGB", (size, size))
        self._pen = ImageDraw.Draw(self.image)

    def tint(self, color: RGB) -> RGB:
        """`color` with this variant's small drift in hue."""
        h, s, v = colorsys.rgb_to_hsv(*(c / 255 for c in color))
        r, g, b = colorsys.hsv_to_rgb((h + self._drift) % 1.0, s, v)
        return (round(r * 255), round(g * 255), round(b * 255))

    def near(self, low: float, high: float) -> float:
        """A random number between `low` and `high`."""
        return float(self.random.uniform(low, high))

    def gradient(self, top: RGB, bottom: RGB) -> None:
        """Fill the picture from `top` to `bottom`."""
        a, b = np.array(self.tint(top), float), np.array(self.tint(bottom), float)
        rows = a + (b - a) * np.linspace(0, 1, self.size)[:, None]
        full = np.repeat(rows.round().astype(np.uint8)[:, None], self.size, axis=1)
        self.image.paste(Image.fromarray(full))

    def land(self, level: float, swing: float, color: RGB) -> None:
        """Everything below a wavy line around height `level`."""
        xs = np.linspace(0, 1, 40)
        phase, pace = self.near(0, 6.3), self.near(3.5, 6.5)
        ys = level + swing * np.sin(pace * xs + phase) + swing * 0.4 * np.sin(2.3 * pace * xs)
        line = [(float(x), float(y)) for x, y in zip(xs, ys, strict=True)]
        self.polygon([(0.0, 1.1), *line, (1.0, 1.1)], color)

    def polygon(self, points: list[tuple[float, float]], color: RGB) -> None:
        """A filled polygon."""
        self._pen.polygon([(x * self.size, y * self.size) for x, y in points], self.tint(color))

    def box(self, x1: float, y1: float, x2: float, y2: float, color: RGB) -> None:
        """A filled rectangle."""
        s = self.size
        self._pen.rectangle((x1 * s, y1 * s, x2 * s, y2 * s), self.tint(color))

    def disc(self, x: float, y: float, rx: float, ry: float, color: RGB) -> None:
        """A filled ellipse."""
        s = self.size
        self._pen.ellipse(((x - rx) * s, (y - ry) * s, (x + rx) * s, (y + ry) * s), self.tint(color))

    def clouds(self, count: int, color: RGB, *, lowest: float = 0.28) -> None:
        """A few flat clouds."""
        for _ in range(count):
            x, y, r = self.near(0, 1), self.near(0.05, lowest), self.near(0.035, 0.06)
            for dx, scale in ((-1.3, 0.7), (0, 1.0), (1.3, 0.75)):
                self.disc(x + dx * r, y + (1 - scale) * r * 0.6, r * scale * 1.2, r * scale * 0.8, color)


def _park(s: Setting) -> None:
    s.gradient((204, 230, 246), (236, 246, 248))
    s.clouds(3, (248, 252, 254))
    level = s.near(0.42, 0.58)
    s.land(level, 0.05, (210, 230, 196))
    s.land(level + 0.1, 0.04, (200, 224, 184))
    s.land(level + 0.27, 0.03, (192, 218, 174))


def _beach(s: Setting) -> None:
    s.gradient((208, 234, 246), (240, 247, 246))
    s.clouds(2, (250, 252, 252), lowest=0.2)
    level = s.near(0.36, 0.48)
    s.box(0, level, 1, 1, (180, 218, 228))
    s.box(0, level + 0.06, 1, level + 0.065, (200, 230, 236))
    shore = level + s.near(0.14, 0.24)
    s.land(shore - 0.025, 0.015, (230, 243, 243))
    s.land(shore, 0.015, (243, 232, 206))


def _room(s: Setting) -> None:
    s.gradient((240, 230, 222), (238, 226, 218))
    floor = s.near(0.6, 0.74)
    step = s.near(0.1, 0.16)
    for k in range(12):
        s.box(k * step, 0, k * step + step * 0.45, floor, (243, 235, 228))
    s.box(0, floor, 1, 1, (224, 206, 186))
    for k in range(1, 5):
        y = floor + (1 - floor) * (k / 5) ** 1.3
        s.box(0, y, 1, y + 0.004, (214, 194, 172))
    s.box(0, floor - 0.03, 1, floor, (250, 246, 240))


def _street(s: Setting) -> None:
    s.gradient((216, 230, 242), (240, 242, 244))
    ground = s.near(0.52, 0.64)
    walls: tuple[RGB, ...] = ((222, 216, 222), (214, 218, 226), (228, 222, 216), (216, 222, 218))
    x = -0.05
    while x < 1:
        width, top = s.near(0.14, 0.22), ground - s.near(0.16, 0.32)
        wall = walls[int(s.random.integers(len(walls)))]
        s.box(x, top, x + width, ground, wall)
        if s.near(0, 1) < 0.6:
            s.polygon([(x, top), (x + width / 2, top - 0.07), (x + width, top)], (206, 204, 212))
        for row in range(int((ground - top - 0.03) / 0.075)):
            for column in (0.25, 0.65):
                left, high = x + width * column - 0.015, top + 0.03 + row * 0.075
                s.box(left, high, left + 0.03, high + 0.035, (238, 238, 238))
        x += width
    s.box(0, ground, 1, ground + 0.06, (230, 228, 226))
    s.box(0, ground + 0.06, 1, 1, (206, 208, 214))
    lane, start = ground + s.near(0.18, 0.24), s.near(-0.1, 0)
    for k in range(7):
        s.box(start + k * 0.18, lane, start + k * 0.18 + 0.09, lane + 0.012, (232, 233, 236))


def _snow(s: Setting) -> None:
    s.gradient((214, 226, 240), (236, 240, 246))
    level = s.near(0.42, 0.56)
    peak = s.near(0.15, 0.4)
    for x, height in ((peak, 0.24), (peak + 0.42, 0.19)):
        s.polygon(
            [(x - 0.35, level + 0.08), (x, level - height), (x + 0.35, level + 0.08)],
            (204, 214, 228),
        )
    s.land(level + 0.03, 0.03, (228, 234, 242))
    s.land(level + 0.2, 0.03, (238, 242, 247))


def _lake(s: Setting) -> None:
    s.gradient((226, 232, 246), (246, 240, 236))
    level = s.near(0.4, 0.54)
    s.land(level - 0.06, 0.035, (206, 218, 208))
    s.box(0, level, 1, 1, (192, 218, 226))
    for _ in range(14):
        x, y, w = s.near(-0.1, 1), s.near(level + 0.03, 0.97), s.near(0.05, 0.13)
        s.box(x, y, x + w, y + 0.006, (212, 232, 237))


def _kitchen(s: Setting) -> None:
    s.gradient((238, 240, 236), (232, 236, 230))
    counter = s.near(0.5, 0.58)
    step = s.near(0.075, 0.1)
    for row in range(int(counter / step) + 1):
        for column in range(int(1 / step) + 1):
            x, y = column * step, row * step
            s.box(x + 0.004, y + 0.004, x + step - 0.004, y + step - 0.004, (244, 246, 242))
    for x in (s.near(0.02, 0.1), s.near(0.6, 0.68)):
        s.box(x, 0, x + 0.3, 0.2, (222, 212, 198))
        s.box(x + 0.148, 0, x + 0.152, 0.2, (206, 196, 182))
        for knob in (0.125, 0.175):
            s.disc(x + knob, 0.15, 0.008, 0.008, (190, 180, 168))
    s.box(0, counter, 1, counter + 0.035, (212, 204, 196))
    floor = s.near(0.78, 0.84)
    s.box(0, counter + 0.035, 1, floor, (226, 218, 206))
    for k in range(1, 5):
        s.box(k * 0.2, counter + 0.035, k * 0.2 + 0.005, floor, (208, 198, 186))
    for k in range(12):
        for row in range(3):
            shade: RGB = (228, 226, 222) if (k + row) % 2 else (216, 214, 212)
            s.box(k * 0.09, floor + row * 0.08, k * 0.09 + 0.09, floor + row * 0.08 + 0.08, shade)


_PAINTERS: dict[str, Callable[[Setting], None]] = {
    "beach": _beach,
    "street": _street,
    "room": _room,
    "kitchen": _kitchen,
    "park": _park,
    "snow": _snow,
    "lake": _lake,
}

SETTINGS: tuple[str, ...] = tuple(_PAINTERS)
"""Where a picture can have been taken."""

HORIZONS: dict[str, float] = {
    "beach": 0.52,
    "street": 0.6,
    "room": 0.68,
    "kitchen": 0.66,
    "park": 0.52,
    "snow": 0.52,
    "lake": 0.48,
}
"""About where the ground begins, as a share of the picture's height."""


@lru_cache(maxsize=256)
def paint_background(name: str, variation: int, size: int) -> Image.Image:
    """One variant of a setting as an RGB picture (size, size); cached, so copy before drawing.

    Raises:
        ValueError: `name` is not one of `SETTINGS`.
    """
    if name not in _PAINTERS:
        raise ValueError(f"unknown setting {name!r}: use one of {', '.join(SETTINGS)}")
    setting = Setting(name, variation, size)
    _PAINTERS[name](setting)
    return setting.image


@lru_cache(maxsize=64)
def paint_paper(variation: int, size: int) -> Image.Image:
    """Squared paper for diagrams as an RGB picture (size, size); cached, so copy before drawing."""
    random = np.random.default_rng([variation, 0xD1A6])
    ground = np.array(((246, 246, 240), (238, 244, 248), (248, 242, 234))[int(random.integers(3))])
    image = Image.new("RGB", (size, size), tuple(int(c) for c in ground))
    pen = ImageDraw.Draw(image)
    gap, rule = float(random.uniform(0.05, 0.08)) * size, tuple(int(c) - 16 for c in ground)
    for n in range(int(size / gap) + 1):
        at = round(n * gap)
        pen.line([(at, 0), (at, size)], fill=rule)
        pen.line([(0, at), (size, at)], fill=rule)
    return image
