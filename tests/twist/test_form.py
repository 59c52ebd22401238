from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from twist_scout.twist.form import ExpertWeights, Form, FrozenParts, GatedActivation

HIDDEN, INNER = 6, 10


def weights(gated, biased=True):
    rows = INNER * (1 + gated)
    return ExpertWeights(
        torch.randn(rows, HIDDEN),
        torch.randn(HIDDEN, INNER),
        torch.randn(rows) if biased else None,
        torch.randn(HIDDEN) if biased else None,
    )


@pytest.mark.parametrize("biased", [True, False])
def test_a_gated_network_multiplies_the_gates_activation_with_up(biased):
    own, x = weights(True, biased), torch.randn(3, HIDDEN)
    gate, up = F.linear(x, own.up, own.up_bias).chunk(2, dim=-1)
    expected = F.linear(F.silu(gate) * up, own.down, own.down_bias)
    assert torch.equal(Form(True, GatedActivation(F.silu)).run(x, own), expected)
    torch.testing.assert_close(Form(True, GatedActivation(F.silu), apart=True).run(x, own), expected)


def test_an_ungated_network_activates_once():
    own, x = weights(False), torch.randn(3, HIDDEN)
    expected = F.linear(F.gelu(F.linear(x, own.up, own.up_bias)), own.down, own.down_bias)
    assert torch.equal(Form(False, F.gelu).run(x, own), expected)


def test_what_follows_an_expert_is_part_of_its_form():
    own, x, norm = weights(False), torch.randn(3, HIDDEN), nn.LayerNorm(HIDDEN)
    assert torch.equal(Form(False, F.relu, outer=norm).run(x, own), norm(Form(False, F.relu).run(x, own)))


def test_nothing_around_the_experts_changes_nothing():
    x = torch.randn(3, HIDDEN)
    nothing = FrozenParts()
    assert nothing.enter(x) is x
    assert nothing.leave(x) is x
    assert nothing.beside(x) is None


def test_the_way_in_and_out():
    into, norm, out = nn.Linear(HIDDEN, 4), nn.LayerNorm(4), nn.Linear(4, HIDDEN)
    around = FrozenParts(before=(into, norm), after=(out,), weight=2.5)
    x, inside = torch.randn(3, HIDDEN), torch.randn(3, 4)
    assert torch.equal(around.enter(x), norm(into(x)))
    assert torch.equal(around.leave(inside), out(inside * 2.5))


def test_a_frozen_part_gets_its_own_precision():
    out = nn.Linear(4, HIDDEN).to(torch.bfloat16)
    assert FrozenParts(after=(out,)).leave(torch.randn(3, 4)).dtype == torch.bfloat16


@pytest.mark.parametrize("gated", [True, False])
def test_the_shared_network_stands_beside(gated):
    shared, gate = nn.Linear(HIDDEN, HIDDEN), nn.Linear(HIDDEN, 1)
    around = FrozenParts(shared=shared, shared_gate=gate if gated else None, shared_weight=0.5)
    x = torch.randn(3, HIDDEN)
    expected = shared(x) * (torch.sigmoid(gate(x)) if gated else 1) * 0.5
    torch.testing.assert_close(around.beside(x), expected)
