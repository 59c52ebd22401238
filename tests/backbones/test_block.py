"""The mixture block against its definition."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from twist_scout.backbones.block import MoeBlock, router_losses
from twist_scout.backbones.gating import TopKGate
from twist_scout.twist.anatomy import MixtureFfn, read_ffn


def expert(hidden: int = 16, inner: int = 24) -> nn.Module:
    return nn.Sequential(nn.Linear(hidden, inner), nn.GELU(), nn.Linear(inner, hidden))


def block(**gate: float) -> MoeBlock:
    torch.manual_seed(0)
    made = MoeBlock(expert(), 4, TopKGate(16, 4, **gate)).eval()  # type: ignore[arg-type]
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.3)
    return made


@pytest.mark.parametrize("factor", [2.0, 0.5])
@torch.no_grad()
def test_it_is_the_weighted_sum_of_its_kept_experts(factor: float) -> None:
    made = block(eval_capacity_factor=factor)
    x = torch.randn(3, 5, 16)
    gating = made.gate(x.view(-1, 16))
    assert (gating.kept is None) == (factor == 2.0)
    expected = torch.zeros(15, 16)
    for token in range(15):
        for choice in range(2):
            weight = gating.weights[token, choice]  # 0 where dropped
            expected[token] += weight * made.experts[int(gating.choices[token, choice])](x.view(-1, 16)[token])
    assert torch.allclose(made(x), expected.view(3, 5, 16), atol=1e-5)


@pytest.mark.parametrize("factor", [2.0, 0.5])
@pytest.mark.parametrize("top_k", [1, 2])
@torch.no_grad()
def test_compiled_it_is_one_graph_and_the_same_sum(top_k: int, factor: float) -> None:
    made = block(eval_capacity_factor=factor, top_k=top_k)
    x = torch.randn(3, 5, 16)
    expected = made(x)
    torch._dynamo.reset()
    compiled = torch.compile(made, fullgraph=True, backend="aot_eager")  # a graph break is an error
    assert torch.allclose(compiled(x), expected, atol=1e-6)
    assert torch.allclose(compiled(x[:, :2]), made(x[:, :2]), atol=1e-6)


@torch.no_grad()
def test_compiled_an_expert_that_overflows_on_the_tokens_of_others_harms_nobody() -> None:
    """In fp16 it might; no sum may hold its infinity times 0."""
    made, x = block(), torch.randn(1, 30, 16)
    idle = made.gate(x[0]).choices.flatten().bincount(minlength=4)
    chosen = (made.gate(x[0]).choices == int(idle.argmin())).any(dim=-1)
    made.experts[int(idle.argmin())][2].weight.fill_(torch.inf)
    assert 0 < chosen.sum() < 30
    torch._dynamo.reset()
    found = torch.compile(made, fullgraph=True, backend="eager")(x)[0]
    assert torch.equal(found.isfinite().all(dim=-1), ~chosen)


@torch.no_grad()
def test_copies_of_one_network_compute_that_network() -> None:
    torch.manual_seed(0)
    network = expert()
    made = MoeBlock(network, 4, TopKGate(16, 4)).eval()
    x = torch.randn(2, 7, 16)
    assert torch.allclose(made(x), network(x), atol=1e-6)
    parameters = [id(parameter) for parameter in made.parameters()]
    assert len(parameters) == len(set(parameters)) == 4 * 4 + 1


def test_every_expert_and_the_gate_get_a_gradient_even_without_tokens() -> None:
    made = block().train()
    made(torch.randn(1, 1, 16)).sum().backward()
    assert all(parameter.grad is not None for parameter in made.parameters())


def test_losses_are_collected_in_training_only_and_only_inside_the_context() -> None:
    made = block()
    x = torch.randn(2, 7, 16)
    with router_losses(made) as losses:
        made(x)
    assert losses == []
    made.train()
    with router_losses(made) as losses:
        made(x)
    made(x)
    assert len(losses) == 1
    assert losses[0].requires_grad
    copy.deepcopy(made)  # nothing of a forward pass stays behind


def test_twist_reads_it_as_a_mixture() -> None:
    made = block()
    read = read_ffn(made, 16)
    assert isinstance(read, MixtureFfn)
    assert len(read.experts) == 4
    assert read.router is made.gate.wg.weight
    assert read.container is made.experts
