"""Families that take whole pictures as squares of pixels."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from twist_scout.families.inputs import WORDS, picture_and_words, with_image_tokens, words
from twist_scout.families.inputs_beside import prompt
from twist_scout.families.inputs_squares import TILES, pixels, square_pictures
from twist_scout.families.shrinking import inside
from twist_scout.families.tiny import Family

CODES = range(8, 24)  # ids that stand for the codes of a discrete picture
QUANTIZER = inside("vq_config", {"base_channels": 32, "channel_multiplier": (1, 1, 1, 1), "num_res_blocks": 1})
SAM = {"global_attn_indexes": [1], "window_size": 2, "output_channels": 8}


def two_resolutions(model: Any, rows: int, generator: torch.Generator) -> dict[str, Tensor]:
    """DeepSeek-VL hybrid: the same picture small for one tower and large for the other."""
    large = pixels(generator, rows, model.config.high_res_vision_config.image_size)["pixel_values"]
    pictures = {**square_pictures(model, rows, generator), "high_res_pixel_values": large}
    return with_image_tokens(model, rows, generator, pictures)


def tiles_for_cross_attention(model: Any, rows: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Mllama: each picture in tiles, a number for their layout, and a mask of the words that see them."""
    size, tiles = model.config.vision_config.image_size, model.config.vision_config.max_num_tiles
    first = torch.tensor([[1, model.config.image_token_index]]).expand(rows, -1)
    ids = torch.cat([first, words(model, rows, generator)], dim=1)
    seen = torch.ones(*ids.shape, 1, tiles, dtype=torch.long)
    seen[:, 0] = 0  # what stands before the picture does not see it
    return {
        "input_ids": ids,
        "attention_mask": torch.ones_like(ids),
        **pixels(generator, rows, 1, tiles, size),
        "aspect_ratio_ids": torch.full((rows, 1), 6),  # the sixth supported layout, two tiles by two
        "aspect_ratio_mask": torch.ones(rows, 1, tiles, dtype=torch.long),
        "cross_attention_mask": seen,
    }


def tiles_with_a_mask(model: Any, rows: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Granite-Docling: several tiles for each picture, and which of them are real."""
    size = model.config.vision_config.image_size
    mask = torch.ones(rows, TILES, dtype=torch.bool)
    pictures = {**pixels(generator, rows, TILES, size), "pixel_attention_mask": mask}
    return with_image_tokens(model, rows, generator, pictures)


def prefix_and_answer(model: Any, rows: int, generator: torch.Generator) -> dict[str, Tensor]:
    """PaliGemma: picture and prompt see each other in both directions, the answer looks back only."""
    batch = picture_and_words(model, rows, generator)
    batch["token_type_ids"] = torch.zeros_like(batch["input_ids"])
    batch["token_type_ids"][:, -WORDS // 2 :] = 1
    return batch


def letters(number: int) -> str:
    """A number as Chameleon's vocabulary writes it, A for 0."""
    return "".join("ABCDEFGHIJ"[int(digit)] for digit in str(number))


SQUARES: tuple[Family, ...] = (
    Family("aria", start={"projector_patch_to_query_dict": {16: 4}}),
    Family(
        "chameleon",
        {**QUANTIZER, "vq_config.latent_channels": 32, "vq_config.num_embeddings": len(CODES)},
        start={"vocabulary_map": {"<image>": 3, **{f"IMGIMG{letters(n)}Z": code for n, code in enumerate(CODES)}}},
    ),
    Family(
        "cohere2_vision",
        {"alignment_intermediate_size": 96},
        note="Freezing its weights can change the last bit of its logits: compare with the frozen base.",
    ),
    Family(
        "deepseek_ocr2",
        {
            **inside("vision_config.sam_config", {**SAM, "downsample_channels": [16, 32]}),
            "text_config.mlp_layer_types": ["dense", "sparse"],
            "text_config.num_experts_per_tok": 2,
        },
    ),
    Family(
        "deepseek_vl_hybrid",
        inside("high_res_vision_config", {**SAM, "image_size": 64}),
        inputs=two_resolutions,
    ),
    Family(
        "emu3",
        {**QUANTIZER, "vq_config.codebook_size": len(CODES)},
        start={
            "vocabulary_map": {
                "<image>": 3,
                "<|extra_200|>": 4,
                **{f"<|visual token {n:06}|>": code for n, code in enumerate(CODES)},
            }
        },
    ),
    Family("got_ocr2", inside("vision_config", SAM)),
    Family(
        "granite_docling",
        {"vision_config.deepstack_visual_indexes": [0, 1], "vision_config.scale_factor": 2},
        inputs=tiles_with_a_mask,
    ),
    Family(
        "granite4_vision",
        {"downsample_rate": "2/4", "deepstack_layer_map": [(0, 0)], "spatial_target_layers": [1]},
    ),
    Family("idefics2", {"perceiver_config.resampler_n_latents": 4}),
    Family(
        "janus",
        {
            **QUANTIZER,
            "vq_config.image_token_embed_dim": 32,
            "vq_config.latent_channels": 8,
            "vq_config.num_embeddings": len(CODES),
            "vq_config.num_patches": 4,
        },
    ),
    Family(
        "llama4",
        {
            **inside("vision_config", dict.fromkeys(("projector_input_dim", "projector_output_dim"), 32)),
            **inside("vision_config", {"vision_output_dim": 32, "intermediate_size": 4 * 32}),
            **inside("text_config", {"intermediate_size_mlp": 48, "moe_layers": [1]}),
        },
    ),
    Family(
        "mistral4",
        {"head_dim": 16, "qk_head_dim": 16},
        inputs=prompt,
        note="Its class in transformers is a language model without pictures.",
    ),
    Family(
        "mllama",
        {
            "vision_config.intermediate_layers_indices": [0, 1],
            "vision_config.num_global_layers": 1,
            "vision_config.vision_output_dim": 3 * 32,
            "text_config.num_hidden_layers": 3,
            "text_config.cross_attention_layers": [2],
        },
        inputs=tiles_for_cross_attention,
    ),
    Family("paligemma", inputs=prefix_and_answer),
    Family("vipllava", {"vision_feature_layer": [-2, -1]}),
)
