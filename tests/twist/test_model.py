"""The laws that every adapter on every base obeys: what is the base, and what is not."""

from __future__ import annotations

import pytest
import torch
from peft import get_peft_model

from twist_scout.errors import BadConfig
from twist_scout.twist import TwistConfig, TwistLayer


def twins(model):
    return [module for module in model.modules() if isinstance(module, TwistLayer)]


# --- understanding mode is the base ---


def test_disabled_is_the_base_bit_for_bit(family, variant, wrap, logits, answers):
    base, model, batch = family.model(), wrap(family, **variant), family.inputs()
    assert not torch.equal(logits(model, batch), logits(base, batch))  # the twin does act
    with model.disable_adapter():
        assert torch.equal(logits(model, batch), logits(base, batch))
        assert torch.equal(answers(model, family), answers(base, family))


def test_alpha_one_is_the_base_bit_for_bit(family, variant, wrap, logits, answers):
    base, model, batch = family.model(), wrap(family, **variant), family.inputs()
    with model.override_alpha(1):
        assert torch.equal(logits(model, batch), logits(base, batch))
        assert torch.equal(answers(model, family), answers(base, family))


# --- step 0 ---


@pytest.mark.parametrize("options", [{"num_experts": 1}, {"expert_rank": 3, "num_experts": 3}])
def test_one_expert_and_new_units_start_exactly_as_a_dense_base(dense, options, wrap, logits):
    model = wrap(dense, shaken=False, **options)
    batch = dense.inputs()
    assert torch.equal(logits(model, batch), logits(dense.model(), batch))


@pytest.mark.parametrize("options", [{}, {"num_experts": 3, "top_k": 2}])
def test_copies_start_as_a_dense_base_up_to_the_products_rounding(dense, options, wrap, logits):
    # Experts multiply fewer rows at a time than the base did, and a matrix product may add up in
    # another order for another number of rows. Nothing else differs.
    model, batch = wrap(dense, shaken=False, **options), dense.inputs()
    expected = logits(dense.model(), batch)
    torch.testing.assert_close(logits(model, batch), expected, rtol=1e-6, atol=2e-6)


def test_new_units_start_exactly_as_a_mixture(mixed, wrap, logits):
    model, batch = wrap(mixed, shaken=False, expert_rank=3), mixed.inputs()
    assert torch.equal(logits(model, batch), logits(mixed.model(), batch))


@pytest.mark.parametrize("init", ["first", "mean"])
def test_some_experts_of_a_mixture_start_within_a_percent(mixed, init, wrap):
    base, model, batch = mixed.model(), wrap(mixed, shaken=False, init=init), mixed.inputs()
    with torch.no_grad():
        expected = base(**batch, labels=batch["input_ids"]).loss
        started = model(**batch, labels=batch["input_ids"]).loss
    assert abs(started / expected - 1) < 0.01
    assert all(0.9 < alpha < 1 for alpha in model.alphas().values())


def test_all_experts_of_a_mixture_start_as_it(mixed, wrap, logits):
    model, batch = wrap(mixed, shaken=False, num_experts=4, top_k=2), mixed.inputs()
    torch.testing.assert_close(logits(model, batch), logits(mixed.model(), batch), rtol=1e-5, atol=2e-6)
    assert set(model.alphas().values()) == {0.5}


# --- taking it away ---


def test_unloading_restores_the_base(family, variant, wrap, logits):
    reference, batch = family.model(), family.inputs()
    model = wrap(family, **variant)
    restored = model.unload()
    assert {name: type(m) for name, m in restored.named_modules()} == {
        name: type(m) for name, m in reference.named_modules()
    }
    assert not restored._forward_pre_hooks
    assert not restored._forward_hooks
    assert all(not module.training for module in restored.modules())
    assert torch.equal(logits(restored, batch), logits(reference, batch))


def test_merging_is_refused(llama_family, wrap):
    with pytest.raises(NotImplementedError, match="unload"):
        wrap(llama_family).merge_and_unload()


# --- options ---


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ("auto", [1, 3]),
        ("moe", [1, 3]),
        ("alternate", [0, 2]),
        ("all", [0, 1, 2, 3]),
        ([3, 0], [0, 3]),
    ],
)
def test_layers_of_a_mixture(llava_family, layers, expected, wrap):
    assert list(wrap(llava_family, layers=layers).alphas()) == expected


def test_layers_of_a_dense_base(llama_family, wrap):
    assert list(wrap(llama_family).alphas()) == [0, 2]
    with pytest.raises(BadConfig, match="dense"):
        wrap(llama_family, layers="moe")
    with pytest.raises(BadConfig, match=r"\[4\].*\[0, 1, 2, 3\]"):
        wrap(llama_family, layers=[0, 4])


@pytest.mark.parametrize(
    "options", [{"layers": [9]}, {"layers": "all", "init": "most_used", "expert_use": {3: [1] * 4}}]
)
def test_an_adapter_that_cannot_be_added_leaves_the_model_as_it_was(mixed, options, logits):
    if mixed.sees and "init" in options:
        options = {
            **options,
            "expert_use": {1: [1] * 4},
        }  # dense, mixture, dense, and then it fails
    model, batch = mixed.model(), mixed.inputs()
    with pytest.raises(BadConfig):
        get_peft_model(model, TwistConfig(**options))
    assert not twins(model)
    assert not model._forward_pre_hooks
    assert torch.equal(logits(model, batch), logits(mixed.model(), batch))


def test_a_further_adapter_that_cannot_be_added_leaves_the_others(llava_family, wrap, logits):
    model, batch = wrap(llava_family), llava_family.inputs()
    before = logits(model, batch)
    with pytest.raises(BadConfig):
        model.add_adapter("more", TwistConfig(layers="all", init="most_used"))
    assert len(twins(model)) == 2
    assert list(model.peft_config) == ["default"]
    assert torch.equal(logits(model, batch), before)
    assert any(parameter.requires_grad for parameter in model.parameters())


def test_the_vision_tower_is_never_twinned(llava_family, wrap):
    names = [name for name, module in wrap(llava_family).named_modules() if "twin_experts" in name]
    assert names
    assert all("language_model" in name for name in names)


@pytest.mark.parametrize("task_type", [None, "CAUSAL_LM"])
def test_peft_task_types(llama_family, task_type, wrap, answers):
    model = wrap(llama_family, task_type=task_type)
    assert answers(model, llama_family).shape == (3, 20)


def test_tied_embeddings_stay_tied(llava_family, wrap):
    model = wrap(llava_family)
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight


def test_router_logits_of_the_base_are_its_own(mixed, wrap, logits):
    base, model, batch = mixed.model(), wrap(mixed, num_experts=3), mixed.inputs()
    if mixed.sees:  # the composite model does not return them
        base, model = base.model.language_model, model.base_model.model.model.language_model
        batch = {k: v for k, v in batch.items() if k != "pixel_values"}
        batch["input_ids"] = batch["input_ids"].clamp(max=4)
    with torch.no_grad():
        expected = base(**batch, output_router_logits=True).router_logits
        recorded = model(**batch, output_router_logits=True).router_logits
    assert [r.shape for r in recorded] == [r.shape for r in expected]
    assert torch.equal(recorded[0], expected[0])
