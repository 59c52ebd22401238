"""Looking at a base leaves it as it was, and gives the same whether or not it is frozen."""

from __future__ import annotations

import torch

from twist_scout.families.catalogue import find_family
from twist_scout.twist.observation import _understanding


def test_a_model_is_put_back_as_it_was(llama_family, wrap):
    model = wrap(llama_family).train()
    wanting = {name: parameter.requires_grad for name, parameter in model.named_parameters()}
    training = {name: module.training for name, module in model.named_modules()}
    with _understanding(model):
        assert not any(parameter.requires_grad for parameter in model.parameters())
        assert not any(module.training for module in model.modules())
    assert {name: parameter.requires_grad for name, parameter in model.named_parameters()} == wanting
    assert {name: module.training for name, module in model.named_modules()} == training


def test_a_base_says_the_same_before_and_after_it_was_frozen():
    # whose projector multiplies by another kernel where a weight wants a gradient
    family = find_family("cohere2_vision")
    model = family.model()
    batch = family.batch(model)
    with _understanding(model), torch.inference_mode():
        before = model(**batch).logits
    model.requires_grad_(False)
    with _understanding(model), torch.inference_mode():
        assert torch.equal(model(**batch).logits, before)
