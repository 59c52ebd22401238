"""Sizes against the real thing: files that are written, caches that are filled, tensors that autograd keeps."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from peft import get_peft_model
from safetensors.torch import save
from torch import Tensor, nn
from transformers import (
    AutoModelForCausalLM,
    DeepseekV3Config,
    Gemma4TextConfig,
    MistralConfig,
    Qwen3_5TextConfig,
)

from twist_scout.twist import StepwiseLoss, TwistConfig
from twist_scout.twist.memory_estimate import (
    Activations,
    Batch,
    cache_bytes,
    estimate_activations,
    model_bytes,
    safetensors_bytes,
)

#: How far the estimate may be from what autograd really keeps, as a factor either way.
FACTOR = 1.1


def saved_bytes(model: Any, inputs: dict[str, Tensor], learned: int) -> int:
    """Bytes of the storages that autograd keeps from one forward pass, without the model's own."""
    own = {tensor.untyped_storage().data_ptr() for tensor in [*model.parameters(), *model.buffers()]}
    kept: dict[int, Tensor] = {}

    def note(tensor: Tensor) -> Tensor:
        place = tensor.untyped_storage().data_ptr()
        if place not in own:
            kept[place] = tensor
        return tensor

    labels = torch.full_like(inputs["input_ids"], -100)
    labels[:, -learned:] = inputs["input_ids"][:, -learned:]
    model.train()
    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        logits = model(**inputs, use_cache=False).logits
        loss = StepwiseLoss()(logits, labels, (labels != -100).long()).loss + model.base_model.auxiliary_loss()
    loss.backward()
    return sum(tensor.untyped_storage().nbytes() for tensor in kept.values())


def compare(family: Any, options: dict[str, Any], dtype: torch.dtype, attention: str = "sdpa") -> float:
    """The estimate as a share of what is measured."""
    base = family.model().to(dtype)
    base.set_attn_implementation(attention)
    inputs = family.inputs(rows=2, length=96, padding=(0, 9))
    if "pixel_values" in inputs:
        inputs["pixel_values"] = inputs["pixel_values"].to(dtype)
    model = get_peft_model(base, TwistConfig(**options))
    estimate = estimate_activations(base, Batch(rows=2, length=96, learned=16))
    return estimate.saved / saved_bytes(model, inputs, 16)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_the_estimate_is_close_to_what_autograd_keeps(family, variant, dtype: torch.dtype) -> None:
    assert 1 / FACTOR < compare(family, variant, dtype) < FACTOR


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_so_it_is_with_eager_attention(family, dtype: torch.dtype) -> None:
    assert 1 / FACTOR < compare(family, {}, dtype, "eager") < FACTOR


def test_layers_before_the_first_twin_keep_nothing(family) -> None:
    model = family.model()
    get_peft_model(model, TwistConfig(layers=[3]))
    layers = estimate_activations(model, Batch()).layers
    assert layers[:3] == (0, 0, 0)
    assert layers[3] > 0


def test_activations_grow_with_the_rows_and_faster_with_the_length(llama_family) -> None:
    model = llama_family.model()
    get_peft_model(model, TwistConfig())
    one = estimate_activations(model, Batch(1, 512, 512))
    rows = estimate_activations(model, Batch(3, 512, 512))
    longer = estimate_activations(model, Batch(1, 1536, 1536))
    assert rows.peak == 3 * one.peak
    assert longer.peak > rows.peak  # the mask is of length times length
    assert estimate_activations(model, Batch(1, 512, 64)).peak < one.peak  # fewer learned tokens
    assert estimate_activations(model, Batch(1, 512, 9999)) == one  # no more than there are tokens


def test_checkpointing_keeps_inputs_and_one_layer() -> None:
    estimate = Activations(layers=(0, 50, 70, 60), layer_input=5, loss=8, logits=4)
    assert estimate.saved == 188
    assert estimate.peak == 192
    assert estimate.peak_with_checkpointing == 3 * 5 + 70
    assert Activations((0, 50), 5, 80, 4).peak_with_checkpointing == 5 + 84


def test_a_safetensors_file_has_the_size_that_was_said() -> None:
    tensors = {
        "b": torch.zeros(3),
        "a.weight": torch.zeros(20, 30, dtype=torch.bfloat16),
        "é": torch.zeros(()),
        "c": torch.zeros(0, 4, dtype=torch.float64),
    }
    for count in range(1, len(tensors) + 1):
        some = dict(list(tensors.items())[:count])
        meta = {name: tensor.to("meta") for name, tensor in some.items()}
        assert safetensors_bytes(meta) == len(save(some, metadata={"format": "pt"}))


def test_tied_weights_count_once() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(10, 4)
            self.head = nn.Linear(4, 10, bias=False)
            self.head.weight = self.embedding.weight
            self.register_buffer("table", torch.zeros(6, dtype=torch.int64))

    assert model_bytes(Tied()) == 10 * 4 * 4 + 6 * 8


def filled(model: Any, inputs: dict[str, Tensor]) -> int:
    with torch.no_grad():
        cache = model(**inputs, use_cache=True).past_key_values
    layers = [layer for layer in cache.layers if getattr(layer, "keys", None) is not None]
    return sum(layer.keys.nbytes + layer.values.nbytes for layer in layers)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_the_cache_is_as_large_as_a_real_one(family, dtype: torch.dtype) -> None:
    model = family.model().to(dtype)
    inputs = family.inputs(rows=2, length=20, padding=(0, 0))
    if "pixel_values" in inputs:
        inputs["pixel_values"] = inputs["pixel_values"].to(dtype)
    assert cache_bytes(model, Batch(rows=2, length=20)) == filled(model, inputs)


SMALL = {"vocab_size": 64, "hidden_size": 32, "intermediate_size": 48, "num_attention_heads": 4}
UNUSUAL = {
    "sliding window": MistralConfig(**SMALL, num_hidden_layers=2, num_key_value_heads=2, sliding_window=8),
    "layers of two sizes": Gemma4TextConfig(
        **SMALL,
        num_hidden_layers=6,
        num_key_value_heads=2,
        head_dim=8,
        global_head_dim=16,
        sliding_window=8,
        hidden_size_per_layer_input=8,
        vocab_size_per_layer_input=64,
    ),
    "latent attention": DeepseekV3Config(
        **SMALL,
        num_hidden_layers=3,
        num_key_value_heads=4,
        moe_intermediate_size=16,
        n_routed_experts=8,
        n_group=2,
        topk_group=1,
        num_experts_per_tok=2,
        q_lora_rank=16,
        kv_lora_rank=8,
        qk_rope_head_dim=4,
        qk_nope_head_dim=8,
        v_head_dim=8,
        first_k_dense_replace=1,
    ),
    "recurrent layers": Qwen3_5TextConfig(
        **SMALL,
        num_hidden_layers=4,
        num_key_value_heads=2,
        head_dim=8,
        linear_key_head_dim=8,
        linear_value_head_dim=8,
        linear_num_key_heads=2,
        linear_num_value_heads=4,
    ),
}


@pytest.mark.parametrize("length", [5, 8, 30])
@pytest.mark.parametrize("config", UNUSUAL.values(), ids=UNUSUAL)
def test_so_it_is_where_layers_keep_something_else(config: Any, length: int) -> None:
    model = AutoModelForCausalLM.from_config(config).eval()
    inputs = {"input_ids": torch.ones(1, length, dtype=torch.long)}
    assert cache_bytes(model, Batch(rows=1, length=length)) == filled(model, inputs)
    get_peft_model(model, TwistConfig(expert_rank=2))
    assert estimate_activations(model, Batch(rows=1, length=length)).peak > 0
