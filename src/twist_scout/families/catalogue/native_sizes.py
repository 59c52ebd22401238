"""Families that take pictures at their own size and shape, each in a way of its own."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from twist_scout.families import inputs_native as pictures
from twist_scout.families.catalogue.axes import AXES, axes
from twist_scout.families.catalogue.patches import NO_SOUND
from twist_scout.families.inputs import picture_and_words, with_image_tokens
from twist_scout.families.tiny import Batch, Family, Inputs


def words_after(picture: Inputs) -> Inputs:
    """A batch of these pictures, with their tokens and words."""

    def inputs(model: Any, rows: int, generator: torch.Generator) -> Batch:
        return with_image_tokens(model, rows, generator, picture(model, rows, generator))

    return inputs


def with_marks(ids: Tensor, config: Any) -> Tensor:
    """1 at the tokens of a picture and at those around it, 0 at words."""
    marks = torch.tensor([config.image_start_token_id, config.image_token_id, config.image_end_token_id])
    return torch.isin(ids, marks).long()


def for_ernie(model: Any, rows: int, generator: torch.Generator) -> Batch:
    """Its experts for pictures take the tokens around a picture, too."""
    batch = picture_and_words(model, rows, generator)
    return {**batch, "moe_mm_token_type_ids": with_marks(batch["input_ids"], model.config)}


def for_molmo(model: Any, rows: int, generator: torch.Generator) -> Batch:
    """The tokens around a picture see all of it, too."""
    batch = words_after(pictures.pooled_patches)(model, rows, generator)
    return {**batch, "mm_token_type_ids": with_marks(batch["input_ids"], model.config)}


CROPS = ("image_start", "image_end", "slice_start", "slice_end", "newline")
HALF_OF_A_HEAD = {"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.5}
IMAGE = {"image_token_id": 1}  # in their files, not among their defaults
LOW = 0.1  # a bound of activations that small networks reach, too
MERGER = {"insert_layer_id": 0, "vision_config.insert_layer_id": 0}
MUSE = {"out_hidden_size": 128, "text_config.layer_rope_theta": [10000.0, 0]}  # no positions where it sees all

NATIVE_SIZES: tuple[Family, ...] = (
    Family(
        "ernie4_5_vl_moe",
        {**axes(1, 1, 2), "text_config.moe_intermediate_size": [48, 24]},
        inputs=for_ernie,
        note="In its mixtures the twin stands beside the shared experts, which all tokens go through.",
    ),
    Family(
        "hunyuan_vl",
        {
            **axes(1, 1, 2),
            "im_start_id": 20,
            "im_end_id": 21,
            "text_config.head_dim": 8,
            "vision_config.max_image_size": 32,
        },
    ),
    Family(
        "inkling2",
        {
            "text_config.unpadded_vocab_size": 150,
            "text_config.swa_num_attention_heads": 4,
            "text_config.swa_num_key_value_heads": 2,
            "text_config.swa_head_dim": 8,
            "text_config.sliding_window_size": 8,
            "text_config.d_rel": 4,
            "text_config.rel_extent": 8,
            "text_config.mlp_gate_softcap": LOW,
            "text_config.mlp_up_softcap": LOW,
        },
        inputs=words_after(pictures.merged_patches),
    ),
    Family(
        "kimi_k25", {"text_config.n_group": 2, "text_config.topk_group": 1}, inputs=words_after(pictures.square_patches)
    ),
    Family("paddleocr_vl", AXES, inputs=words_after(pictures.square_patches)),
    Family(
        "lfm2_vl",
        {"text_config.layer_types": ["conv", "full_attention"], "text_config.block_multiple_of": 8},
        inputs=words_after(pictures.padded_patches),
    ),
    Family(
        "lfm3_vl",
        {
            "text_config.num_hidden_layers": 3,
            "text_config.layer_types": ["conv", "full_attention", "sliding_attention"],
        },
    ),
    Family("minicpm_ocr", MERGER, start=IMAGE, inputs=words_after(pictures.patches_in_a_strip)),
    Family("minicpmv4_6", MERGER, start=IMAGE, inputs=words_after(pictures.patches_in_a_strip)),
    Family(
        "minicpmv4_7",
        {**MERGER, **AXES},
        start={**IMAGE, **{f"{name}_id": 20 + number for number, name in enumerate(CROPS)}},
        inputs=words_after(pictures.patches_in_a_strip),
    ),
    Family(
        "minimax_m3_vl",
        {
            "merged_hidden_size": 128,
            "text_config.mlp_layer_types": ["dense", "sparse"],
            "text_config.layer_types": ["full_attention", "minimax_m3_sparse"],
            "text_config.index_block_size": 2,
            "text_config.index_topk_blocks": 4,
            "text_config.rotary_dim": 8,
            "text_config.swiglu_limit": LOW,
        },
        note="Its sparse attention counts padding on the left, so rows of a padded batch are not as if alone.",
    ),
    Family(
        "molmo2",
        {
            "image_patch_id": 20,
            "adapter_config.vision_feature_layer": [1, 0],
            "text_config.additional_vocab_size": 0,
        },
        inputs=for_molmo,
    ),
    Family("muse_glimmer", MUSE),
    Family(
        "muse_spark",
        {
            **MUSE,
            "text_config.moe_hidden_size": 16,
            "audio_config.hidden_sizes": (8, 16),
            "audio_config.patch_sizes": (4, 4),
            "audio_config.depths": (1, 1),
        },
        note=NO_SOUND,
    ),
    Family(
        "nemotron_h_omni",
        {
            "vision_hidden_size": 32,
            "vision_config.max_img_size": 32,
            "vision_config.patch_dim": 192,
            "vision_config.video_patch_dim": 384,
            "text_config.mamba_num_heads": 4,
            "text_config.mamba_head_dim": 8,
            "text_config.n_groups": 2,
            "text_config.ssm_state_size": 8,
            "text_config.chunk_size": 8,
        },
        start=IMAGE,
        inputs=words_after(pictures.patches_without_time),
    ),
    Family("qianfan_ocr"),
    Family("video_llama_3", inputs=words_after(pictures.patches_with_merge_sizes)),
    Family(
        "step3p7",
        {
            "text_config.layer_types": ["full_attention", "sliding_attention"],
            "text_config.rope_parameters": dict.fromkeys(("full_attention", "sliding_attention"), HALF_OF_A_HEAD),
            "text_config.per_layer_config": {1: {"num_attention_heads": 8}},
            "text_config.sliding_window": 8,
            "text_config.swiglu_limits": [0.0, LOW],
            "text_config.swiglu_limits_shared": [0.0, LOW],
        },
        inputs=words_after(pictures.picture_and_crop),
    ),
    Family(
        "unlimited_ocr",
        {
            "vision_config.sam_config.image_size": 64,
            "vision_config.sam_config.output_channels": 16,
            "vision_config.sam_config.downsample_channels": (16, 32),
            "vision_config.sam_config.window_size": 4,
            "vision_config.sam_config.global_attn_indexes": (1,),
            "vision_config.encoder_config.image_size": 16,
        },
        inputs=words_after(pictures.picture_for_sam),
        note="Tried with whole pictures, without crops.",
    ),
    Family(
        "dots3_note",
        {
            "text_config.head_dim": 16,
            "text_config.rope_parameters": dict.fromkeys(("indexed_attention", "sliding_attention"), HALF_OF_A_HEAD),
            "text_config.per_layer_config": {
                1: {"num_attention_heads": 8, "num_key_value_heads": 8, "kv_lora_rank": 32, "qk_nope_head_dim": 16}
            },
            "text_config.shared_experts_intermediate_size": 48,
            "vision_config.adapter_in_dim": 32,
            "vision_config.adapter_out_dim": 32,
            "audio_config.adapter_input_size": 32,
            "audio_config.adapter_out_dim": 32,
            "audio_config.conv_output_size": 128,
        },
        note=NO_SOUND,
    ),
)
