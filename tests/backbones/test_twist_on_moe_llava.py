"""TWIST's laws on the paper's own base model: what is promised of any model holds of MoE-LLaVA."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import peft
import pytest
import torch
from torch import Tensor

from twist_scout.backbones import MoeLlavaForConditionalGeneration
from twist_scout.twist import TwistConfig, TwistLayer, count_expert_use

Build = Callable[..., MoeLlavaForConditionalGeneration]
Inputs = Callable[..., dict[str, Tensor]]
DECODERS = ["phi", "stablelm", "qwen2", "mistral"]
GREEDY: dict[str, Any] = {"max_new_tokens": 8, "min_new_tokens": 8, "do_sample": False}


def wrap(model: MoeLlavaForConditionalGeneration, **options: Any) -> Any:
    torch.manual_seed(1)
    return peft.get_peft_model(model, TwistConfig(**options))


def unsettle(model: Any) -> None:
    """Give every twin weight noise, as training would, so that the twin no longer is its seed."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "twin_" in name:
                parameter.add_(torch.randn_like(parameter), alpha=0.2)


@pytest.mark.parametrize("decoder", DECODERS)
def test_the_default_twins_exactly_the_mixtures(tiny_model: Build, decoder: str) -> None:
    base = tiny_model(decoder, moe_layers=[1, 2])
    experts = {n: base.model.language_model.layers[n].mlp.experts[1].state_dict() for n in (1, 2)}
    routers = {n: base.model.language_model.layers[n].mlp.gate.wg.weight for n in (1, 2)}
    model = wrap(base)
    layers = {module.index: module for module in model.modules() if isinstance(module, TwistLayer)}
    assert sorted(layers) == [1, 2]
    for number, layer in layers.items():  # seeded with whole experts and their rows of the router
        assert torch.equal(layer.twin_router["default"].weight, routers[number][:2])
        down = "fc2.weight" if decoder == "phi" else "down_proj.weight"
        assert torch.equal(layer.twin_experts["default"].down_proj[1], experts[number][down])


@pytest.mark.parametrize("decoder", DECODERS)
@torch.no_grad()
def test_understanding_is_the_bare_model_bit_for_bit(tiny_model: Build, inputs: Inputs, decoder: str) -> None:
    base, batch = tiny_model(decoder), inputs(7, 4)
    logits, answers = base(**batch).logits, base.generate(**batch, **GREEDY)
    model = wrap(base)
    unsettle(model)
    assert not torch.equal(model(**batch).logits, logits)
    with model.disable_adapter():
        assert torch.equal(model(**batch).logits, logits)
        assert torch.equal(model.generate(**batch, **GREEDY), answers)
    with model.base_model.override_alpha(1):
        assert torch.equal(model(**batch).logits, logits)


@torch.no_grad()
def test_training_starts_from_what_the_base_knows(tiny_model: Build, inputs: Inputs) -> None:
    base, batch = tiny_model(), inputs(7, 7)
    before = base(**batch, labels=batch["input_ids"]).loss
    after = wrap(base)(**batch, labels=batch["input_ids"]).loss
    assert abs(after / before - 1) < 0.01


def test_training_moves_the_twin_alone_and_lowers_the_loss(tiny_model: Build, inputs: Inputs) -> None:
    base, batch = tiny_model(), inputs(7, 4)
    labels = batch["input_ids"].masked_fill(batch["attention_mask"] == 0, -100)
    frozen = {name: tensor.clone() for name, tensor in base.state_dict().items()}
    model = wrap(base).train()
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-2)
    losses = []
    for step in range(20):
        output = model(**batch, labels=labels)
        # the frozen mixtures draw no noise, drop nothing and add no balance loss of their own
        assert output.aux_loss is None
        loss = output.loss + 0.01 * model.base_model.auxiliary_loss()
        loss.backward()
        if step == 0:
            without = [n for n, p in model.named_parameters() if (p.grad is None) == ("twin_" in n)]
            assert without == []
        optimizer.step()
        optimizer.zero_grad()
        losses.append(output.loss.item())
    assert losses[-1] < losses[0]
    restored = model.unload().state_dict()
    assert restored.keys() == frozen.keys()
    assert all(torch.equal(restored[name], frozen[name]) for name in frozen)


@torch.no_grad()
def test_saved_and_loaded_it_answers_the_same(tiny_model: Build, inputs: Inputs, tmp_path: Path) -> None:
    base, batch = tiny_model(), inputs(7, 4)
    bare = copy.deepcopy(base)
    model = wrap(base)
    unsettle(model)
    model.eval().save_pretrained(tmp_path)
    again = peft.PeftModel.from_pretrained(bare, tmp_path).eval()
    assert torch.equal(again(**batch).logits, model(**batch).logits)
    assert torch.equal(again.generate(**batch, **GREEDY), model.generate(**batch, **GREEDY))


@torch.no_grad()
def test_rows_of_one_batch_may_differ_in_mode(tiny_model: Build, inputs: Inputs) -> None:
    """The first layer's experts see the same tokens in either mode. In later mixtures a frozen expert
    multiplies a group that holds grounding rows as well, so an understanding row equals that of an
    understanding-only batch up to the rounding of the product, and no further.
    """
    model, batch = wrap(tiny_model()), inputs(6, 6, 6)
    unsettle(model)
    model.eval()
    mixed = model(**batch, adapter_names=["default", "__base__", "default"]).logits
    grounding = model(**batch).logits
    with model.disable_adapter():
        understanding = model(**batch).logits
    assert torch.allclose(mixed[1], understanding[1], atol=1e-5)
    assert torch.allclose(mixed[::2], grounding[::2], atol=1e-5)
    assert (grounding[1] - understanding[1]).abs().max() > 1e-2


@torch.no_grad()
def test_where_experts_overflow_a_grounding_row_can_move_an_understanding_row(
    tiny_model: Build, inputs: Inputs
) -> None:
    """Only with an evaluation capacity below the published one, and the configuration says so."""
    gaps = {}
    for factor in (2.0, 0.5):
        base, batch = tiny_model(moe_eval_capacity_factor=factor), inputs(8, 8)
        model = wrap(base)
        unsettle(model)
        model.eval()
        mixed = model(**batch, adapter_names=["default", "__base__"]).logits[1]
        with model.disable_adapter():
            gaps[base.config.drops_in_evaluation] = (mixed - model(**batch).logits[1]).abs().max()
    assert gaps[False] < 1e-4 < gaps[True]


def test_the_experts_that_the_gate_uses_most_can_seed_the_twin(tiny_model: Build, inputs: Inputs) -> None:
    base = tiny_model()
    use = count_expert_use(base, [inputs(8, 8), inputs(5, 5, seed=1)])
    tokens = 2 * (8 + 4) + 2 * (5 + 4)
    assert {layer: sum(counts) for layer, counts in use.items()} == {"0": 2 * tokens, "2": 2 * tokens}
    favourite = max(range(4), key=lambda expert: use["0"][expert])
    expected = base.model.language_model.layers[0].mlp.experts[favourite].fc1.weight.clone()
    model = wrap(base, init="most_used", expert_use=use)
    layer = next(module for module in model.modules() if isinstance(module, TwistLayer))
    assert any(torch.equal(parameter[0], expected) for parameter in layer.twin_experts["default"].parameters())
