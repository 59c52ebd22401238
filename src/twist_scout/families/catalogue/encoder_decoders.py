"""Families whose encoder reads the picture (and a prompt), and whose decoder writes the answer.

Encoder and decoder have different numbers of layers, as Donut and PP-FormulaNet have, whose config gives the encoder's as
the number of layers: one must not be taken for the other.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from twist_scout.families.inputs_beside import (
    answer,
    picture_and_answer,
    picture_prompt_and_answer,
    prompt,
    square_picture,
)
from twist_scout.families.inputs_patches import numbered_patches
from twist_scout.families.tiny import Family

STAGES: dict[str, Any] = {  # one size for each of the two stages of Florence-2's tower
    "depths": (1, 1),
    "patch_size": (7, 3),
    "patch_stride": (4, 4),
    "patch_padding": (3, 1),
    "patch_prenorm": (False, True),
    "embed_dim": (16, 32),
    "num_heads": (2, 4),
    "num_groups": (2, 4),
    "window_size": 4,
}
SWIN: dict[str, Any] = {
    "model_type": "donut-swin",
    "depths": [1, 1],
    "num_heads": [2, 4],
    "window_size": 2,
}
T5GEMMA2: dict[str, Any] = {
    "decoder.num_hidden_layers": 3,
    "decoder.layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
}
NECK: dict[str, Any] = dict.fromkeys(
    ("output_channels", "post_conv_in_channels", "post_conv_mid_channels", "post_conv_out_channels"), 16
)


def numbered_patches_and_answer(model: Any, rows: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Pix2Struct: flattened patches that begin with their row and column, counted from 1; no prompt beside them."""
    patches = numbered_patches(model, rows, generator)
    mask = torch.ones(patches["flattened_patches"].shape[:2], dtype=torch.long)
    return {**patches, "attention_mask": mask, **answer(model, rows, generator)}


def page_and_answer(model: Any, rows: int, generator: torch.Generator) -> dict[str, Tensor]:
    """UDOP: a page, its words, and the box of each word in fractions of the page."""
    batch = prompt(model, rows, generator)
    corners = 0.1 + 0.4 * torch.rand(*batch["input_ids"].shape, 2, generator=generator)
    boxes = torch.cat([corners, corners + 0.1], dim=-1)
    return {**batch, "bbox": boxes, **square_picture(model, rows, generator), **answer(model, rows, generator)}


ENCODER_DECODERS: tuple[Family, ...] = (
    Family(
        "florence2",
        {**{f"vision_config.{name}": value for name, value in STAGES.items()}, "text_config.encoder_layers": 3},
        inputs=picture_prompt_and_answer,
    ),
    Family(
        "pix2struct",
        {"vision_config.patch_embed_hidden_size": 3 * 8 * 8},
        inputs=numbered_patches_and_answer,
    ),
    Family(
        "pp_formulanet",
        {
            **{f"vision_config.{name}": value for name, value in NECK.items()},
            "vision_config.decoder_hidden_size": 32,
            "text_config.encoder_layers": 3,
            "vision_config.num_hidden_layers": 3,
        },
        inputs=picture_and_answer,
    ),
    Family("t5gemma2", T5GEMMA2, inputs=picture_prompt_and_answer),
    Family("udop", {"num_layers": 4, "num_decoder_layers": 2, "decoder_start_token_id": 0}, inputs=page_and_answer),
    Family(
        "vision-encoder-decoder",
        {"encoder.hidden_size": 64, "decoder.encoder_layers": 3, "decoder.is_decoder": True},
        start={"encoder": SWIN, "decoder": {"model_type": "mbart", "is_decoder": True, "add_cross_attention": True}},
        inputs=picture_and_answer,
        note="Tried as Donut: its Swin tower and an mBART decoder.",
    ),
)
