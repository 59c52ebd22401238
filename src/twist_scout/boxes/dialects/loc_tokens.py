"""Runs of location tokens, ``<loc_52><loc_333>...``, four to a box (Florence-2, PaliGemma)."""

from __future__ import annotations

import re
from collections.abc import Callable

from twist_scout.boxes.box import Box
from twist_scout.boxes.dialects.numbers import collect

_INSIDE = re.compile(r"<loc_?([^<>]*+)>")


def read_run(run: str, read: Callable[[list[str]], Box | str]) -> tuple[tuple[Box, ...], str | None]:
    """Read the boxes of one run.

    Args:
        run: location tokens and nothing else but spaces.
        read: makes a box of four numbers, or says what is wrong with it.

    Returns:
        The boxes that are well formed, and what is wrong with the first that is not.
    """
    numbers = _INSIDE.findall(run)
    return collect([read(numbers[n : n + 4]) for n in range(0, len(numbers), 4)])
