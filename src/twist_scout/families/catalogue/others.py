"""Families with ways of their own: question-aware queries, cross-attention, videos, and towers from other libraries."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from twist_scout.families.inputs import random_pictures, with_image_tokens, words
from twist_scout.families.inputs_beside import FRAMES, picture_beside_words, prompt, square_picture
from twist_scout.families.tiny import Family

QUERIES: dict[str, Any] = {"num_query_tokens": 4}
# A small convolutional tower of transformers itself, where the family's own comes from timm.
CONVOLUTIONS: dict[str, Any] = {
    "model_type": "resnet",
    "embedding_size": 16,
    "hidden_sizes": [16, 32],
    "depths": [1, 1],
    "hidden_size": 32,
    "image_size": 32,
}
CLIP: dict[str, Any] = {"model_type": "clip_vision_model", "model_args": {"embed_dim": 32}}
GEMMA3N: dict[str, Any] = {
    "vision_config": {**CONVOLUTIONS, "vocab_offset": 160, "vocab_size": 8, "rms_norm_eps": 1e-6},
    "vision_soft_tokens_per_image": 16,
    "audio_config.vocab_offset": 168,
    "audio_config.vocab_size": 8,
    "audio_config.conf_num_hidden_layers": 1,
    "audio_config.conf_num_attention_heads": 4,
    "audio_config.input_feat_size": 16,
    "audio_config.sscp_conv_channel_size": (8, 8),
    "text_config.num_hidden_layers": 4,
    "text_config.num_kv_shared_layers": 2,
    "text_config.layer_types": ["sliding_attention", "full_attention"] * 2,
    "text_config.activation_sparsity_pattern": [0.95, 0.95, 0.0, 0.0],
    "text_config.intermediate_size": [48] * 4,
    "text_config.laurel_rank": 8,
}
INKLING: dict[str, Any] = {
    "vision_config.num_hidden_layers": 4,
    "vision_config.patch_size": 4,
    "text_config.logits_mup_width_multiplier": 1.0,
}
NO_TIMM = "Tried with another vision tower: its own comes from timm."


def picture_and_question(model: Any, rows: int, generator: torch.Generator) -> dict[str, Tensor]:
    """InstructBLIP: the queries read the question too."""
    return with_image_tokens(
        model, rows, generator, {**square_picture(model, rows, generator), **question(rows, generator)}
    )


def video_and_question(model: Any, rows: int, generator: torch.Generator) -> dict[str, Tensor]:
    """InstructBLIP for videos: as many video tokens as there are queries for all frames."""
    size = model.config.vision_config.image_size
    pixels = random_pictures(rows * FRAMES, size, generator).unflatten(0, (rows, FRAMES))
    tokens = torch.full((rows, FRAMES * model.config.num_query_tokens), model.config.video_token_index)
    ids = torch.cat([torch.full((rows, 1), 1), tokens, words(model, rows, generator)], dim=1)
    return {
        "input_ids": ids,
        "attention_mask": torch.ones_like(ids),
        "pixel_values": pixels,
        **question(rows, generator),
    }


def question(rows: int, generator: torch.Generator) -> dict[str, Tensor]:
    """What the queries of InstructBLIP read, in a vocabulary of their own."""
    ids = torch.randint(40, 160, (rows, 6), generator=generator)
    return {"qformer_input_ids": ids, "qformer_attention_mask": torch.ones_like(ids)}


def pictures_for_cross_attention(model: Any, rows: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Idefics: a list of pictures for each row, and a mask that says which word sees which of them."""
    batch = prompt(model, rows, generator)
    pixels = square_picture(model, rows, generator)["pixel_values"].unsqueeze(1)
    seen = torch.ones(*batch["input_ids"].shape, 1, dtype=torch.long)
    return {**batch, "pixel_values": pixels, "image_attention_mask": seen}


def protein_and_words(model: Any, rows: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Evolla: a protein instead of a picture."""
    ids = torch.randint(5, model.config.protein_encoder_config.vocab_size, (rows, 12), generator=generator)
    return {
        **prompt(model, rows, generator),
        "protein_input_ids": ids,
        "protein_attention_mask": torch.ones_like(ids),
    }


def tiles_and_words(model: Any, rows: int, generator: torch.Generator) -> dict[str, Tensor]:
    """PerceptionLM: a list of tiles for each picture."""
    pixels = square_picture(model, rows, generator)["pixel_values"].unsqueeze(1)
    return with_image_tokens(model, rows, generator, {"pixel_values": pixels})


def cubes_and_words(model: Any, rows: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Inkling: each patch is a picture of its own, of two frames."""
    tower = model.config.vision_config
    shape = (4 * rows, tower.temporal_patch_size, tower.patch_size, tower.patch_size, tower.num_channels)
    return with_image_tokens(model, rows, generator, {"pixel_values": torch.randn(shape, generator=generator)})


OTHERS: tuple[Family, ...] = (
    Family("blip", inputs=picture_beside_words),
    Family("blip-2", {**QUERIES, "image_token_index": 3}),
    Family("instructblip", {**QUERIES, "image_token_index": 3}, inputs=picture_and_question),
    Family("instructblipvideo", {**QUERIES, "video_token_index": 3}, inputs=video_and_question),
    Family("git", inputs=picture_beside_words),
    Family(
        "evolla",
        {"protein_encoder_config.vocab_size": 64, "resampler_depth": 1, "aligner_num_add_layers": 2},
        inputs=protein_and_words,
        note="It reads proteins, not pictures.",
    ),
    Family("idefics", {"alpha_initializer": "ones"}, inputs=pictures_for_cross_attention),
    Family("fast_vlm", start={"vision_config": CONVOLUTIONS}, note=NO_TIMM),
    Family("gemma3n", GEMMA3N, note=NO_TIMM),
    Family("perception_lm", start={"vision_config": CLIP}, inputs=tiles_and_words, note=NO_TIMM),
    Family("inkling_mm_model", INKLING, inputs=cubes_and_words),
    Family("pi0", refused="it answers with a robot's actions, not with words"),
)
