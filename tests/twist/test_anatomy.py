"""Networks are read by what they compute, not by what their parts are called."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from transformers import (
    GptOssConfig,
    NemotronHConfig,
    Phi3Config,
    Qwen3MoeConfig,
)
from transformers.activations import ACT2FN
from transformers.models.gpt_oss.modeling_gpt_oss import GptOssMLP
from transformers.models.phi3.modeling_phi3 import Phi3MLP
from transformers.models.qwen3_moe.modeling_qwen3_moe import Qwen3MoeMLP, Qwen3MoeSparseMoeBlock

from twist_scout.twist.anatomy import DenseFfn, MixtureFfn, OpaqueFfn, is_mixture, read_ffn

HIDDEN, INNER = 16, 24


class Gated(nn.Module):
    """Gate and up under any names, defined in any order."""

    def __init__(self, order="gud", bias=False, activation=None):
        super().__init__()
        shapes = {"g": (HIDDEN, INNER), "u": (HIDDEN, INNER), "d": (INNER, HIDDEN)}
        for number, part in enumerate(order):
            setattr(self, f"part{number}", nn.Linear(*shapes[part], bias=bias))
        self.order = order
        self.dropout = nn.Dropout(0.5)
        self.what = activation or nn.SiLU()

    def forward(self, hidden_states):
        g, u, d = (getattr(self, f"part{self.order.index(part)}") for part in "gud")
        return d(self.dropout(self.what(g(hidden_states)) * u(hidden_states)))


class Plain(nn.Module):
    def __init__(self, inner=INNER, twist=1.0):
        super().__init__()
        self.lift, self.drop = nn.Linear(HIDDEN, inner), nn.Linear(inner, HIDDEN)
        self.do = F.gelu
        self.twist = twist

    def forward(self, x):
        return self.drop(self.do(self.lift(x)) * self.twist)


def config(kind, **more):
    return kind(hidden_size=HIDDEN, intermediate_size=INNER, num_local_experts=3, num_experts=3, **more)


def x():
    return torch.randn(2, 5, HIDDEN, generator=torch.Generator().manual_seed(0))


DENSE = {
    "gate-up-down": Gated,
    "up-gate-down": lambda: Gated("ugd"),
    "down-first": lambda: Gated("dgu"),
    "biased": lambda: Gated(bias=True),
    "tanh-gelu": lambda: Gated(activation=ACT2FN["gelu_pytorch_tanh"]),
    "function": Plain,
    "square": lambda: Plain(inner=HIDDEN),  # shapes do not tell up from down
    "qwen": lambda: Qwen3MoeMLP(config(Qwen3MoeConfig)),
    "joint": lambda: Phi3MLP(config(Phi3Config)),
}


@pytest.mark.parametrize("build", DENSE.values(), ids=DENSE.keys())
def test_dense_networks_are_read_to_the_bit(build):
    torch.manual_seed(0)
    module = build()
    read = read_ffn(module, HIDDEN)
    assert isinstance(read, DenseFfn)
    assert module.training  # as it was
    with torch.no_grad():
        assert torch.equal(read.form.run(x(), read.weights), module.eval()(x()))


def test_half_precision_is_read():
    module = Gated("ugd", bias=True).to(torch.bfloat16)
    read = read_ffn(module, HIDDEN)
    assert isinstance(read, DenseFfn)
    assert torch.equal(read.weights.up[:INNER], module.part1.weight)  # the gate comes first


def test_without_weights_shapes_and_order_are_trusted():
    with torch.device("meta"):
        read = read_ffn(Gated(), HIDDEN)
    assert isinstance(read, DenseFfn)
    assert read.weights.up.shape == (2 * INNER, HIDDEN)


@pytest.mark.parametrize(
    "module",
    [Plain(twist=0.5), nn.Sequential(nn.Linear(HIDDEN, HIDDEN)), nn.LayerNorm(HIDDEN)],
    ids=["scaled", "one-matrix", "norm"],
)
def test_what_computes_something_else_is_opaque(module):
    assert isinstance(read_ffn(module, HIDDEN), OpaqueFfn)


class Listed(nn.Module):
    """Experts one by one, as older models keep them."""

    def __init__(self):
        super().__init__()
        self.gate = nn.Linear(HIDDEN, 3, bias=False)
        self.experts = nn.ModuleList(Gated("ugd") for _ in range(3))

    def forward(self, hidden_states):
        weights = self.gate(hidden_states).softmax(-1)
        outputs = torch.stack([expert(hidden_states) for expert in self.experts], dim=-1)
        return (outputs * weights[..., None, :]).sum(-1), weights


def stacked(module):
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.3)
    return module


MIXTURES = {
    "list": Listed,
    "stacked": lambda: stacked(Qwen3MoeSparseMoeBlock(config(Qwen3MoeConfig, moe_intermediate_size=INNER))),
    # transposed, interleaved, clamped, with biases
    "gpt-oss": lambda: stacked(GptOssMLP(config(GptOssConfig))),
}


@pytest.mark.parametrize("build", MIXTURES.values(), ids=MIXTURES.keys())
def test_mixtures_are_read_expert_by_expert(build):
    torch.manual_seed(0)
    block = build().eval()
    read = read_ffn(block, HIDDEN)
    assert isinstance(read, MixtureFfn)
    assert is_mixture(block)
    assert len(read.experts) == 3
    assert read.router.shape == (3, HIDDEN)
    tokens = x().reshape(-1, HIDDEN)
    with torch.no_grad():
        for number, weights in enumerate(read.experts):
            if isinstance(block, Listed):
                expected = block.experts[number](tokens)
            else:
                choices = torch.full((len(tokens), 1), number)
                expected = block.experts(tokens, choices, torch.ones(len(tokens), 1))
            torch.testing.assert_close(read.form.run(tokens, weights), expected)


def test_nemotron_style_experts_without_gates_are_read():
    from transformers.models.nemotron_h.modeling_nemotron_h import NemotronHExperts

    options = NemotronHConfig(hidden_size=HIDDEN, n_routed_experts=3, moe_intermediate_size=INNER, moe_latent_size=None)
    experts = stacked(NemotronHExperts(options))
    read = read_ffn(experts, HIDDEN)
    assert isinstance(read, MixtureFfn)
    assert not read.form.gated


def test_a_dense_network_is_no_mixture():
    assert not is_mixture(Gated())
