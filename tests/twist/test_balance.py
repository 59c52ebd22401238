"""R(g) against both formulas, written out plainly, and against transformers' own function."""

from __future__ import annotations

import pytest
import torch
from transformers.models.mixtral.modeling_mixtral import load_balancing_loss_func

from twist_scout.twist.balance import load_balancing_loss, router_statistics

EXPERTS, LAYERS, TOKENS = 4, 3, 30


def routing(seed=0, top_k=2):
    generator = torch.Generator().manual_seed(seed)
    logits = [torch.randn(TOKENS, EXPERTS, generator=generator) for _ in range(LAYERS)]
    mask = torch.rand(TOKENS, generator=generator) > 0.3
    probabilities = [layer.softmax(-1).requires_grad_() for layer in logits]
    choices = [layer.topk(top_k).indices for layer in probabilities]
    return logits, probabilities, choices, mask


def statistics(probabilities, choices, mask):
    pairs = zip(probabilities, choices, strict=True)
    return [router_statistics(p, chosen, mask) for p, chosen in pairs]


def deepspeed(probabilities, choices, mask):
    """Token by token, as the formula reads."""
    total = 0.0
    for p, chosen in zip(probabilities, choices, strict=True):
        kept = [n for n in range(TOKENS) if mask[n]]
        for expert in range(EXPERTS):
            fraction = sum(int(chosen[n, 0]) == expert for n in kept) / len(kept)
            mean = sum(float(p[n, expert].detach()) for n in kept) / len(kept)
            total += EXPERTS * fraction * mean
    return total


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("top_k", [1, 2])
def test_deepspeed_is_its_formula(masked, top_k):
    _, probabilities, choices, mask = routing(top_k=top_k)
    mask = mask if masked else torch.ones(TOKENS, dtype=torch.bool)
    loss = load_balancing_loss(statistics(probabilities, choices, mask), "deepspeed")
    assert float(loss.detach()) == pytest.approx(deepspeed(probabilities, choices, mask), rel=1e-5)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("top_k", [1, 2])
def test_hf_is_transformers_function(masked, top_k):
    logits, probabilities, choices, mask = routing(top_k=top_k)
    mask = mask if masked else None
    loss = load_balancing_loss(statistics(probabilities, choices, mask), "hf")
    flat = None if mask is None else mask.float()
    torch.testing.assert_close(loss, load_balancing_loss_func(tuple(logits), EXPERTS, top_k, flat))


@pytest.mark.parametrize(("kind", "expected"), [("deepspeed", LAYERS), ("hf", 2)])
def test_uniform_routing(kind, expected):
    # every expert first choice of as many tokens, all probabilities equal
    probabilities = [torch.full((8, EXPERTS), 1 / EXPERTS)] * LAYERS
    first = torch.arange(8) % EXPERTS
    choices = [torch.stack((first, (first + 1) % EXPERTS), dim=1)] * LAYERS
    loss = load_balancing_loss(statistics(probabilities, choices, None), kind)
    assert float(loss) == pytest.approx(expected)


@pytest.mark.parametrize("kind", ["deepspeed", "hf"])
def test_masked_tokens_change_nothing(kind):
    _, probabilities, choices, mask = routing()
    loss = load_balancing_loss(statistics(probabilities, choices, mask), kind)
    loss.backward()
    for p in probabilities:
        assert p.grad[~mask].abs().sum() == 0
        assert p.grad[mask].abs().sum() > 0
    kept = statistics([p[mask] for p in probabilities], [c[mask] for c in choices], None)
    torch.testing.assert_close(loss, load_balancing_loss(kept, kind))


@pytest.mark.parametrize("kind", ["deepspeed", "hf"])
def test_a_step_down_the_loss_evens_the_load(kind):
    logits = torch.tensor([[2.0, 0.0, 0.0]] * 12, requires_grad=True)  # all to expert 0
    loss = load_balancing_loss([router_statistics(logits.softmax(-1), logits.topk(1).indices)], kind)
    loss.backward()
    assert (logits.grad[:, 0] > 0).all()
    assert (logits.grad[:, 1:] < 0).all()


def test_nothing_counted_is_zero():
    _, probabilities, choices, mask = routing()
    nothing = torch.zeros_like(mask)
    for kind in ("deepspeed", "hf"):
        assert load_balancing_loss(statistics(probabilities, choices, nothing), kind) == 0
        assert load_balancing_loss([], kind) == 0


def test_an_unknown_kind_is_an_error():
    with pytest.raises(ValueError, match="'switch'"):
        load_balancing_loss([], "switch")
