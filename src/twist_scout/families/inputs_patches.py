"""Pictures as rows of flattened patches with a grid, the way of Qwen-like and native-resolution families."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

GRID = (4, 6)  # patches in height and width: not square, so that mixing them up would show
CHANNELS = 3


def flattened_patches(model: Any, rows: int, generator: torch.Generator) -> dict[str, Tensor]:
    """One picture for each row: pixels (rows * patches, pixels of a patch), and its grid of time, height and width."""
    height, width = GRID
    pixels = torch.randn(rows * height * width, patch_length(model), generator=generator)
    return {"pixel_values": pixels, "image_grid_thw": torch.tensor([[1, height, width]] * rows)}


def numbered_patches(model: Any, rows: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Patches that begin with their row and column, counted from 1: (rows, patches, 2 + pixels of a patch)."""
    numbers = [torch.arange(1.0, side + 1) for side in GRID]
    places = torch.cartesian_prod(*numbers).expand(rows, -1, -1)
    size = model.config.vision_config.patch_embed_hidden_size
    patches = torch.randn(*places.shape[:2], size, generator=generator)
    return {"flattened_patches": torch.cat([places, patches], dim=-1)}


def patch_length(model: Any) -> int:
    """How many numbers one flattened patch has: channels x frames x height x width."""
    vision = model.config.vision_config
    frames = getattr(vision, "temporal_patch_size", getattr(vision, "patch_temporal", 1))
    return int(CHANNELS * frames * vision.patch_size**2)
