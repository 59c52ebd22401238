"""The gate against DeepSpeed 0.9.5's formulas, written out token by token."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from twist_scout.backbones.gating import TopKGate, expert_capacity, top_k_gating
from twist_scout.errors import BadConfig


def plain_top2(logits: list[list[float]], factor: float, minimum: int) -> tuple[list[dict[int, float]], float]:
    """Each token's expert weights and the loss, without noise: loops over tokens and experts."""
    tokens, experts = len(logits), len(logits[0])
    capacity = max(math.ceil(tokens / experts * factor * 2), minimum)
    probabilities = []
    for row in logits:
        powers = [math.exp(x - max(row)) for x in row]
        probabilities.append([power / sum(powers) for power in powers])
    firsts = [row.index(max(row)) for row in logits]
    seconds = []
    for row, first in zip(logits, firsts, strict=True):
        others = [expert for expert in range(experts) if expert != first]
        seconds.append(max(others, key=lambda expert: row[expert]))
    queue = [0] * experts
    weights: list[dict[int, float]] = [{} for _ in range(tokens)]
    for choices in (firsts, seconds):  # all first choices stand before all second ones
        for token, expert in enumerate(choices):
            if queue[expert] < capacity:
                weights[token][expert] = probabilities[token][expert]
            queue[expert] += 1  # one that is turned away has taken its number too
    for token in weights:
        total = sum(token.values())
        for expert in token:
            token[expert] /= total
    loss = 0.0
    for expert in range(experts):
        mean = sum(row[expert] for row in probabilities) / tokens
        loss += mean * firsts.count(expert) / tokens
    return weights, loss * experts


def as_dictionaries(choices: Tensor, weights: Tensor, kept: Tensor | None) -> list[dict[int, float]]:
    kept = torch.ones_like(choices, dtype=torch.bool) if kept is None else kept
    rows = zip(choices.tolist(), weights.tolist(), kept.tolist(), strict=True)
    return [{e: w for e, w, k in zip(*row, strict=True) if k} for row in rows]


@settings(max_examples=40, deadline=None)
@given(
    tokens=st.integers(1, 40),
    experts=st.integers(2, 6),
    factor=st.sampled_from([0.25, 0.5, 1.0, 1.5, 2.0, 4.0]),
    minimum=st.integers(0, 4),
    seed=st.integers(0, 10_000),
)
def test_top2_is_the_written_out_formula(tokens: int, experts: int, factor: float, minimum: int, seed: int) -> None:
    logits = torch.randn(tokens, experts, generator=torch.Generator().manual_seed(seed)) * 2
    capacity = expert_capacity(tokens, experts, top_k=2, factor=factor, minimum=minimum)
    gating = top_k_gating(logits, top_k=2, capacity=capacity, noise=False)
    expected, loss = plain_top2(logits.tolist(), factor, minimum)
    for got, wanted in zip(as_dictionaries(gating.choices, gating.weights, gating.kept), expected, strict=True):
        assert got == pytest.approx(wanted, abs=1e-5)
    assert float(gating.loss) == pytest.approx(loss, abs=1e-5)


def test_the_published_factors_drop_in_training_and_never_in_evaluation() -> None:
    for tokens in (1, 7, 64):
        assert expert_capacity(tokens, 4, top_k=2, factor=2.0, minimum=0) == tokens
    assert expert_capacity(64, 4, top_k=2, factor=1.5, minimum=0) == 48
    assert expert_capacity(8, 4, top_k=1, factor=1.0, minimum=4) == 4


def test_a_token_whose_choices_are_both_dropped_has_no_weight() -> None:
    logits = torch.tensor([[3.0, 2.0, 0.0, 0.0]]).expand(8, 4).contiguous()
    gating = top_k_gating(logits, top_k=2, capacity=2, noise=False)
    assert gating.kept is not None
    assert gating.kept.tolist() == [[True, True]] * 2 + [[False, False]] * 6
    assert torch.equal(gating.weights[2:], torch.zeros(6, 2))
    assert torch.allclose(gating.weights[:2].sum(-1), torch.ones(2))


