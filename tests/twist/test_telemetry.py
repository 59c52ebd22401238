"""What a model says about itself, against what is computed from outside."""

from __future__ import annotations

import pytest
import torch

from twist_scout.errors import BadConfig, BadInput, TwistScoutError
from twist_scout.twist import TwistConfig, TwistLayer


def layers(model):
    return [module for module in model.modules() if isinstance(module, TwistLayer)]


def routed(model, batch):
    """Every twin's inputs, routed again outside the layer: (probabilities, top-k choices)."""
    seen = {}
    hooks = [
        layer.register_forward_pre_hook(lambda m, args: seen.update({m.index: args[0]})) for layer in layers(model)
    ]
    with torch.no_grad():
        model(**batch)
    for hook in hooks:
        hook.remove()
    result = {}
    for layer in layers(model):
        router = layer.twin_router["default"]
        tokens = seen[layer.index].reshape(-1, 32)
        probabilities = (tokens @ router.weight.T).softmax(-1)
        result[layer.index] = (probabilities, probabilities.topk(router.top_k).indices)
    return result


@pytest.mark.parametrize("top_k", [1, 2])
@pytest.mark.parametrize("kind", ["deepspeed", "hf"])
def test_r_of_g_is_recomputed_from_outside(family, kind, top_k, wrap):
    batch = family.inputs()
    model = wrap(family, num_experts=3, top_k=top_k, router_aux_loss=kind).train()
    routing = routed(model.eval(), batch)
    model.train()(**batch)
    real = batch["attention_mask"].reshape(-1).bool()
    assert not real.all()
    terms, pooled_counts, pooled_sums, rows = [], torch.zeros(3), torch.zeros(3), 0
    for probabilities, choices in routing.values():
        p, chosen = probabilities[real], choices[real]
        first = torch.bincount(chosen[:, 0], minlength=3) / len(p)
        terms.append(3 * (first * p.mean(0)).sum())
        pooled_counts += torch.bincount(chosen.reshape(-1), minlength=3)
        pooled_sums += p.sum(0)
        rows += len(p)
    expected = sum(terms) if kind == "deepspeed" else 3 * (pooled_counts * pooled_sums).sum() / rows**2
    torch.testing.assert_close(model.auxiliary_loss().detach(), expected, rtol=1e-4, atol=1e-5)


def test_padding_does_not_count(family, wrap):
    model, batch = wrap(family, num_experts=3).train(), family.inputs()
    model(**batch)
    before = float(model.auxiliary_loss().detach())
    padding = batch["attention_mask"] == 0
    batch["input_ids"] = batch["input_ids"].masked_fill(padding, 7)  # other padding, same tokens
    model(**batch)
    assert float(model.auxiliary_loss().detach()) == pytest.approx(before, rel=1e-5)
    with model.recording(token_mask=torch.ones_like(padding)):
        model(**batch)
    assert float(model.auxiliary_loss().detach()) != pytest.approx(before, rel=1e-5)


def test_without_anything_to_balance_it_is_zero(llama_family, wrap):
    batch = llama_family.inputs()
    for options in ({"num_experts": 1}, {"router_aux_loss": None}):
        model = wrap(llama_family, **options).train()
        model(**batch)
        assert model.auxiliary_loss() == 0


def test_it_is_recorded_in_training_or_on_request(llama_family, wrap):
    model, batch = wrap(llama_family), llama_family.inputs()
    with torch.no_grad():
        model(**batch)
        assert model.auxiliary_loss() == 0
        assert model.expert_load() == {}
        with model.recording():
            model(**batch)
        assert model.auxiliary_loss() > 0
    with pytest.raises(TwistScoutError, match="call the model first"):
        wrap(llama_family).train().auxiliary_loss()


def test_the_last_forward_pass_counts(llama_family, wrap):
    model, batch = wrap(llama_family).train(), llama_family.inputs()
    model(**batch)
    once = float(model.auxiliary_loss().detach())
    model(**batch)
    assert float(model.auxiliary_loss().detach()) == once


def test_the_load_is_the_share_of_choices(family, wrap):
    batch = family.inputs()
    model = wrap(family, num_experts=3, top_k=2)
    routing = routed(model, batch)
    with model.recording(), torch.no_grad():
        model(**batch)
    real = batch["attention_mask"].reshape(-1).bool()
    load = model.expert_load()
    assert load.keys() == routing.keys()
    for layer, (_, choices) in routing.items():
        counts = torch.bincount(choices[real].reshape(-1), minlength=3)
        assert load[layer] == pytest.approx((counts / counts.sum()).tolist())


