"""What a block computes around its experts is found by watching it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from transformers import Llama4TextConfig
from transformers.models.llama4.modeling_llama4 import Llama4TextMoe

from twist_scout.twist.mixtures import read_mixture
from twist_scout.twist.probing import evaluating

HIDDEN, INNER, EXPERTS = 16, 24, 4


class Expert(nn.Module):
    def __init__(self, hidden=HIDDEN):
        super().__init__()
        self.up, self.down, self.act = nn.Linear(hidden, INNER), nn.Linear(INNER, hidden), nn.SiLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.down(self.act(self.up(x)))


class Stack(nn.Module):
    def __init__(self, hidden: int):
        super().__init__()
        self.up = nn.Parameter(torch.randn(EXPERTS, INNER, hidden) / 4)
        self.down = nn.Parameter(torch.randn(EXPERTS, hidden, INNER) / 4)
        self.act = nn.SiLU()

    def forward(self, tokens: Tensor, choices: Tensor, weights: Tensor) -> Tensor:
        inner = self.act(torch.einsum("th,eih->tei", tokens, self.up))
        outputs = torch.einsum("tei,ehi->teh", inner, self.down)
        chosen = outputs.gather(1, choices[..., None].expand(-1, -1, outputs.shape[-1]))
        return (chosen * weights[..., None]).sum(dim=1)


class Block(nn.Module):
    """Everything that blocks of experts are known to do, each on request."""

    def __init__(self, listed=False, width=HIDDEN, shared=False, gated=False, factor=1.0, sums_to=1.0, halves=False):
        super().__init__()
        self.router = nn.Linear(HIDDEN, EXPERTS, bias=False)
        self.into = nn.Linear(HIDDEN, width) if width != HIDDEN else None
        self.norm = nn.LayerNorm(width) if width != HIDDEN else None
        self.experts = nn.ModuleList(Expert() for _ in range(EXPERTS)) if listed else Stack(width)
        self.out = nn.Linear(width, HIDDEN, bias=False) if width != HIDDEN else None
        self.shared = Expert() if shared else None
        self.gate = nn.Linear(HIDDEN, 1) if gated else None
        self.factor, self.sums_to, self.halves = factor, sums_to, halves

    def forward(self, hidden_states: Tensor) -> tuple[Tensor, Tensor]:
        x = hidden_states.reshape(-1, HIDDEN)
        logits = self.router(x)
        weights, choices = logits.softmax(-1).topk(2, dim=-1)
        weights = weights / weights.sum(-1, keepdim=True) * self.sums_to
        inside = x if self.into is None else self.norm(self.into(x))
        if isinstance(self.experts, nn.ModuleList):
            routed = torch.zeros_like(x)
            for number, expert in enumerate(self.experts):
                token, place = torch.where(choices == number)
                routed[token] += weights[token, place, None] * expert(inside[token])
        else:
            routed = self.experts(inside, choices, weights)
        output = (routed if self.out is None else self.out(routed)) * self.factor
        if self.shared is not None:
            beside = self.shared(x)
            output = output + (beside if self.gate is None else self.gate(x).sigmoid() * beside)
        return (output / 2 if self.halves else output).view(hidden_states.shape), logits


def watched(block):
    with evaluating(block):
        return read_mixture(block, HIDDEN)


def rebuilt(block, found, x):
    """What the block computes, put together from what was found."""
    around, tokens = found.around, x.reshape(-1, HIDDEN)
    weights, choices = block.router(tokens).softmax(-1).topk(2, dim=-1)
    weights = weights / weights.sum(-1, keepdim=True) * found.weights.output
    every = torch.stack([found.form.run(around.enter(tokens), own) for own in found.experts], dim=1)
    chosen = every.gather(1, choices[..., None].expand(-1, -1, every.shape[-1]))
    output = around.leave((chosen * weights[..., None]).sum(dim=1))
    beside = around.beside(tokens)
    return (output if beside is None else output + beside).view(x.shape)


BLOCKS = {
    "bare": {},
    "list": {"listed": True},
    "shared": {"shared": True},
    "list and shared": {"listed": True, "shared": True},
    "shared behind a gate": {"shared": True, "gated": True},
    "weights sum to another number": {"sums_to": 0.3},
    "list whose weights sum to another number": {"listed": True, "sums_to": 0.3, "shared": True},
    "scaled afterwards": {"factor": 2.5, "shared": True},
    "average of both": {"shared": True, "halves": True},
    "narrow": {"width": 8},
    "narrow, scaled and shared": {"width": 8, "shared": True, "factor": 2.0},
}


@pytest.mark.parametrize("options", BLOCKS.values(), ids=BLOCKS.keys())
def test_the_parts_put_together_are_the_block(options):
    torch.manual_seed(0)
    block = Block(**options).eval()
    found = watched(block)
    x = torch.randn(2, 5, HIDDEN, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        torch.testing.assert_close(rebuilt(block, found, x), block(x)[0], rtol=1e-4, atol=1e-5)
    assert found.around.shared is block.shared
    assert found.around.shared_gate is block.gate
    assert found.weights.input == 1


def test_a_factor_of_one_is_exactly_one():
    torch.manual_seed(0)
    assert watched(Block(shared=True)).weights == (1.0, 1.0)


def test_a_score_on_the_input_is_seen():
    torch.manual_seed(0)
    options = Llama4TextConfig(hidden_size=HIDDEN, intermediate_size=INNER, num_local_experts=EXPERTS)
    block = Llama4TextMoe(options).eval()
    for parameter in block.parameters():
        nn.init.normal_(parameter, std=0.3)
    found = watched(block)
    assert found.around.shared is block.shared_expert
    assert 0 < found.weights.input < 1
    assert found.weights.output == 1


class Demanding(Block):
    """Runs only with something that reading does not have."""

    def forward(self, hidden_states: Tensor, ids: Tensor | None = None) -> tuple[Tensor, Tensor]:
        assert ids is not None
        return super().forward(hidden_states)


def test_a_block_that_does_not_run_alone_has_its_experts_read():
    torch.manual_seed(0)
    found = watched(Demanding(shared=True).eval())
    assert len(found.experts) == EXPERTS
    assert found.around.shared is None


def test_narrow_experts_without_a_way_to_them_are_not_read():
    torch.manual_seed(0)
    assert watched(Demanding(width=8).eval()) is None


def test_without_weights_nothing_is_watched():
    with torch.device("meta"):
        found = watched(Block(shared=True, width=8))
    assert len(found.experts) == EXPERTS
    assert found.around.shared is None
