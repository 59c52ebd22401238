"""Whole pictures as squares of pixels: alone, cut into tiles, or several for each row with a mask."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch import Tensor

from twist_scout.errors import BadModel
from twist_scout.families.shrinking import SIZES

PICTURES = 2  # for each row, in families whose batches have room for several
TILES = 3  # of one picture, in families that cut it: two, and the whole in one


def square_pictures(model: Any, rows: int, generator: torch.Generator) -> dict[str, Tensor]:
    """One picture for each row, or several, in the layout that the model's ``get_image_features`` asks for."""
    size = picture_size(model)
    wanted = inspect.signature(image_reader(model)).parameters
    if "image_sizes" in wanted:
        if hasattr(model.config, "image_grid_pinpoints"):
            tiles = tiled_pictures(rows, size, generator)
            counts = {"batch_num_images": torch.ones(rows, dtype=torch.long)} if "batch_num_images" in wanted else {}
            return {**tiles, **counts}
        return {**pixels(generator, rows, size), "image_sizes": torch.tensor([[size, size]] * rows)}
    if "pixel_attention_mask" in wanted:
        return {
            **pixels(generator, rows, PICTURES, size),
            "pixel_attention_mask": torch.ones(rows, PICTURES, size, size, dtype=torch.long),
        }
    return pixels(generator, rows, size)


def tiled_pictures(rows: int, size: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Pictures that are taller than wide: the whole, squeezed into a square, and one tile above another.

    They are less wide than a tile, so the tiles are padded at the sides, and the model has to cut that off again.
    """
    return {**pixels(generator, rows, TILES, size), "image_sizes": torch.tensor([[2 * size, size // 2]] * rows)}


def pixels(generator: torch.Generator, *shape: int) -> dict[str, Tensor]:
    """Random pixels, (*shape, 3, size, size) with the size given last."""
    *before, size = shape
    return {"pixel_values": torch.randn(*before, 3, size, size, generator=generator)}


def picture_size(model: Any) -> int:
    """Side of the square that the vision tower takes, in pixels."""
    size = getattr(getattr(model.config, "vision_config", None), "image_size", SIZES["image_size"])
    return int(size[0] if isinstance(size, (list, tuple)) else size)


def image_reader(model: Any) -> Any:
    """The method that makes features of pictures; some families have it on a model inside only.

    Raises:
        BadModel: there is none.
    """
    for module in model.modules():
        if hasattr(module, "get_image_features"):
            return module.get_image_features
    raise BadModel(f"{type(model).__name__} takes no pictures: it has no get_image_features.")
