"""Well-formed random inputs of families that have no token in the text for a picture's features.

The picture stands beside the text: it is read by cross-attention, by an encoder, or put in front of the words by the
model itself.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from twist_scout.families.inputs import random_pictures, with_image_tokens, words

FRAMES = 4  # of a video


def picture_beside_words(model: Any, rows: int, generator: torch.Generator) -> dict[str, Tensor]:
    """One square picture for each row of words."""
    return {**prompt(model, rows, generator), **square_picture(model, rows, generator)}


def picture_and_answer(model: Any, rows: int, generator: torch.Generator) -> dict[str, Tensor]:
    """An encoder reads the picture, a decoder writes the words."""
    return {**square_picture(model, rows, generator), **answer(model, rows, generator)}


def picture_prompt_and_answer(model: Any, rows: int, generator: torch.Generator) -> dict[str, Tensor]:
    """An encoder reads the prompt with a token for each of the picture's features, a decoder writes the words."""
    pixels = square_picture(model, rows, generator)
    return {**with_image_tokens(model, rows, generator, pixels), **answer(model, rows, generator)}


def prompt(model: Any, rows: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Ids of a beginning and of words, (rows, words + 1), with their mask."""
    ids = torch.cat([torch.full((rows, 1), 1), words(model, rows, generator)], dim=1)
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}


def answer(model: Any, rows: int, generator: torch.Generator) -> dict[str, Tensor]:
    """What a decoder has written so far, (rows, words + 1), from its own start token on."""
    configs = (model.config, model.config.get_text_config(decoder=True))
    starts = (getattr(config, name, None) for name in ("decoder_start_token_id", "bos_token_id") for config in configs)
    first = next((start for start in starts if isinstance(start, int)), 0)
    return {"decoder_input_ids": torch.cat([torch.full((rows, 1), first), words(model, rows, generator)], dim=1)}


def square_picture(model: Any, rows: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Pixels as large as the config of the vision tower says (32 where it says nothing): (rows, 3, size, size)."""
    config = model.config
    towers = (getattr(config, name, None) for name in ("vision_config", "encoder"))
    tower = next((tower for tower in towers if tower is not None), config)
    size = getattr(getattr(tower, "vision_config", tower), "image_size", 32)
    return {"pixel_values": random_pictures(rows, size, generator)}
