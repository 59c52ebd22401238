"""The eight named colours of the toy world, the shades drawn from each, and paints that are chosen when a scene is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

RGB = tuple[int, int, int]
Shade = Literal["main", "dark", "light"]

COLORS: dict[str, RGB] = {
    "red": (222, 30, 38),
    "orange": (255, 136, 0),
    "yellow": (255, 222, 30),
    "green": (32, 160, 62),
    "blue": (30, 96, 225),
    "purple": (122, 44, 170),
    "pink": (255, 150, 205),
    "brown": (112, 66, 34),
}
"""RGB (0..255) of each colour name; far apart to the eye also in small pictures."""

WHITE: RGB = (255, 255, 255)
INK: RGB = (44, 40, 52)
CREAM: RGB = (255, 240, 214)
CHEEK: RGB = (244, 160, 150)
GLASS: RGB = (205, 234, 246)
GLASS_SHINE: RGB = (236, 249, 255)
METAL: RGB = (196, 202, 212)
TYRE: RGB = (56, 56, 66)
WOOD: RGB = (176, 134, 92)
BEAK: RGB = (246, 180, 60)
LAMP: RGB = (255, 240, 170)


def _mix(a: RGB, b: RGB, share: float) -> RGB:
    return (
        round(a[0] + (b[0] - a[0]) * share),
        round(a[1] + (b[1] - a[1]) * share),
        round(a[2] + (b[2] - a[2]) * share),
    )


@dataclass(frozen=True, slots=True)
class Slot:
    """A paint whose colour is chosen when a scene is drawn: the ``shade`` of whatever colour ``name`` has there.

    So one recorded drawing serves every colour, and a person every outfit.
    """

    name: str
    shade: Shade

    def resolve(self, palettes: Mapping[str, Palette]) -> RGB:
        """The RGB value under these palettes.

        Raises:
            KeyError: no palette has this name.
        """
        palette = palettes[self.name]
        return (palette.main, palette.dark, palette.light)[("main", "dark", "light").index(self.shade)]


Paint = RGB | Slot


@dataclass(frozen=True, slots=True)
class Slots:
    """The three paints of one name; drawing functions use it as they would use a palette."""

    name: str

    @property
    def main(self) -> Slot:
        """The named colour itself."""
        return Slot(self.name, "main")

    @property
    def dark(self) -> Slot:
        """Its darker shade."""
        return Slot(self.name, "dark")

    @property
    def light(self) -> Slot:
        """Its lighter shade."""
        return Slot(self.name, "light")


@dataclass(frozen=True)
class Palette:
    """A named colour with one darker and one lighter shade of itself, RGB in 0..255."""

    name: str
    main: RGB
    dark: RGB
    light: RGB

    @classmethod
    def of(cls, name: str) -> Palette:
        """Build the palette of a colour name.

        Raises:
            ValueError: `name` is not one of `COLORS`.
        """
        if name not in COLORS:
            raise ValueError(f"unknown colour {name!r}: use one of {', '.join(COLORS)}")
        main = COLORS[name]
        # Shades stay close to the named colour; a blackened orange would turn into a brown.
        dark = _mix(main, (190, 30, 0), 0.22) if name == "orange" else _mix(main, INK, 0.16)
        return cls(name, main, dark, _mix(main, WHITE, 0.18))

    @property
    def shades(self) -> tuple[RGB, RGB, RGB]:
        """The three RGB values that count as this colour."""
        return (self.main, self.dark, self.light)


def _tone(main: RGB) -> Palette:
    return Palette("", main, _mix(main, INK, 0.14), _mix(main, WHITE, 0.2))


SKINS: tuple[Palette, ...] = tuple(_tone(c) for c in ((250, 208, 174), (224, 172, 128), (176, 122, 84), (128, 86, 60)))
"""Skins of people, light to dark; not a colour that anybody is asked about."""

HAIRS: tuple[Palette, ...] = tuple(
    _tone(c) for c in ((34, 30, 36), (84, 56, 44), (148, 82, 44), (226, 186, 104), (196, 196, 204))
)
"""Hair of people: black, brown, auburn, fair, grey."""
