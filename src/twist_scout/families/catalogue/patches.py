"""Families that take pictures as rows of flattened patches, with a grid."""

from __future__ import annotations

from typing import Any

from twist_scout.families.tiny import Family

# Rotary positions with an axis each for time, height and width: they share the 4 frequencies of a head of size 8.
AXES: dict[str, Any] = {
    "text_config.rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 1, 1]}
}
DEEPSTACK = {"vision_config.deepstack_visual_indexes": (0,)}
MARKS = {"vision_start_token_id": 1, "vision_end_token_id": 1}  # in their files, not among their defaults
WINDOWS = {"vision_config.fullatt_block_indexes": (1,), "vision_config.window_size": 32}

PATCHES: tuple[Family, ...] = (
    Family("qwen2_vl", AXES),
    Family("qwen2_5_vl", {**AXES, **WINDOWS}),
    Family("qwen3_vl", {**AXES, **DEEPSTACK}),
    Family("qwen3_vl_moe", {**AXES, **DEEPSTACK}),
    Family("qwen3_5", AXES),
    Family("qwen3_5_moe", AXES),
    Family(
        "qwen4_exp",
        {
            **AXES,
            "text_config.hc_lowrank": 8,
            "text_config.indexer_n_heads": 2,
            "text_config.indexer_kv_heads": 1,
            "text_config.indexer_head_dim": 8,
            "text_config.indexer_budget": 8,
            "text_config.indexer_compress_ratio": 2,
            "text_config.ple_layer_ids": [1],
            "text_config.ple_embed_dim": 32,
            "text_config.ngram_vocab_size_base": 50,
            "text_config.heads_per_ngram": 2,
            "text_config.number_of_conv_states": 3,
            "text_config.eos_token_id": 2,
        },
    ),
    Family("qwen2_5_omni_thinker", {**AXES, **WINDOWS}, start=MARKS),
    Family("qwen3_omni_moe_thinker", {**AXES, **DEEPSTACK}, start=MARKS),
    Family("cosmos3_omni", {**AXES, **DEEPSTACK}),
)
