"""Where the people and things of a scene stand, and how large they are."""

from __future__ import annotations

import numpy as np

from twist_scout.toyworld.drawing import HORIZONS, PEOPLE, Placed
from twist_scout.toyworld.staging import Unit

Rng = np.random.Generator

#: Geometric mean of width and height as a share of the picture's side.
SIZES: dict[str, tuple[float, float]] = {
    "small": (0.17, 0.23),
    "medium": (0.28, 0.35),
    "large": (0.42, 0.54),
}


def place(rng: Rng, setting: str, unit: Unit, count: int) -> dict[int, Placed] | None:
    """Members of a unit, from back to front, somewhere in the picture; ``None`` where it does not fit in."""
    width, height = unit.size
    mean = (width * height) ** 0.5
    word = _size_lot(rng, unit, count)
    scale = (
        rng.uniform(*SIZES[word])
        / ((unit.spots[0].x2 - unit.spots[0].x1) * (unit.spots[0].y2 - unit.spots[0].y1)) ** 0.5
    )
    if unit.interactions:  # the size is that of the one who acts
        spot = next(s for s in unit.spots if s.member == 0)
        scale = rng.uniform(*SIZES[word]) / ((spot.x2 - spot.x1) * (spot.y2 - spot.y1)) ** 0.5
    scale = min(scale, 0.96 / width, 0.96 / height)
    width, height = width * scale, height * scale
    if mean * scale < 0.15:
        return None
    left = rng.uniform(0.01, 0.99 - width)
    top = rng.uniform(*_heights(rng, setting, unit, height))
    flip = bool(rng.random() < 0.5)
    placed = {}
    for spot in unit.spots:
        member = unit.members[spot.member]
        x1, x2 = left + spot.x1 * scale, left + spot.x2 * scale
        if flip:
            x1, x2 = 2 * left + width - x2, 2 * left + width - x1
        y1, y2 = top + spot.y1 * scale, top + spot.y2 * scale
        box = (max(0.0, x1), max(0.0, y1), min(1.0, x2), min(1.0, y2))
        placed[spot.member] = Placed(member.kind, member.colors, *box, flip, member.figure, member.looks)
    return placed


def _size_lot(rng: Rng, unit: Unit, count: int) -> str:
    """A size word: people who do something are seldom small, and crowds are."""
    weights = [0.34, 0.4, 0.26] if count <= 2 else [0.42, 0.44, 0.14] if count == 3 else [0.58, 0.4, 0.02]
    if unit.members[0].kind in PEOPLE:
        weights = [0.0, 0.62, 0.38] if count <= 2 else [0.1, 0.8, 0.1] if count == 3 else [0.3, 0.7, 0.0]
    return list(SIZES)[int(rng.choice(3, p=weights))]


def _heights(rng: Rng, setting: str, unit: Unit, height: float) -> tuple[float, float]:
    """Between which heights a unit's upper edge may lie: the ground for what stands, the sky for what flies."""
    lowest = 0.99 - height
    if unit.members[0].kind in ("bird", "kite") and not unit.interactions and rng.random() < 0.6:
        return 0.01, max(0.02, min(lowest, 0.5 - height))
    highest = max(0.01, HORIZONS[setting] - height + 0.02)
    if rng.random() < 0.15:  # on a hill, on a wall, or thrown into the air
        highest = 0.01
    return min(highest, lowest), lowest


def crowded(groups: list[dict[int, Placed]]) -> bool:
    """Cheap look before drawing: do members of two units overlap by more than a third of the smaller box?"""
    for i, mine in enumerate(groups):
        for theirs in groups[:i]:
            for a in mine.values():
                for b in theirs.values():
                    width = min(a.x2, b.x2) - max(a.x1, b.x1)
                    height = min(a.y2, b.y2) - max(a.y1, b.y1)
                    smaller = min((a.x2 - a.x1) * (a.y2 - a.y1), (b.x2 - b.x1) * (b.y2 - b.y1))
                    if width > 0 and height > 0 and width * height > smaller / 3:
                        return True
    return False
