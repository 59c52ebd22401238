"""Dense networks are read by what they compute, not by what their parts are called."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import Phi3Config, Qwen3MoeConfig
from transformers.activations import ACT2FN
from transformers.models.phi3.modeling_phi3 import Phi3MLP
from transformers.models.qwen3_moe.modeling_qwen3_moe import Qwen3MoeMLP
from transformers.pytorch_utils import Conv1D

from twist_scout.twist.dense import read_dense
from twist_scout.twist.probing import evaluating

HIDDEN, INNER = 16, 24


class Gated(nn.Module):
    """Gate and up under any names, defined in any order."""

    def __init__(self, order="gud", bias=False, activation=None, limit=None):
        super().__init__()
        shapes = {"g": (HIDDEN, INNER), "u": (HIDDEN, INNER), "d": (INNER, HIDDEN)}
        for number, part in enumerate(order):
            setattr(self, f"part{number}", nn.Linear(*shapes[part], bias=bias))
        self.order = order
        self.dropout = nn.Dropout(0.5)
        self.what = activation or nn.SiLU()
        self.limit = limit

    def forward(self, hidden_states: Tensor) -> Tensor:
        g, u, d = (getattr(self, f"part{self.order.index(part)}") for part in "gud")
        up = u(hidden_states)
        if self.limit is not None:
            up = up.clamp(-self.limit, self.limit)
        return d(self.dropout(self.what(g(hidden_states)) * up))


class Plain(nn.Module):
    def __init__(self, inner=INNER, twist=None):
        super().__init__()
        self.lift, self.drop = nn.Linear(HIDDEN, inner), nn.Linear(inner, HIDDEN)
        self.do = F.gelu
        self.twist = twist

    def forward(self, x: Tensor) -> Tensor:
        inner = self.do(self.lift(x))
        return self.drop(inner if self.twist is None else inner * self.twist)


class Joint(nn.Module):
    """Gate and up in one matrix, the gate's half behind up's, and an activation that is kept nowhere."""

    def __init__(self, bias=True):
        super().__init__()
        self.both, self.down = nn.Linear(HIDDEN, 2 * INNER, bias=bias), nn.Linear(INNER, HIDDEN, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        up, gate = self.both(x).chunk(2, dim=-1)
        return self.down(F.silu(gate) * up)


class Turned(nn.Module):
    """As GPT-2 keeps its matrices."""

    def __init__(self):
        super().__init__()
        self.c_fc, self.c_proj, self.act = Conv1D(INNER, HIDDEN), Conv1D(HIDDEN, INNER), nn.GELU()

    def forward(self, x: Tensor) -> Tensor:
        return self.c_proj(self.act(self.c_fc(x)))


def config(kind):
    return kind(hidden_size=HIDDEN, intermediate_size=INNER)


def x():
    return torch.randn(2, 5, HIDDEN, generator=torch.Generator().manual_seed(0))


def read(module):
    with evaluating(module):
        return read_dense(module, HIDDEN)


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
    "joint, gate last": Joint,
    "joint, gate last, unbiased": lambda: Joint(bias=False),
}


@pytest.mark.parametrize("build", DENSE.values(), ids=DENSE.keys())
def test_dense_networks_are_read_to_the_bit(build):
    torch.manual_seed(0)
    module = build()
    found = read(module)
    with torch.no_grad():
        assert torch.equal(found.form.run(x(), found.weights), module.eval()(x()))


def test_matrices_of_gpt2_are_read():
    torch.manual_seed(0)
    module = Turned().eval()
    nn.init.normal_(module.c_fc.weight, std=0.3)
    found = read(module)
    with torch.no_grad():
        torch.testing.assert_close(found.form.run(x(), found.weights), module(x()))


def test_half_precision_is_read():
    module = Gated("ugd", bias=True).to(torch.bfloat16)
    assert torch.equal(read(module).weights.up[:INNER], module.part1.weight)  # the gate comes first


def test_a_limit_on_large_values_shows():
    torch.manual_seed(0)
    module = Gated(limit=6.0).eval()
    with torch.no_grad():
        assert torch.equal(module(x()), Gated.forward(with_limit(module, None), x()))  # ordinary inputs stay below
    assert read(with_limit(module, 6.0)) is None


def with_limit(module, limit):
    module.limit = limit
    return module


@pytest.mark.parametrize(
    "module",
    [Plain(twist=0.5), nn.Sequential(nn.Linear(HIDDEN, HIDDEN)), nn.LayerNorm(HIDDEN)],
    ids=["scaled", "one-matrix", "norm"],
)
def test_what_computes_something_else_is_not_read(module):
    assert read(module) is None


def test_another_width_is_not_read():
    assert read_dense(Gated().eval(), HIDDEN + 2) is None


@pytest.mark.parametrize("build", [Gated, Plain, Joint, Turned])
def test_without_weights_the_operations_and_the_order_decide(build):
    with torch.device("meta"):
        found = read(build())
    gated = build in (Gated, Joint)
    assert found.form.gated == gated
    assert found.weights.up.shape == (INNER * (1 + gated), HIDDEN)


@pytest.mark.parametrize("build", [lambda: Gated(limit=6.0), lambda: Plain(twist=0.5)], ids=["limited", "scaled"])
def test_something_else_is_not_read_without_weights_either(build):
    with torch.device("meta"):
        assert read(build()) is None
