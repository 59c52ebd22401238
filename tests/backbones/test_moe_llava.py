"""The model's own laws: it is a LLaVA in everything but its mixtures."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import get_peft_model
from torch import Tensor
from transformers import AutoModelForImageTextToText, LlavaConfig, LlavaForConditionalGeneration, OPTConfig

from twist_scout.backbones import MoeLlavaForConditionalGeneration
from twist_scout.backbones.block import MoeBlock
from twist_scout.errors import BadModel
from twist_scout.twist import TwistConfig

Build = Callable[..., MoeLlavaForConditionalGeneration]
Inputs = Callable[..., dict[str, Tensor]]
DECODERS = ["phi", "stablelm", "qwen2", "mistral", "llama"]


def decoder_layers(model: Any) -> Any:
    return model.model.language_model.layers


@pytest.mark.parametrize("decoder", DECODERS)
@torch.no_grad()
def test_with_untrained_experts_it_is_the_dense_llava(tiny_config: Any, inputs: Inputs, decoder: str) -> None:
    """Experts start as copies of the decoder's own network, so the mixture computes that network."""
    config = tiny_config(decoder)
    model = MoeLlavaForConditionalGeneration(config).eval()
    dense = LlavaForConditionalGeneration(
        LlavaConfig(
            vision_config=config.vision_config,
            text_config=config.text_config,
            image_token_index=config.image_token_index,
            image_seq_length=config.image_seq_length,
        )
    ).eval()
    weights = model.state_dict()
    blocks = [number for number, layer in enumerate(decoder_layers(model)) if isinstance(layer.mlp, MoeBlock)]
    assert blocks == [0, 2]
    for name in dense.state_dict():
        if ".mlp." in name and name not in weights:
            layer, _, part = name.partition(".mlp.")
            weights[name] = weights[f"{layer}.mlp.experts.1.{part}"]
    dense.load_state_dict({name: weights[name] for name in dense.state_dict()})
    batch = inputs(6, 3)
    kept = batch["attention_mask"].bool()
    assert torch.allclose(model(**batch).logits[kept], dense(**batch).logits[kept], atol=1e-5)


@torch.no_grad()
def test_the_mixtures_matter(tiny_model: Build, inputs: Inputs) -> None:
    model, batch = tiny_model(), inputs(6)
    before = model(**batch).logits
    for layer in decoder_layers(model)[::2]:
        layer.mlp.gate.wg.weight.neg_()  # other experts
    assert (model(**batch).logits - before).abs().max() > 1e-2


@torch.no_grad()
def test_evaluation_is_deterministic_and_without_auxiliary_loss(tiny_model: Build, inputs: Inputs) -> None:
    model, batch = tiny_model(), inputs(6, 4)
    first, second = model(**batch, labels=batch["input_ids"]), model(**batch, labels=batch["input_ids"])
    assert torch.equal(first.logits, second.logits)
    assert torch.equal(first.loss, second.loss)
    assert "aux_loss" not in first
    as_tuple = model(**batch, return_dict=False)
    assert isinstance(as_tuple, tuple)
    assert torch.equal(as_tuple[0], first.logits)


@pytest.mark.parametrize("mode", ["bare", "grounding", "understanding"])
@torch.no_grad()
def test_compiled_it_is_one_graph_with_and_without_a_twin(tiny_model: Build, inputs: Inputs, mode: str) -> None:
    model, batch = tiny_model(), inputs(6, 4)
    bare = model(**batch).logits
    if mode != "bare":
        torch.manual_seed(1)
        model = get_peft_model(model, TwistConfig(alpha_init=0.3)).eval()
    with model.disable_adapter() if mode == "understanding" else nullcontext():
        expected = model(**batch).logits
        torch._dynamo.reset()
        compiled = torch.compile(model, fullgraph=True, backend="eager")  # a graph break is an error
        found = compiled(**batch, use_cache=False).logits
    assert torch.allclose(found, expected, atol=1e-4)
    assert torch.equal(expected, bare) == (mode != "grounding")


@pytest.mark.parametrize("decoder", DECODERS)
def test_generation_with_a_cache_equals_generation_without(tiny_model: Build, inputs: Inputs, decoder: str) -> None:
    model, batch = tiny_model(decoder), inputs(6, 6)
    options = {"max_new_tokens": 8, "min_new_tokens": 8, "do_sample": False}
    cached = model.generate(**batch, **options, use_cache=True)
    assert torch.equal(cached, model.generate(**batch, **options, use_cache=False))
    assert cached.shape == (2, 10 + 8)


def test_left_padding_changes_no_answer(tiny_model: Build, inputs: Inputs) -> None:
    """Padding tokens go through the experts too, but with the published capacity they push nobody out."""
    model, batch = tiny_model(), inputs(9, 4)
    options = {"max_new_tokens": 6, "min_new_tokens": 6, "do_sample": False}
    together = model.generate(**batch, **options)
    alone = {name: value[1:] for name, value in batch.items()}
    alone |= {name: alone[name][:, 5:] for name in ("input_ids", "attention_mask")}
    assert alone["attention_mask"].all()
    assert torch.equal(together[1, -6:], model.generate(**alone, **options)[0, -6:])
    assert torch.allclose(model(**batch).logits[1, 5:], model(**alone).logits[0], atol=1e-4)


