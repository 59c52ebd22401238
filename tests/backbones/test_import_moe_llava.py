"""The importer on checkpoints with exactly the published key names: tiny ones with values, and the
published sizes as shapes alone.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import AutoModelForImageTextToText

from twist_scout.backbones import MoeLlavaConfig, MoeLlavaForConditionalGeneration, import_checkpoint
from twist_scout.backbones.families import FAMILIES, read_config
from twist_scout.backbones.import_moe_llava import match_keys

Write = Callable[..., tuple[Path, dict[str, Tensor]]]
HIDDEN = 32  # of the tiny checkpoints

# vocabulary, width, inner width, layers, heads
FULL_SIZE = {
    "phi": (51200, 2560, 10240, 32, 32),
    "stablelm": (100352, 2048, 5632, 24, 32),
    "qwen": (151936, 2048, 11008, 24, 16),
}


@pytest.mark.parametrize("family", FULL_SIZE)
def test_every_key_of_a_full_size_checkpoint_finds_its_place(
    published_keys: Any, tower_keys: Any, published_config: Any, family: str
) -> None:
    vocab, hidden, inner, layers, heads = FULL_SIZE[family]
    keys = published_keys(family, vocab, hidden, inner, layers, vision=1024)
    keys |= tower_keys(1024, 4096, 24, 576, 14, "transformer" if family == "qwen" else "model")
    kind = f"moe_llava_{family}"
    fields = {"vocab_size": vocab, "hidden_size": hidden, "intermediate_size": inner, "num_attention_heads": heads}
    config = read_config(published_config(kind, layers, **fields))
    names = match_keys({key: torch.Size(shape) for key, shape in keys.items()}, config, FAMILIES[kind])
    assert names.keys() == keys.keys()
    places = [name for group in names.values() for name in group]
    assert len(places) == len(set(places))


def place(linear: Any, tensors: dict[str, Tensor], key: str) -> None:
    linear.weight.copy_(tensors[f"{key}.weight"])
    if linear.bias is not None:
        linear.bias.copy_(tensors[f"{key}.bias"])


@torch.no_grad()
def phi_by_hand(tensors: dict[str, Tensor], config: MoeLlavaConfig) -> MoeLlavaForConditionalGeneration:
    """The model with every weight put in its place one by one."""
    model = MoeLlavaForConditionalGeneration(config).eval()
    core: Any = model.model
    tower, root = core.vision_tower, "model.image_tower.image_tower.vision_model"
    tower.embeddings.class_embedding.copy_(tensors[f"{root}.embeddings.class_embedding"])
    tower.embeddings.patch_embedding.weight.copy_(tensors[f"{root}.embeddings.patch_embedding.weight"])
    tower.embeddings.position_embedding.weight.copy_(tensors[f"{root}.embeddings.position_embedding.weight"])
    place(tower.pre_layrnorm, tensors, f"{root}.pre_layrnorm")
    place(tower.post_layernorm, tensors, f"{root}.post_layernorm")
    for number, layer in enumerate(tower.encoder.layers):
        key = f"{root}.encoder.layers.{number}"
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            place(getattr(layer.self_attn, name), tensors, f"{key}.self_attn.{name}")
        for name in ("layer_norm1", "layer_norm2"):
            place(getattr(layer, name), tensors, f"{key}.{name}")
        for name in ("fc1", "fc2"):
            place(getattr(layer.mlp, name), tensors, f"{key}.mlp.{name}")
    place(core.multi_modal_projector.linear_1, tensors, "model.mm_projector.image_spatial_proj.0")
    place(core.multi_modal_projector.linear_2, tensors, "model.mm_projector.image_spatial_proj.2")
    decoder = core.language_model
    decoder.embed_tokens.weight.copy_(tensors["model.embed_tokens.weight"])
    place(decoder.final_layernorm, tensors, "model.final_layernorm")
    model.lm_head.weight.copy_(tensors["lm_head.weight"])
    for number, layer in enumerate(decoder.layers):
        key = f"model.layers.{number}"
        for name in ("q_proj", "k_proj", "v_proj", "dense"):
            place(getattr(layer.self_attn, name), tensors, f"{key}.self_attn.{name}")
        place(layer.input_layernorm, tensors, f"{key}.input_layernorm")
        if number in (1, 3):
            place(layer.mlp.fc1, tensors, f"{key}.mlp.fc1")
            place(layer.mlp.fc2, tensors, f"{key}.mlp.fc2")
            continue
        layer.mlp.gate.wg.weight.copy_(tensors[f"{key}.mlp.deepspeed_moe.gate.wg.weight"])
        for expert in range(4):
            for name in ("fc1", "fc2"):
                source = f"{key}.mlp.deepspeed_moe.experts.deepspeed_experts.{expert}.{name}"
                place(getattr(layer.mlp.experts[expert], name), tensors, source)
    return model


@pytest.mark.parametrize(
    ("form", "shards"), [("bin", 2), ("bin", 1), ("old bin", 2), ("safetensors", 1), ("safetensors", 3)]
)
@torch.no_grad()
def test_an_imported_model_is_the_one_placed_by_hand(
    checkpoint: Write, inputs: Any, clip: Path, tmp_path: Path, form: str, shards: int
) -> None:
    folder, tensors = checkpoint("phi", form=form, shards=shards)
    out = import_checkpoint(folder, tmp_path / "out", vision_tower=clip)
    model, loading = AutoModelForImageTextToText.from_pretrained(out, output_loading_info=True)
    assert not any(loading[kind] for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    by_hand, batch = phi_by_hand(tensors, model.config), inputs(6, 3)
    assert torch.equal(model.eval()(**batch).logits, by_hand(**batch).logits)
    options = {"max_new_tokens": 5, "min_new_tokens": 5, "do_sample": False}
    assert torch.equal(model.generate(**batch, **options), by_hand.generate(**batch, **options))
    assert (out / "tokenizer_config.json").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip", "out", "published-phi"]


@torch.no_grad()
def test_a_checkpoint_without_its_vision_tower_takes_the_one_it_is_given(
    checkpoint: Write, inputs: Any, clip: Path, tmp_path: Path
) -> None:
    folder, tensors = checkpoint("phi", tower=False)
    model = AutoModelForImageTextToText.from_pretrained(import_checkpoint(folder, tmp_path / "out", vision_tower=clip))
    published = {f"model.image_tower.image_tower.{k}": v for k, v in load_file(clip / "model.safetensors").items()}
    by_hand, batch = phi_by_hand(tensors | published, model.config), inputs(6)
    assert torch.equal(model.eval()(**batch).logits, by_hand(**batch).logits)


@torch.no_grad()
def test_the_first_qwen_becomes_a_qwen2(checkpoint: Write, inputs: Any, clip: Path, tmp_path: Path) -> None:
    """Its fused matrix is cut into query, key and value, and w2 is the gate: c_proj(w1 x * silu(w2 x))."""
    folder, tensors = checkpoint("qwen")
    model = AutoModelForImageTextToText.from_pretrained(import_checkpoint(folder, tmp_path / "out", vision_tower=clip))
    layers = model.model.language_model.layers
    fused = tensors["transformer.h.1.attn.c_attn.weight"]
    for number, name in enumerate(("q_proj", "k_proj", "v_proj")):
        rows = slice(number * HIDDEN, (number + 1) * HIDDEN)
        assert torch.equal(getattr(layers[1].self_attn, name).weight, fused[rows])
    x = torch.randn(5, HIDDEN)
    for network, start in (
        (layers[1].mlp, "transformer.h.1.mlp"),
        (layers[2].mlp.experts[3], "transformer.h.2.mlp.deepspeed_moe.experts.deepspeed_experts.3"),
    ):
        w1, w2, c_proj = (tensors[f"{start}.{name}.weight"] for name in ("w1", "w2", "c_proj"))
        expected = (x @ w1.T * torch.nn.functional.silu(x @ w2.T)) @ c_proj.T
        assert torch.allclose(network(x), expected, atol=1e-5)
    assert model(**inputs(4, 2)).logits.isfinite().all()


@torch.no_grad()
def test_stablelm_and_half_precision(checkpoint: Write, inputs: Any, clip: Path, tmp_path: Path) -> None:
    folder, tensors = checkpoint("stablelm", form="safetensors", shards=1)
    file = folder / "model.safetensors"
    save_file({key: tensor.half() for key, tensor in load_file(file).items()}, file)
    out = import_checkpoint(folder, tmp_path / "out", vision_tower=clip)
    stored = load_file(out / "model.safetensors")
    for number in (0, 2):
        assert stored.pop(f"model.language_model.layers.{number}.mlp.gate.wg.weight").dtype == torch.float32
    assert {tensor.dtype for tensor in stored.values()} == {torch.float16}
    assert MoeLlavaConfig.from_pretrained(out).dtype == torch.float16
    model = AutoModelForImageTextToText.from_pretrained(out, dtype=torch.float32).eval()
    start = "model.layers.2.mlp.deepspeed_moe.experts.deepspeed_experts.1"
    expert = model.model.language_model.layers[2].mlp.experts[1]
    assert torch.equal(expert.gate_proj.weight, tensors[f"{start}.gate_proj.weight"].half().float())
    assert model(**inputs(4, 2)).logits.isfinite().all()
