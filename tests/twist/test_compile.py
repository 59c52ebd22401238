"""Under ``torch.compile`` a twin is part of one graph, on or off, and computes what it computes without."""

from __future__ import annotations

import shutil
from contextlib import nullcontext

import pytest
import torch

from twist_scout.twist import TwistConfig, TwistLayer


class Graphs:
    """A backend that runs graphs as they are and counts them."""

    def __init__(self):
        self.count = 0

    def __call__(self, graph, _inputs):
        self.count += 1
        return graph.forward


@pytest.fixture
def compiled():
    """Compiles a module so that a graph break is an error; returns it with its graphs."""

    def compile_(module, **options):
        graphs = options.pop("backend", None) or Graphs()
        return torch.compile(module, fullgraph=True, backend=graphs, **options), graphs

    torch._dynamo.reset()
    yield compile_
    torch._dynamo.reset()


def first_twin(model):
    return next(module for module in model.modules() if isinstance(module, TwistLayer))


def of(output):
    return output[0] if isinstance(output, tuple) else output


def test_a_twin_is_one_graph(family, variant, wrap, compiled):
    layer, x = first_twin(wrap(family, **variant)), torch.randn(2, 5, 32)
    run, graphs = compiled(layer)
    with torch.no_grad():
        expected, frozen = of(layer(x)), of(layer.base_layer(x))
        torch.testing.assert_close(of(run(x)), expected, rtol=1e-5, atol=1e-5)
    assert graphs.count == 1
    assert not torch.equal(expected, frozen)


@pytest.mark.parametrize("mode", ["off", "alpha 1", "rows"])
def test_so_it_is_in_understanding_mode(family, mode, wrap, compiled):
    layer, x = first_twin(wrap(family)), torch.randn(2, 5, 32)
    layer.enable_adapters(mode != "off")
    layer.state.alpha_override = 1.0 if mode == "alpha 1" else None
    layer.state.rows = ["__base__", "default"] if mode == "rows" else None
    run, graphs = compiled(layer)
    with torch.no_grad():
        found, frozen = of(run(x)), of(layer.base_layer(x))
    assert graphs.count == 1
    assert torch.equal(found[0], frozen[0])
    assert torch.equal(found[1], frozen[1]) == (mode != "rows")


@pytest.mark.filterwarnings("ignore:Dynamo detected a call to a `functools.lru_cache`")  # transformers'
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_twin_is_traced_down_to_its_kernels(llama_family, dtype, wrap, compiled):
    """``aot_eager`` runs what the default backend would translate; in bf16 another kernel than in fp32."""
    layer = first_twin(wrap(llama_family, num_experts=4, top_k=2))
    layer.twin_experts.to(dtype)
    layer.base_layer.to(dtype)
    x = torch.randn(2, 5, 32, dtype=dtype)
    run, _ = compiled(layer, backend="aot_eager")
    with torch.no_grad():
        close = {} if dtype == torch.float32 else {"rtol": 2e-2, "atol": 2e-2}
        torch.testing.assert_close(run(x), layer(x), **close)


@pytest.mark.parametrize("off", [False, True], ids=["on", "off"])
def test_a_whole_model_is_one_graph(family, off, wrap, logits, compiled):
    model, batch = wrap(family), family.inputs()
    run, graphs = compiled(model)
    with model.disable_adapter() if off else nullcontext():
        expected = logits(model, batch)  # first: a vision tower of transformers puts its hooks up as it first runs
        found = logits(run, batch, use_cache=False)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    assert graphs.count == 1
    assert torch.equal(found, logits(family.model(), batch)) == off


def test_rows_of_a_compiled_model_may_differ_in_mode(llama_family, wrap, logits, shake, compiled):
    model, batch = wrap(llama_family, name="grounding"), llama_family.inputs()
    model.add_adapter("ocr", TwistConfig(num_experts=3, layers="all"))
    shake(model, "ocr", seed=5)
    names = ["ocr", "__base__", "grounding"]
    run, graphs = compiled(model)
    expected = logits(model, batch, adapter_names=names)
    torch.testing.assert_close(logits(run, batch, adapter_names=names, use_cache=False), expected, rtol=1e-4, atol=1e-4)
    assert graphs.count == 1


def test_new_lengths_and_loads_need_no_new_graphs(llama_family, wrap, logits, compiled):
    """How many tokens an expert gets is no part of the graph, and from the second one on no length is."""
    model = wrap(llama_family)
    run, graphs = compiled(model)
    for length in (8, 11, 17, 33):
        batch = llama_family.inputs(length=length)
        torch.testing.assert_close(logits(run, batch, use_cache=False), logits(model, batch), rtol=1e-4, atol=1e-4)
    assert graphs.count == 2
    with model.disable_adapter():
        for length in (8, 11, 17):
            logits(run, llama_family.inputs(length=length), use_cache=False)
    assert graphs.count == 3


def test_training_compiles_too(llama_family, wrap, compiled):
    model, batch = wrap(llama_family).train(), llama_family.inputs()

    def gradients(run):
        model.zero_grad()
        loss = run(**batch, labels=batch["input_ids"], use_cache=False).loss + model.auxiliary_loss()
        loss.backward()
        return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}

    expected, found = gradients(model), gradients(compiled(model, backend="aot_eager")[0])
    assert found.keys() == expected.keys()
    for name in expected:
        torch.testing.assert_close(found[name], expected[name], rtol=1e-4, atol=1e-6)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="the default backend needs a C++ compiler")
def test_the_default_backend_computes_the_same(llama_family, wrap, logits, compiled):
    model, batch = wrap(llama_family), llama_family.inputs()
    run, _ = compiled(model, backend="inductor")
    torch.testing.assert_close(logits(run, batch, use_cache=False), logits(model, batch), rtol=1e-4, atol=1e-4)
