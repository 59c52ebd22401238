"""Numbers that stand for coordinates: how they are read, what is said of those that cannot be, and
how they are written.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from twist_scout.boxes.box import Box

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_LONGEST_NUMBER = 32


@dataclass(frozen=True, slots=True)
class Scale:
    """What numbers a dialect writes.

    Args:
        full: the number that stands for the right border, and the one for the bottom border.
        last: the largest numbers that are written; ``full`` where left out. When reading, both are
            accepted.
        y_first: whether boxes are written ``y1, x1, y2, x2``.
        slack: by how much of ``full`` a number may stick out; it is cut off at the border.
    """

    full: tuple[float, float]
    last: tuple[float, float] | None = None
    y_first: bool = False
    slack: float = 0.0

    @classmethod
    def of(cls, full: float, last: float | None = None, *, y_first: bool = False, slack: float = 0.0) -> Scale:
        """The same numbers on both axes."""
        return cls((full, full), None if last is None else (last, last), y_first, slack)

    def read(self, pieces: Sequence[str]) -> Box | str:
        """A box from the texts of its numbers, or the end of a sentence that says what is wrong
        with it.

        Args:
            pieces: what stands between the separators, spaces included.
        """
        if len(pieces) != 4:
            count = len(pieces) if any(piece.strip() for piece in pieces) else 0
            return f"has {count} number{'' if count == 1 else 's'} instead of 4"
        values: list[float] = []
        last = self.last or self.full
        for position, piece in enumerate(pieces):
            axis = (position + self.y_first) % 2
            piece = piece.strip()
            if len(piece) > _LONGEST_NUMBER or not _NUMBER.fullmatch(piece):
                return f"holds '{shown(piece)}', which is not a number from 0 to {last[axis]:g}"
            value = float(piece)
            room = self.slack * self.full[axis]
            if not -room <= value <= self.full[axis] + room:
                return f"holds {shown(piece)}, which is outside 0 to {last[axis]:g}"
            values.append(min(max(value, 0.0), self.full[axis]))
        if self.y_first:
            values = [values[1], values[0], values[3], values[2]]
        return self.box(values)

    def box(self, values: Sequence[float]) -> Box | str:
        """A box from ``x1, y1, x2, y2`` in the dialect's numbers, or what is wrong with it."""
        x1, y1, x2, y2 = values
        if x2 < x1:
            return f"is inverted: its right edge {x2:g} is left of its left edge {x1:g}"
        if y2 < y1:
            return f"is inverted: its bottom edge {y2:g} is above its top edge {y1:g}"
        width, height = self.full
        return Box(x1 / width, y1 / height, x2 / width, y2 / height)

    def whole_numbers(self, box: Box) -> tuple[int, int, int, int]:
        """The nearest whole numbers ``x1, y1, x2, y2`` for a box.

        A box that has an extent keeps one: if both its edges round to the same number, it takes
        the whole step that holds its middle.
        """
        last = self.last or self.full
        x1, x2 = _whole_edges(box.x1, box.x2, self.full[0], last[0])
        y1, y2 = _whole_edges(box.y1, box.y2, self.full[1], last[1])
        return x1, y1, x2, y2


def read_group(scale: Scale, parts: Sequence[Sequence[str]]) -> tuple[tuple[Box, ...], str | None]:
    """Read the boxes of one group: those that are well formed, and what is wrong with the first
    that is not.

    Args:
        scale: what numbers are expected.
        parts: for each box the texts of its numbers.
    """
    return collect([scale.read(part) for part in parts])


def collect(results: Sequence[Box | str]) -> tuple[tuple[Box, ...], str | None]:
    """Separate boxes from problems; the first problem is enough for a reader."""
    boxes: list[Box] = []
    problem: str | None = None
    for position, result in enumerate(results, start=1):
        if isinstance(result, Box):
            boxes.append(result)
        elif problem is None:
            where = f"box {position} of {len(results)}" if len(results) > 1 else "the box"
            problem = f"{where} {result}"
    return tuple(boxes), problem


def joined(numbers: Iterable[int], separator: str = ",", digits: int = 1) -> str:
    """Whole numbers as text, with leading zeros up to ``digits`` digits."""
    return separator.join(f"{number:0{digits}d}" for number in numbers)


def shown(piece: str, longest: int = 24) -> str:
    """A piece of model output, short and printable (lone surrogates cannot be written to a
    terminal).
    """
    cut = piece if len(piece) <= longest else piece[: longest - 3] + "..."
    return cut.encode("utf-8", "backslashreplace").decode("utf-8")


def _whole_edges(low: float, high: float, full: float, last: float) -> tuple[int, int]:
    first, second = min(round(low * full), int(last)), min(round(high * full), int(last))
    if first == second and low < high:
        first = min(math.floor((low + high) / 2 * full), int(last) - 1)
        second = first + 1
    return first, second
