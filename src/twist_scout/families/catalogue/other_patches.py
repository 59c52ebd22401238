"""Families that take patches in ways of their own: with their places, with a mask over the text, or bare."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from twist_scout.families.inputs import with_image_tokens, words
from twist_scout.families.inputs_patches import numbered_patches
from twist_scout.families.inputs_squares import pixels
from twist_scout.families.shrinking import inside
from twist_scout.families.tiny import Family

GEMMA_EXPERTS = {"num_experts": 4, "top_k_experts": 2, "moe_intermediate_size": 48}
ROPE = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 1, 1]}
GRID = (6, 3)  # patches in width and height
PADDING = 9  # patches that are none
PLACE = 3  # the token where a picture's feature goes


def placed_patches(model: Any, rows: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Gemma 4: patches, and the place of each, column first; then padding, which has none."""
    vision = model.config.vision_config
    side = getattr(vision, "model_patch_size", vision.patch_size)
    columns, lines = GRID
    places = torch.stack(torch.meshgrid(torch.arange(columns), torch.arange(lines), indexing="xy"), dim=-1)
    patches = torch.rand(rows, columns * lines, 3 * side**2, generator=generator)
    pictures = {
        "pixel_values": F.pad(patches, (0, 0, 0, PADDING)),
        "image_position_ids": F.pad(places.flatten(0, 1), (0, 0, 0, PADDING), value=-1).expand(rows, -1, -1),
    }
    return with_image_tokens(model, rows, generator, pictures)


def placed_patches_and_canvas(model: Any, rows: int, generator: torch.Generator) -> dict[str, Tensor]:
    """DiffusionGemma: the prompt with its picture, and the tokens that are being written, all at once."""
    batch = placed_patches(model, rows, generator)
    return {
        **batch,
        "mm_token_type_ids": (batch["input_ids"] == model.config.image_token_id).long(),
        "decoder_input_ids": words(model, rows, generator, count=model.config.canvas_length),
    }


def plain_patches(model: Any, rows: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Fuyu: patches without a vision tower."""
    columns, lines = GRID
    patches = torch.randn(rows, columns * lines, 3 * model.config.patch_size**2, generator=generator)
    return with_image_tokens(model, rows, generator, {"pixel_values": patches})


def marked_pictures(model: Any, rows: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Kosmos-2: a mask says where in the text the picture's features go."""
    return {**marked_words(model, rows, generator), **pixels(generator, rows, model.config.vision_config.image_size)}


def marked_patches(model: Any, rows: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Kosmos-2.5: the same, of patches that begin with their row and column."""
    return {**marked_words(model, rows, generator), **numbered_patches(model, rows, generator)}


def marked_words(model: Any, rows: int, generator: torch.Generator) -> dict[str, Tensor]:
    """A beginning, places for a picture's features, and words, with a mask over the places."""
    first, features = torch.full((rows, 1), 1), torch.full((rows, model.config.latent_query_num), PLACE)
    ids = torch.cat([first, features, words(model, rows, generator)], dim=1)
    return {
        "input_ids": ids,
        "attention_mask": torch.ones_like(ids),
        "image_embeds_position_mask": (ids == PLACE).long(),
    }


OTHER_PATCHES: tuple[Family, ...] = (
    Family(
        "cohere_compass",
        {
            "vision_config.deepstack_visual_indexes": [0],
            "text_config.layer_types": ["sliding_attention", "full_attention"],
            "text_config.rope_parameters": dict.fromkeys(("sliding_attention", "full_attention"), ROPE),
        },
    ),
    Family(
        "diffusion_gemma",
        {**inside("text_config", GEMMA_EXPERTS), "canvas_length": 8},
        inputs=placed_patches_and_canvas,
        note="The decoder's layers get the twin, not the prompt's; of a layer, the dense network beside the experts.",
    ),
    Family("fuyu", inputs=plain_patches),
    Family(
        "gemma4",
        inside("text_config", {**GEMMA_EXPERTS, "enable_moe_block": True}),
        start={"vision_config": {"model_type": "gemma4_vision"}},
        inputs=placed_patches,
        note="Of a layer with experts, the dense network beside them gets the twin.",
    ),
    Family(
        "gemma4_unified",
        {"vision_config.mm_embed_dim": 32, "vision_config.mm_posemb_size": 8, "vision_config.output_proj_dims": 32},
        start={"vision_config": {"model_type": "gemma4_unified_vision"}},
        inputs=placed_patches,
    ),
    Family("kosmos-2", inputs=marked_pictures),
    Family("kosmos-2.5", {"vision_config.patch_embed_hidden_size": 3 * 8 * 8}, inputs=marked_patches),
)
