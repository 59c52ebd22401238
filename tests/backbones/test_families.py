"""Published configs and keys, name by name."""

from __future__ import annotations

from typing import Any

import pytest

from twist_scout.backbones.families import FAMILIES, family_of, new_names, read_config
from twist_scout.errors import BadModel

DECODER = "model.language_model"
MOE = {
    "moe_enable": True,
    "moe_mode": "sparse",
    "moe_layers_idx": [0, 2],
    "num_experts": [4, 4],
    "ep_size": 1,
    "top_k_experts": 2,
    "capacity_factor": 1.5,
    "eval_capacity_factor": 2.0,
    "min_capacity": 0,
    "use_residual": False,
    "router_aux_loss_coef": 0.01,
    "train_modules": ["fc1", "fc2", "wg"],
}
COMMON = {
    "moe": MOE,
    "mm_image_tower": "openai/clip-vit-large-patch14-336",
    "mm_video_tower": None,
    "image_projector_type": "mlp2x_gelu",
    "mm_vision_select_layer": -2,
    "mm_vision_select_feature": "patch",
    "num_hidden_layers": 4,
    "hidden_size": 64,
    "num_attention_heads": 4,
}


@pytest.mark.parametrize(
    ("family", "key", "names"),
    [
        ("phi", "model.embed_tokens.weight", [f"{DECODER}.embed_tokens.weight"]),
        ("phi", "model.layers.3.mlp.fc1.bias", [f"{DECODER}.layers.3.mlp.fc1.bias"]),
        ("phi", "model.layers.2.mlp.deepspeed_moe.gate.wg.weight", [f"{DECODER}.layers.2.mlp.gate.wg.weight"]),
        (
            "phi",
            "model.layers.10.mlp.deepspeed_moe.experts.deepspeed_experts.3.fc2.weight",
            [f"{DECODER}.layers.10.mlp.experts.3.fc2.weight"],
        ),
        ("phi", "model.final_layernorm.weight", [f"{DECODER}.final_layernorm.weight"]),
        ("phi", "lm_head.weight", ["lm_head.weight"]),
        ("phi", "model.layers.0.self_attn.rotary_emb.inv_freq", []),
        (
            "phi",
            "model.image_tower.image_tower.vision_model.encoder.layers.1.mlp.fc1.weight",
            ["model.vision_tower.encoder.layers.1.mlp.fc1.weight"],
        ),
        ("phi", "model.image_tower.image_tower.vision_model.embeddings.position_ids", []),
        ("phi", "model.mm_projector.image_spatial_proj.0.bias", ["model.multi_modal_projector.linear_1.bias"]),
        ("phi", "model.mm_projector.image_spatial_proj.2.weight", ["model.multi_modal_projector.linear_2.weight"]),
        (
            "stablelm",
            "model.layers.0.mlp.deepspeed_moe.experts.deepspeed_experts.0.gate_proj.weight",
            [f"{DECODER}.layers.0.mlp.experts.0.gate_proj.weight"],
        ),
        ("qwen", "transformer.wte.weight", [f"{DECODER}.embed_tokens.weight"]),
        ("qwen", "transformer.ln_f.weight", [f"{DECODER}.norm.weight"]),
        ("qwen", "transformer.h.5.ln_2.weight", [f"{DECODER}.layers.5.post_attention_layernorm.weight"]),
        (
            "qwen",
            "transformer.h.5.attn.c_attn.bias",
            [f"{DECODER}.layers.5.self_attn.{part}_proj.bias" for part in "qkv"],
        ),
        ("qwen", "transformer.h.5.attn.c_proj.weight", [f"{DECODER}.layers.5.self_attn.o_proj.weight"]),
        ("qwen", "transformer.h.5.mlp.w2.weight", [f"{DECODER}.layers.5.mlp.gate_proj.weight"]),
        (
            "qwen",
            "transformer.h.4.mlp.deepspeed_moe.experts.deepspeed_experts.1.c_proj.weight",
            [f"{DECODER}.layers.4.mlp.experts.1.down_proj.weight"],
        ),
        ("qwen", "transformer.mm_projector.image_spatial_proj.0.bias", ["model.multi_modal_projector.linear_1.bias"]),
    ],
)
def test_keys_are_renamed(family: str, key: str, names: list[str]) -> None:
    assert new_names(key, FAMILIES[f"moe_llava_{family}"]) == tuple(names)


