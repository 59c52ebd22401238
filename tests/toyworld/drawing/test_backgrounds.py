"""Laws of the settings: calm, varied, and never mistaken for an object."""

from __future__ import annotations

import numpy as np
import pytest

from twist_scout.toyworld.drawing import COLORS, SETTINGS
from twist_scout.toyworld.drawing.backgrounds import VARIATIONS, paint_background


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_stay_pastel(name: str) -> None:
    for variation in range(VARIATIONS):
        pixels = np.asarray(paint_background(name, variation, 60)).astype(int)
        chroma = pixels.max(axis=-1) - pixels.min(axis=-1)
        assert chroma.max() <= 75
        assert pixels.mean(axis=-1).min() >= 150
        for rgb in COLORS.values():
            assert np.linalg.norm(pixels - np.array(rgb), axis=-1).min() > 50


@pytest.mark.parametrize("name", SETTINGS)
def test_variations_differ(name: str) -> None:
    pictures = {paint_background(name, v, 240).tobytes() for v in range(VARIATIONS)}
    assert len(pictures) == VARIATIONS
