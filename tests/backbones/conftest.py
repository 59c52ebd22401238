"""A MoE-LLaVA of a few thousand weights, what its kind of model is fed, and checkpoints with exactly
the published key names.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor
from transformers import CLIPConfig, CLIPModel

from twist_scout.backbones import MoeLlavaConfig, MoeLlavaForConditionalGeneration

Shapes = dict[str, tuple[int, ...]]

WORDS, IMAGE_ID, PATCHES = 99, 98, 4
VISION = {
    "model_type": "clip_vision_model",
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 28,
    "patch_size": 14,
    "projection_dim": 32,
}
TEXT = {
    "vocab_size": WORDS,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 4,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}


@pytest.fixture(scope="session")
def tiny_config() -> Callable[..., MoeLlavaConfig]:
    """Builds a configuration: of a decoder family, with other fields of its own."""

    def build(decoder: str = "phi", **fields: Any) -> MoeLlavaConfig:
        return MoeLlavaConfig(
            vision_config=VISION,
            text_config={"model_type": decoder, **TEXT},
            image_token_index=IMAGE_ID,
            image_seq_length=PATCHES,
            **fields,
        )

    return build


@pytest.fixture(scope="session")
def tiny_model(
    tiny_config: Callable[..., MoeLlavaConfig],
) -> Callable[..., MoeLlavaForConditionalGeneration]:
    """Builds a model in evaluation mode whose every weight is random, so its experts differ."""

    def build(decoder: str = "phi", **fields: Any) -> MoeLlavaForConditionalGeneration:
        torch.manual_seed(0)
        model = MoeLlavaForConditionalGeneration(tiny_config(decoder, **fields)).eval()
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                # strong enough that routers decide clearly and answers vary
                parameter.add_(torch.randn_like(parameter), alpha=0.5 if "gate" in name else 0.15)
        return model

    return build


@pytest.fixture(scope="session")
def inputs() -> Callable[..., dict[str, Tensor]]:
    """Builds a batch of rows, each a picture and some words; lengths may differ (left padding)."""

    def build(*lengths: int, seed: int = 0) -> dict[str, Tensor]:
        generator = torch.Generator().manual_seed(seed)
        longest = max(lengths)
        ids = torch.zeros(len(lengths), PATCHES + longest, dtype=torch.long)
        mask = torch.zeros_like(ids)
        for row, length in enumerate(lengths):
            words = torch.randint(3, IMAGE_ID, (length,), generator=generator)
            ids[row, longest - length :] = torch.cat([torch.full((PATCHES,), IMAGE_ID), words])
            mask[row, longest - length :] = 1
        pixels = torch.randn(len(lengths), 3, 28, 28, generator=generator)
        return {"input_ids": ids, "attention_mask": mask, "pixel_values": pixels}

    return build


# --- what the published checkpoints hold, written out from their own modelling code ---


def clip_keys(width: int, inner: int, layers: int, patches: int, patch: int, root: str = "model") -> Shapes:
    start = f"{root}.image_tower.image_tower.vision_model"
    shapes: Shapes = {
        f"{start}.embeddings.class_embedding": (width,),
        f"{start}.embeddings.patch_embedding.weight": (width, 3, patch, patch),
        f"{start}.embeddings.position_embedding.weight": (patches + 1, width),
    }
    for norm in ("pre_layrnorm", "post_layernorm"):
        shapes |= {f"{start}.{norm}.{part}": (width,) for part in ("weight", "bias")}
    for number in range(layers):
        layer = f"{start}.encoder.layers.{number}"
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            shapes[f"{layer}.self_attn.{name}.weight"] = (width, width)
            shapes[f"{layer}.self_attn.{name}.bias"] = (width,)
        for norm in ("layer_norm1", "layer_norm2"):
            shapes |= {f"{layer}.{norm}.{part}": (width,) for part in ("weight", "bias")}
        shapes |= {f"{layer}.mlp.fc1.weight": (inner, width), f"{layer}.mlp.fc1.bias": (inner,)}
        shapes |= {f"{layer}.mlp.fc2.weight": (width, inner), f"{layer}.mlp.fc2.bias": (width,)}
    return shapes


def projector_keys(vision: int, hidden: int, root: str = "model") -> Shapes:
    start = f"{root}.mm_projector.image_spatial_proj"
    return {
        f"{start}.0.weight": (hidden, vision),
        f"{start}.0.bias": (hidden,),
        f"{start}.2.weight": (hidden, hidden),
        f"{start}.2.bias": (hidden,),
    }


def ffn_keys(layer: str, number: int, hidden: int, network: Shapes) -> Shapes:
    """Of one layer: a mixture in every other one."""
    if number % 2:
        return {f"{layer}.mlp.{name}": shape for name, shape in network.items()}
    moe = f"{layer}.mlp.deepspeed_moe"
    shapes: Shapes = {f"{moe}.gate.wg.weight": (4, hidden)}
    for expert in range(4):
        shapes |= {f"{moe}.experts.deepspeed_experts.{expert}.{name}": shape for name, shape in network.items()}
    return shapes


def phi_keys(vocab: int, hidden: int, inner: int, layers: int) -> Shapes:
    shapes: Shapes = {"model.embed_tokens.weight": (vocab, hidden), "lm_head.weight": (vocab, hidden)}
    shapes |= {f"model.final_layernorm.{part}": (hidden,) for part in ("weight", "bias")}
    network: Shapes = {
        "fc1.weight": (inner, hidden),
        "fc1.bias": (inner,),
        "fc2.weight": (hidden, inner),
        "fc2.bias": (hidden,),
    }
    for number in range(layers):
        layer = f"model.layers.{number}"
        for name in ("q_proj", "k_proj", "v_proj", "dense"):
            shapes[f"{layer}.self_attn.{name}.weight"] = (hidden, hidden)
            shapes[f"{layer}.self_attn.{name}.bias"] = (hidden,)
        shapes |= {f"{layer}.input_layernorm.{part}": (hidden,) for part in ("weight", "bias")}
        shapes |= ffn_keys(layer, number, hidden, network)
    return shapes


def stablelm_keys(vocab: int, hidden: int, inner: int, layers: int) -> Shapes:
    shapes: Shapes = {"model.embed_tokens.weight": (vocab, hidden), "lm_head.weight": (vocab, hidden)}
    shapes |= {f"model.norm.{part}": (hidden,) for part in ("weight", "bias")}
    network: Shapes = {
        "gate_proj.weight": (inner, hidden),
        "up_proj.weight": (inner, hidden),
        "down_proj.weight": (hidden, inner),
    }
    for number in range(layers):
        layer = f"model.layers.{number}"
        for name in ("q_proj", "k_proj", "v_proj", "o_proj"):
            shapes[f"{layer}.self_attn.{name}.weight"] = (hidden, hidden)
            if name != "o_proj":
                shapes[f"{layer}.self_attn.{name}.bias"] = (hidden,)
        for norm in ("input_layernorm", "post_attention_layernorm"):
            shapes |= {f"{layer}.{norm}.{part}": (hidden,) for part in ("weight", "bias")}
        shapes |= ffn_keys(layer, number, hidden, network)
    return shapes


def qwen_keys(vocab: int, hidden: int, inner: int, layers: int) -> Shapes:
    shapes: Shapes = {"transformer.wte.weight": (vocab, hidden), "lm_head.weight": (vocab, hidden)}
    shapes["transformer.ln_f.weight"] = (hidden,)
    network: Shapes = {
        "w1.weight": (inner // 2, hidden),
        "w2.weight": (inner // 2, hidden),
        "c_proj.weight": (hidden, inner // 2),
    }
    for number in range(layers):
        layer = f"transformer.h.{number}"
        shapes |= {f"{layer}.attn.c_attn.weight": (3 * hidden, hidden), f"{layer}.attn.c_attn.bias": (3 * hidden,)}
        shapes |= {f"{layer}.attn.c_proj.weight": (hidden, hidden)}
        shapes |= {f"{layer}.{norm}.weight": (hidden,) for norm in ("ln_1", "ln_2")}
        shapes |= ffn_keys(layer, number, hidden, network)
    return shapes


def keys_of(family: str, vocab: int, hidden: int, inner: int, layers: int, *, vision: int) -> Shapes:
    """All keys but those of the vision tower, whose width is ``vision``."""
    decoders = {"phi": phi_keys, "stablelm": stablelm_keys, "qwen": qwen_keys}
    root = "transformer" if family == "qwen" else "model"
    return decoders[family](vocab, hidden, inner, layers) | projector_keys(vision, hidden, root)


def config_of(kind: str, layers: int, **fields: Any) -> dict[str, Any]:
    moe_layers = list(range(0, layers, 2))
    return {
        "model_type": kind,
        "num_hidden_layers": layers,
        "mm_image_tower": "openai/clip-vit-large-patch14-336",
        "mm_hidden_size": 1024,
        "mm_vision_select_layer": -2,
        "mm_vision_select_feature": "patch",
        "image_projector_type": "mlp2x_gelu",
        "tie_word_embeddings": False,
        "moe": {
            "moe_layers_idx": moe_layers,
            "num_experts": [4] * len(moe_layers),
            "top_k_experts": 2,
            "capacity_factor": 1.5,
            "eval_capacity_factor": 2.0,
            "min_capacity": 0,
            "use_residual": False,
            "router_aux_loss_coef": 0.01,
        },
        **fields,
    }


@pytest.fixture(scope="session")
def published_keys() -> Callable[..., Shapes]:
    """Keys and shapes of a checkpoint, without its vision tower."""
    return keys_of


@pytest.fixture(scope="session")
def tower_keys() -> Callable[..., Shapes]:
    """Keys and shapes of its vision tower."""
    return clip_keys


@pytest.fixture(scope="session")
def published_config() -> Callable[..., dict[str, Any]]:
    """A checkpoint's ``config.json``."""
    return config_of


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A CLIP as its makers publish it: both towers in one folder."""
    tower = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
    text = {**tower, "vocab_size": 50, "max_position_embeddings": 8, "eos_token_id": 2, "bos_token_id": 1}
    config = CLIPConfig(
        vision_config={**tower, "image_size": 28, "patch_size": 14}, text_config=text, projection_dim=16
    )
    torch.manual_seed(5)
    CLIPModel(config).save_pretrained(tmp_path / "clip")
    return tmp_path / "clip"


@pytest.fixture
def checkpoint(tmp_path: Path) -> Callable[..., tuple[Path, dict[str, Tensor]]]:
    """Writes a checkpoint folder; returns it with its tensors."""

    def write(
        family: str = "phi", *, form: str = "bin", shards: int = 2, tower: bool = True, **changes: Any
    ) -> tuple[Path, dict[str, Tensor]]:
        hidden, inner, layers = TEXT["hidden_size"], TEXT["intermediate_size"], TEXT["num_hidden_layers"]
        inner = 2 * inner if family == "qwen" else inner
        keys = keys_of(family, WORDS, hidden, inner, layers, vision=32)
        root = "transformer" if family == "qwen" else "model"
        if tower:
            keys |= clip_keys(32, 48, 2, 4, 14, root)
        generator = torch.Generator().manual_seed(3)
        tensors = {}
        for key, shape in keys.items():
            tensor = torch.randn(shape, generator=generator) * (0.4 if "wg" in key else 0.15)
            tensors[key] = tensor + 1 if "norm.weight" in key or ".ln_" in key else tensor
        folder = tmp_path / f"published-{family}"
        folder.mkdir()
        fields: dict[str, Any] = {
            "vocab_size": WORDS,
            "hidden_size": hidden,
            "intermediate_size": inner,
            "num_attention_heads": 2,
            "torch_dtype": "float16",
        }
        config = config_of(f"moe_llava_{family}", layers, **fields | changes)
        (folder / "config.json").write_text(json.dumps(config))
        (folder / "tokenizer_config.json").write_text("{}")
        stored = {**tensors, f"{root}.layers.0.self_attn.rotary_emb.inv_freq": torch.ones(4)}
        suffix = "safetensors" if form == "safetensors" else "bin"
        stem = "model" if form == "safetensors" else "pytorch_model"
        places = {}
        for number in range(shards):
            part = {key: stored[key] for key in sorted(stored)[number::shards]}
            name = f"{stem}-{number + 1:05d}-of-{shards:05d}.{suffix}" if shards > 1 else f"{stem}.{suffix}"
            if form == "safetensors":
                save_file(part, folder / name)
            else:
                torch.save(part, folder / name, _use_new_zipfile_serialization=form != "old bin")
            places |= dict.fromkeys(part, name)
        if shards > 1:
            (folder / f"{stem}.{suffix}.index.json").write_text(json.dumps({"weight_map": places}))
        return folder, tensors

    return write