@pytest.mark.parametrize("key", ["model.mm_projector.video_patch_proj.0.weight", "optimizer.state", "transformer.x"])
def test_keys_of_no_moe_llava_have_no_name(key: str) -> None:
    assert new_names(key, FAMILIES["moe_llava_phi"]) is None


def test_the_phi_config() -> None:
    source = {
        **COMMON,
        "model_type": "moe_llava_phi",
        "intermediate_size": 256,
        "partial_rotary_factor": 0.4,
        "rope_theta": 10000.0,
        "layer_norm_eps": 1e-5,
        "hidden_act": "gelu_new",
        "vocab_size": 51200,
        "bos_token_id": None,
        "torch_dtype": "float16",
    }
    config = read_config(source)
    text = config.text_config
    assert (text.model_type, text.hidden_size, text.intermediate_size) == ("phi", 64, 256)
    assert text.rope_parameters["partial_rotary_factor"] == 0.4
    assert (config.vision_feature_layer, config.vision_feature_select_strategy) == (-2, "default")
    assert (config.vision_config.hidden_size, config.image_seq_length) == (1024, 576)
    assert (config.moe_layers, config.moe_num_experts, config.moe_top_k) == ([0, 2], 4, 2)
    assert (config.moe_capacity_factor, config.moe_eval_capacity_factor, config.moe_min_capacity) == (1.5, 2.0, 0)
    assert config.image_token_index == 51199
    assert read_config(source, image_token_id=50295).image_token_index == 50295


def test_the_stablelm_and_qwen_configs() -> None:
    stablelm = {"model_type": "moe_llava_stablelm", "intermediate_size": 96, "norm_eps": 1e-6, "rope_pct": 0.25}
    text = read_config({**COMMON, **stablelm}).text_config
    assert (text.model_type, text.layer_norm_eps, text.use_qkv_bias) == ("stablelm", 1e-6, True)
    assert text.rope_parameters["partial_rotary_factor"] == 0.25
    qwen = {
        "model_type": "moe_llava_qwen",
        "intermediate_size": 96,
        "layer_norm_epsilon": 1e-6,
        "rotary_emb_base": 20000,
        "seq_length": 8192,
        "max_position_embeddings": 32768,
        "vocab_size": 300,
    }
    text = read_config({**COMMON, **qwen}).text_config
    assert (text.model_type, text.intermediate_size, text.rms_norm_eps) == ("qwen2", 48, 1e-6)
    assert (text.rope_parameters["rope_theta"], text.max_position_embeddings) == (20000, 8192)


def test_the_384_pixel_tower_loses_its_first_patch_as_in_moe_llava() -> None:
    """Its code drops the first token of any tower; SigLIP's is a patch, there is no class token."""
    config = read_config(
        {**COMMON, "model_type": "moe_llava_phi", "mm_image_tower": "google/siglip-so400m-patch14-384"}
    )
    assert (config.vision_config.model_type, config.image_seq_length) == ("siglip_vision_model", 27 * 27 - 1)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model_type": "llava"}, "no checkpoint of MoE-LLaVA"),
        ({"moe": None}, "no checkpoint of MoE-LLaVA"),
        ({"moe": {**MOE, "num_experts": [4, 2]}}, "different numbers of experts"),
        ({"moe": {**MOE, "use_residual": True}}, "use_residual"),
        ({"image_projector_type": "qformer4_36"}, "qformer4_36"),
        ({"mm_video_tower": "LanguageBind/LanguageBind_Video_merge"}, "video tower"),
        ({"mm_image_tower": "someone/else"}, "vision_tower="),
    ],
)
def test_what_cannot_be_imported_is_said(change: dict[str, Any], said: str) -> None:
    with pytest.raises(BadModel, match=said):
        read_config({**COMMON, "model_type": "moe_llava_phi", **change})


def test_every_family_is_a_decoder_of_transformers() -> None:
    for kind in FAMILIES:
        source = {**COMMON, "model_type": kind, "intermediate_size": 96}
        text = read_config(source).text_config
        assert text.model_type == family_of(source).decoder
        assert text.num_key_value_heads == 4
