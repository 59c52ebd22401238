"""Families that take pictures as rows of flattened patches, with a grid."""

from __future__ import annotations

from twist_scout.families.catalogue.axes import AXES
from twist_scout.families.tiny import Family

DEEPSTACK = {"vision_config.deepstack_visual_indexes": (0,)}
MARKS = {"vision_start_token_id": 1, "vision_end_token_id": 1}  # in their files, not among their defaults
NO_SOUND = "Tried with pictures, without sound."
SOUND = {"audio_config.output_dim": 32}
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
    Family("qwen2_5_omni_thinker", {**AXES, **WINDOWS, **SOUND}, start=MARKS, note=NO_SOUND),
    Family("qwen3_omni_moe_thinker", {**AXES, **DEEPSTACK, **SOUND}, start=MARKS, note=NO_SOUND),
    Family("cosmos3_edge", AXES),
    Family("cosmos3_omni", {**AXES, **DEEPSTACK}),
    Family("glm4v", AXES),
    Family("glm46v", AXES),
    Family("glmga", AXES),
    Family("glm_ocr", AXES),
    Family("glm4v_moe", AXES),
    Family(
        "glm5_next",
        {
            "text_config.num_key_value_heads": 4,
            "text_config.qk_rope_head_dim": 0,
            "text_config.head_dim": 0,
            "text_config.qk_head_dim": 8,
            "text_config.index_kpool": 2,
            "text_config.swiglu_limit": 0.1,  # small networks reach it, too
            "vision_config.projection_intermediate_size": 48,
        },
    ),
    Family("exaone4_5", WINDOWS),
    Family("hyperclovax_vision_v2", WINDOWS),
)