def test_rows_are_recorded_under_their_adapter(llama_family, wrap, logits):
    model, batch = wrap(llama_family, name="a"), llama_family.inputs()
    model.add_adapter("b", TwistConfig(num_experts=3))
    with model.recording():
        logits(model, batch, adapter_names=["a", "__base__", "b"])
    assert len(model.expert_load("a")[0]) == 2
    assert len(model.expert_load("b")[0]) == 3
    record = model.base_model.state.records["b"][0]
    assert len(record.probabilities) == batch["input_ids"].shape[1]
    assert torch.equal(record.counted, batch["attention_mask"][2].bool())


def test_alpha_is_told_and_overridden(llama_family, wrap):
    model = wrap(llama_family, shaken=False, alpha_init=0.31)
    assert model.alphas() == pytest.approx({0: 0.31, 2: 0.31})
    with model.override_alpha(0.8):
        assert model.alphas() == {0: 0.8, 2: 0.8}
        with model.override_alpha(None):
            assert model.alphas() == pytest.approx({0: 0.31, 2: 0.31})
        assert model.alphas() == {0: 0.8, 2: 0.8}
    model.set_alpha_override({"default": 0.5})
    assert model.alphas() == {0: 0.5, 2: 0.5}
    model.set_alpha_override(None)
    assert model.alphas() == pytest.approx({0: 0.31, 2: 0.31})


def test_an_override_lasts_no_longer_than_its_context(llama_family, wrap):
    model = wrap(llama_family)
    before = model.alphas()
    with pytest.raises(KeyError), model.override_alpha(0.9):
        raise KeyError
    assert model.alphas() == before


def test_overriding_with_the_learned_value_changes_nothing(dense, wrap, logits):
    model, batch = wrap(dense, alpha_init=0.31), dense.inputs()
    expected = logits(model, batch)
    with model.override_alpha(next(iter(model.alphas().values()))):
        torch.testing.assert_close(logits(model, batch), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan"), {"default": 2}, {"nobody": 0.5}])
def test_an_override_out_of_bounds_is_refused(llama_family, value, wrap):
    model = wrap(llama_family)
    with pytest.raises(BadConfig, match="alpha"):
        model.set_alpha_override(value)
    assert model.base_model.state.alpha_override is None


def test_a_sweep_goes_from_the_twin_alone_to_the_base(dense, wrap, logits):
    model, batch = wrap(dense), dense.inputs()
    learned, base = model.alphas(), logits(dense.model(), batch)
    found = {alpha: (logits(model, batch) - base).abs().mean() for alpha in model.alpha_sweep()}
    assert list(found) == [0, 0.25, 0.5, 0.75, 1]
    assert found[0] > found[0.5] > found[1] == 0
    assert model.alphas() == learned
    for alpha in model.alpha_sweep([0.2, 0.8]):
        assert set(model.alphas().values()) == {alpha}
        break
    assert model.alphas() == learned


def test_a_sweep_of_one_adapter_leaves_the_others(llama_family, wrap):
    model = wrap(llama_family, name="a")
    model.add_adapter("b", TwistConfig(alpha_init=0.3, alpha_scope="layer"))
    assert [set(model.alphas("b").values()) for _ in model.alpha_sweep([0, 1], "b")] == [{0.0}, {1.0}]
    for others in (0.7, {"a": 0.7}):
        with model.override_alpha(others):
            for alpha in model.alpha_sweep([0.1], "b"):
                assert set(model.alphas("a").values()) == {0.7}
                assert set(model.alphas("b").values()) == {alpha}
            assert set(model.alphas("a").values()) == {0.7}
    assert list(model.alphas("b").values()) == pytest.approx([0.3, 0.3])


def test_a_sweep_out_of_bounds_is_refused_before_it_begins(llama_family, wrap):
    model = wrap(llama_family)
    with pytest.raises(BadConfig, match=r"1\.5"):
        model.alpha_sweep([0.5, 1.5])
    with pytest.raises(BadInput, match="nobody"):
        model.alpha_sweep(adapter="nobody")


def test_the_papers_accounting(llava_family, wrap):
    # Table 7 and A1 of the notes on it: E full-size experts in half of the layers, top-1 active.
    model = wrap(llava_family, num_experts=2)
    expert = 3 * 32 * 48
    routers, alpha = 2 * 2 * 32, 1
    assert model.base_model.parameter_counts() == {
        "trainable": 2 * 2 * expert + routers + alpha,
        "active": 2 * expert + routers + alpha,
        "total": sum(p.numel() for p in model.parameters()),
    }
    both = wrap(llava_family, num_experts=2, top_k=2).base_model.parameter_counts()
    assert both["active"] == both["trainable"]


def test_unknown_adapters_are_named(llama_family, wrap):
    model = wrap(llama_family)
    for ask in (model.alphas, model.base_model.parameter_counts):
        with pytest.raises(BadInput, match=r"'nobody'.*\['default'\]"):
            ask("nobody")