def test_top1_weighs_by_the_probability_itself_and_keeps_the_first_comers_in_evaluation() -> None:
    logits = torch.randn(30, 3, generator=torch.Generator().manual_seed(1))
    gating = top_k_gating(logits, top_k=1, capacity=5, noise=False)
    probabilities = logits.softmax(-1)
    room = [5, 5, 5]
    for token in range(30):
        expert = int(probabilities[token].argmax())
        stays = room[expert] > 0
        room[expert] -= stays
        assert float(gating.weights[token, 0]) == pytest.approx(float(probabilities[token, expert]) * stays)


def test_random_token_selection_fills_each_expert_and_varies() -> None:
    logits = torch.randn(60, 3, generator=torch.Generator().manual_seed(2))
    counts = torch.bincount(logits.argmax(-1), minlength=3)
    seen = set()
    for seed in range(4):
        torch.manual_seed(seed)
        kept = top_k_gating(logits, top_k=1, capacity=5, noise=True).kept
        assert kept is not None
        per_expert = torch.bincount(logits.argmax(-1)[kept[:, 0]], minlength=3)
        assert torch.equal(per_expert, counts.clamp(max=5))
        seen.add(tuple(kept[:, 0].tolist()))
    assert len(seen) > 1


def test_in_training_the_second_choice_is_drawn_from_the_other_experts_probabilities() -> None:
    torch.manual_seed(0)
    row = torch.tensor([4.0, 1.0, 0.0, -1.0])
    gating = top_k_gating(row.expand(40_000, 4).contiguous(), top_k=2, capacity=40_000, noise=True)
    assert torch.equal(gating.choices[:, 0], torch.zeros(40_000, dtype=torch.long))
    drawn = torch.bincount(gating.choices[:, 1], minlength=4) / 40_000
    assert drawn[0] == 0
    assert torch.allclose(drawn[1:], row[1:].softmax(-1), atol=0.015)


def test_uniform_routing_costs_one_and_collapse_costs_the_number_of_experts() -> None:
    uniform = torch.eye(4).repeat(5, 1) * 1e-4
    assert float(top_k_gating(uniform, top_k=2, capacity=20, noise=False).loss) == pytest.approx(1, abs=1e-3)
    collapsed = torch.tensor([[30.0, 0.0, 0.0, 0.0]]).repeat(20, 1)
    assert float(top_k_gating(collapsed, top_k=2, capacity=20, noise=False).loss) == pytest.approx(4, abs=1e-3)


def test_the_gate_works_in_fp32_and_repeats_itself_in_evaluation() -> None:
    torch.manual_seed(0)
    gate = TopKGate(16, 4).eval()
    tokens = torch.randn(50, 16)
    expected = gate(tokens.bfloat16())
    assert expected.weights.dtype == torch.float32
    again = gate.to(torch.bfloat16).float()(tokens.bfloat16())
    assert again.kept is None
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast = gate(tokens.bfloat16())
    assert torch.equal(cast.choices, again.choices)
    assert torch.equal(cast.weights, again.weights)


def test_the_gate_learns_through_its_weights_and_its_loss() -> None:
    gate = TopKGate(8, 4).train()
    gating = gate(torch.randn(20, 8))
    gating.weights[:, 0].sum().backward(retain_graph=True)
    assert gate.wg.weight.grad is not None
    assert gate.wg.weight.grad.abs().sum() > 0
    gate.wg.weight.grad = None
    gating.loss.backward()
    assert gate.wg.weight.grad is not None
    assert gate.wg.weight.grad.abs().sum() > 0


def test_three_experts_per_token_are_refused() -> None:
    with pytest.raises(BadConfig, match="1 or 2"):
        top_k_gating(torch.randn(4, 4), top_k=3, capacity=4, noise=False)