@torch.no_grad()
def test_whether_a_row_depends_on_its_batch_is_what_the_configuration_says(
    tiny_model: Build, inputs: Inputs, caplog: pytest.LogCaptureFixture
) -> None:
    """With the published factor never (up to the rounding of larger products); with a smaller one
    experts overflow, first come first served, and the model says so when it is built.
    """
    batch, other = inputs(8, 8), inputs(8, 8, seed=1)
    mixed = {name: torch.cat([other[name][:1], value[1:]]) for name, value in batch.items()}
    for factor, depends in ((2.0, False), (0.5, True)):
        with caplog.at_level(logging.WARNING):
            caplog.clear()
            model = tiny_model(moe_eval_capacity_factor=factor)
        assert model.config.drops_in_evaluation == depends == ("overflow" in caplog.text)
        difference = (model(**batch).logits[1] - model(**mixed).logits[1]).abs().max()
        assert (difference > 1e-2) == depends


def test_the_training_loss_holds_the_balance_of_every_layer(tiny_model: Build, inputs: Inputs) -> None:
    model, batch = tiny_model(router_aux_loss_coef=0.5).train(), inputs(6, 4)
    torch.manual_seed(0)
    output = model(**batch, labels=batch["input_ids"])
    torch.manual_seed(0)
    gates: list[Tensor] = []
    hooks = [
        layer.mlp.gate.register_forward_hook(lambda _module, _inputs, gating: gates.append(gating.loss))
        for layer in decoder_layers(model)[::2]
    ]
    entropy = model.loss_function(
        logits=model(**batch).logits, labels=batch["input_ids"], vocab_size=model.config.text_config.vocab_size
    )
    for hook in hooks:
        hook.remove()
    assert len(gates) == 2
    assert torch.allclose(output.aux_loss, gates[0] + gates[1])
    assert torch.allclose(output.loss, entropy + 0.5 * output.aux_loss)
    output.loss.backward()
    without = [name for name, p in model.model.language_model.named_parameters() if p.grad is None]
    assert without == []
    copy.deepcopy(model)  # nothing of the pass is left behind
    unlabelled = model(**batch)
    assert unlabelled.loss is None
    assert unlabelled.aux_loss.requires_grad


def test_gradient_checkpointing_changes_no_gradient(tiny_model: Build, inputs: Inputs) -> None:
    gradients = []
    for checkpointing in (False, True):
        model, batch = tiny_model().train(), inputs(6, 4)
        if checkpointing:
            model.gradient_checkpointing_enable({"use_reentrant": False})
        torch.manual_seed(0)  # the second choice is drawn
        output = model(**batch, labels=batch["input_ids"], use_cache=False)
        output.loss.backward()
        gradients.append(torch.cat([p.grad.flatten() for p in model.model.language_model.layers.parameters()]))
        assert all(module._losses is None for module in model.modules() if isinstance(module, MoeBlock))
    assert torch.allclose(*gradients, atol=1e-6)


@pytest.mark.parametrize("decoder", DECODERS)
@torch.no_grad()
def test_saved_and_loaded_through_the_auto_class_it_is_the_same(
    tiny_model: Build, inputs: Inputs, decoder: str, tmp_path: Path
) -> None:
    model, batch = tiny_model(decoder, moe_layers=[1, 2], moe_top_k=1, moe_eval_capacity_factor=4.0), inputs(5, 3)
    model.save_pretrained(tmp_path)
    again = AutoModelForImageTextToText.from_pretrained(tmp_path).eval()
    assert type(again) is MoeLlavaForConditionalGeneration
    assert again.state_dict().keys() == model.state_dict().keys()
    assert torch.equal(again(**batch).logits, model(**batch).logits)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_the_router_stays_in_fp32(tiny_model: Build, inputs: Inputs, tmp_path: Path, dtype: torch.dtype) -> None:
    tiny_model().save_pretrained(tmp_path)
    model = AutoModelForImageTextToText.from_pretrained(tmp_path, dtype=dtype).eval()
    block = decoder_layers(model)[0].mlp
    assert block.gate.wg.weight.dtype == torch.float32
    assert block.experts[0].fc1.weight.dtype == dtype
    batch = inputs(4)
    batch["pixel_values"] = batch["pixel_values"].to(dtype)
    assert model(**batch).logits.dtype == dtype


def test_a_decoder_that_keeps_its_network_elsewhere_is_refused(tiny_config: Any) -> None:
    config = tiny_config()
    config.text_config = OPTConfig(
        vocab_size=99, hidden_size=32, ffn_dim=64, num_hidden_layers=4, num_attention_heads=2, word_embed_proj_dim=32
    )
    with pytest.raises(BadModel, match=r"OPTModel .* layers\.0\.mlp"):
        MoeLlavaForConditionalGeneration(config)
