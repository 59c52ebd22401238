"""The eight named colours of the toy world and the shades drawn from each."""

from __future__ import annotations

from dataclasses import dataclass

RGB = tuple[int, int, int]

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
SKIN: RGB = (250, 205, 170)
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
