"""Pictures at their own size and shape, for families that pack them in ways of their own.

Each function gives one picture for each row, in the layout of the family's image processor.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from twist_scout.families.inputs_patches import CHANNELS, GRID, flattened_patches, patch_length
from twist_scout.families.inputs_squares import picture_size, pixels


def square_patches(model: Any, rows: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Patches that are not flattened: (rows * patches, channels, height, width)."""
    pictures = flattened_patches(model, rows, generator)
    side = model.config.vision_config.patch_size
    return {**pictures, "pixel_values": pictures["pixel_values"].view(-1, CHANNELS, side, side)}


def merged_patches(model: Any, rows: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Patches that are already merged, four to one, with the channel last: (rows * tokens, height, width, channels).

    The grid counts what is merged.
    """
    vision, (height, width) = model.config.vision_config, (GRID[0] // 2, GRID[1] // 2)
    side = vision.patch_size * vision.spatial_merge_size
    return {
        "pixel_values": torch.randn(rows * height * width, side, side, CHANNELS, generator=generator),
        "image_grid_thw": torch.tensor([[1, height, width]] * rows),
    }


def patches_with_merge_sizes(model: Any, rows: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Flattened patches, with how many are merged said for each picture."""
    return {**flattened_patches(model, rows, generator), "image_merge_sizes": torch.full((rows,), 2)}


def patches_without_time(model: Any, rows: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Flattened patches, with a grid of height and width alone."""
    pictures = flattened_patches(model, rows, generator)
    return {"pixel_values": pictures["pixel_values"], "image_grid_hw": pictures["image_grid_thw"][:, 1:]}


def padded_patches(model: Any, rows: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Flattened patches, filled up to the number that the largest picture has: (rows, most patches, pixels)."""
    height, width = GRID
    most = height * width + 4
    mask = (torch.arange(most) < height * width).int().repeat(rows, 1)
    values = torch.randn(rows, most, patch_length(model), generator=generator)
    return {
        "pixel_values": values * mask[..., None],
        "spatial_shapes": torch.tensor([[height, width]] * rows),
        "pixel_attention_mask": mask,
    }


def patches_in_a_strip(model: Any, rows: int, generator: torch.Generator) -> dict[str, Tensor]:
    """All patches of all pictures beside each other in one long picture, with each picture's grid."""
    height, width = 4, 8  # is halved twice
    side = model.config.vision_config.patch_size
    return {
        "pixel_values": torch.randn(1, CHANNELS, side, rows * height * width * side, generator=generator),
        "target_sizes": torch.tensor([[height, width]] * rows, dtype=torch.int32),
    }


def pooled_patches(model: Any, rows: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Squares of flattened patches, and for each token of a picture the four patches that it pools."""
    side = 4
    corners = torch.arange(rows * side**2).view(rows, side // 2, 2, side // 2, 2)
    return {
        "pixel_values": torch.randn(rows, side**2, patch_length(model), generator=generator),
        "image_token_pooling": corners.transpose(2, 3).reshape(-1, 4),
        "image_grids": torch.tensor([[side // 2, side // 2, 0, 0]] * rows),
        "image_num_crops": torch.ones(rows, dtype=torch.long),
    }


def picture_and_crop(model: Any, rows: int, generator: torch.Generator) -> dict[str, Tensor]:
    """The whole picture, and one crop of it."""
    size = picture_size(model)
    crops = pixels(generator, rows, size)["pixel_values"]
    return {
        **pixels(generator, rows, size),
        "pixel_values_local": crops,
        "num_local_patches": torch.ones(rows, dtype=torch.long),
    }


def picture_for_sam(model: Any, rows: int, generator: torch.Generator) -> dict[str, Tensor]:
    """A square, for a SAM encoder before the vision encoder."""
    return pixels(generator, rows, model.config.vision_config.sam_config.image_size)
