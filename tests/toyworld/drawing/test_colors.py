"""Laws of the palette: names far apart, shades near their name."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from twist_scout.toyworld.drawing import COLORS, Palette


@pytest.mark.parametrize(("one", "other"), list(combinations(COLORS, 2)))
def test_named_colors_are_far_apart(one: str, other: str) -> None:
    assert np.linalg.norm(np.subtract(COLORS[one], COLORS[other])) > 85


@pytest.mark.parametrize("name", COLORS)
def test_each_shade_is_nearest_to_its_own_name(name: str) -> None:
    for shade in Palette.of(name).shades:
        gaps = {n: float(np.linalg.norm(np.subtract(shade, rgb))) for n, rgb in COLORS.items()}
        assert min(gaps, key=lambda n: gaps[n]) == name


def test_unknown_color_is_refused() -> None:
    with pytest.raises(ValueError, match="mauve"):
        Palette.of("mauve")
