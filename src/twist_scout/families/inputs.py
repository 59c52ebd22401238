"""Well-formed random inputs, as a family's processor would give them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from twist_scout.errors import BadModel
from twist_scout.families.inputs_patches import flattened_patches
from twist_scout.families.inputs_squares import image_reader, square_pictures

WORDS = 8  # random words after the picture
FIRST_WORD = 40  # smaller ids are kept for special tokens


def words(model: Any, rows: int, generator: torch.Generator, count: int = WORDS) -> Tensor:
    """Random ids of ordinary words: (rows, count)."""
    size = model.config.get_text_config(decoder=True).vocab_size
    return torch.randint(FIRST_WORD, size, (rows, count), generator=generator)


def random_pictures(rows: int, size: int, generator: torch.Generator) -> Tensor:
    """(rows, 3, size, size), as an image processor normalises them."""
    return torch.randn(rows, 3, size, size, generator=generator)


def picture_and_words(model: Any, rows: int, generator: torch.Generator) -> dict[str, Tensor]:
    """What most families take: one picture, as a square or as patches with a grid; a token in the text for each of its
    features; then words.
    """
    patches = takes(image_reader(model), "image_grid_thw")
    pictures = flattened_patches if patches else square_pictures
    return with_image_tokens(model, rows, generator, pictures(model, rows, generator))


def with_image_tokens(
    model: Any, rows: int, generator: torch.Generator, pixels: dict[str, Tensor]
) -> dict[str, Tensor]:
    """Put as many image tokens before the words as the model makes features of its pictures.

    Raises:
        BadModel: the config names no image token, or the features are not the same for each row.
    """
    token = image_token(model)
    features = count_features(model, pixels)
    if features % rows:
        raise BadModel(f"{type(model).__name__} makes {features} features of {rows} equal pictures.")
    before, after = marks(model)
    row = torch.tensor([1, *before, *[token] * (features // rows), *after])
    ids = torch.cat([row.expand(rows, -1), words(model, rows, generator)], dim=1)
    batch = {"input_ids": ids, "attention_mask": torch.ones_like(ids), **pixels}
    for name in ("mm_token_type_ids", "token_type_ids"):
        if takes(model.forward, name):
            batch[name] = (ids == token).long()
    return batch


def takes(function: Callable[..., Any], argument: str) -> bool:
    """Whether a function has an argument of that name."""
    return argument in inspect.signature(function).parameters


def marks(model: Any) -> tuple[list[int], list[int]]:
    """The tokens right before and right after a picture, in families that have them."""
    for kind in ("vision", "image", "im"):
        for what in ("token_id", "id"):
            start, end = (getattr(model.config, f"{kind}_{side}_{what}", None) for side in ("start", "end"))
            if isinstance(start, int) and isinstance(end, int):
                return [start], [end]
    return [], []


def image_token(model: Any) -> int:
    """The id that stands for a picture's features in the text."""
    for name in ("image_token_id", "image_token_index"):
        value = getattr(model.config, name, None)
        if isinstance(value, int):
            return value
    raise BadModel(f"the config of {type(model).__name__} names no image token.")


def count_features(model: Any, pixels: dict[str, Tensor]) -> int:
    """How many vectors the model makes of these pictures, together."""
    with torch.no_grad():
        out = image_reader(model)(**pixels)
    features = getattr(out, "pooler_output", None)
    features = getattr(out, "last_hidden_state", out) if features is None else features
    if features is None:  # all of them go into deeper layers: a list of layers with their features
        features = out.deepstack_features[0][1]
    if isinstance(features, (list, tuple)):
        return sum(part.shape[:-1].numel() for part in features)
    return int(features.shape[:-1].numel())
