from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"


@pytest.fixture
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("the public photos are not here")
    return SHARED


@pytest.fixture
def photo() -> Callable[..., Image.Image]:
    """``photo(seed)``: something with large and small structure, as photos have."""

    def make(seed: int, width: int = 320, height: int = 240) -> Image.Image:
        rng = np.random.default_rng(seed)
        canvas = np.zeros((height, width, 3))
        for cells, weight in ((4, 1.0), (8, 0.7), (32, 0.3)):
            noise = Image.fromarray(rng.integers(0, 255, (cells, cells, 3), dtype=np.uint8))
            canvas += weight * np.asarray(noise.resize((width, height), Image.Resampling.BICUBIC), np.float64)
        return Image.fromarray((canvas / canvas.max() * 255).astype(np.uint8))

    return make
