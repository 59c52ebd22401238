from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from twist_scout.twist.layer_network import is_ffn, network_of
from twist_scout.twist.paired import PairedFfn

HIDDEN, INNER = 8, 12


class Ffn(nn.Module):
    def __init__(self, inner=INNER):
        super().__init__()
        self.up, self.down = nn.Linear(HIDDEN, inner), nn.Linear(inner, HIDDEN)

    def forward(self, x: Tensor) -> Tensor:
        return self.down(self.up(x).relu())


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.q, self.o = nn.Linear(HIDDEN, 4 * HIDDEN), nn.Linear(4 * HIDDEN, HIDDEN)

    def forward(self, x: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        return self.o(self.q(x))


class Shell(nn.Module):
    """A norm and a residual around a network, as T5 has."""

    def __init__(self, inside: nn.Module):
        super().__init__()
        self.norm, self.inside = nn.LayerNorm(HIDDEN), inside

    def forward(self, x: Tensor) -> Tensor:
        return x + self.inside(self.norm(x))


class WithResidual(Ffn):
    def forward(self, x: Tensor, residual: Tensor) -> Tensor:
        return super().forward(x) + residual


class Packed(nn.Linear):
    """A quantised matrix: two weights in a byte, below one another."""

    def __init__(self, inputs, outputs):
        super().__init__(inputs, outputs)
        self.weight = nn.Parameter(torch.zeros(inputs * outputs // 2, 1, dtype=torch.uint8), requires_grad=False)


def layer(**parts: nn.Module) -> nn.Module:
    module = nn.Module()
    for name, part in parts.items():
        module.add_module(name, part)
    return module


class Half(nn.Module):
    """One matrix of a network, with what its own module does to it."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.dense = nn.Linear(inputs, outputs)

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        return self.dense(x)


def test_the_network_is_the_largest_child_that_can_be_one():
    own = layer(attention=Attention(), adapter=Ffn(inner=2), mlp=Ffn(), norm=nn.LayerNorm(HIDDEN))
    assert network_of(own, HIDDEN) == ("mlp", own.mlp)


def test_a_shell_is_looked_through():
    own = layer(attention=Attention(), last=Shell(Shell(Ffn())))
    assert network_of(own, HIDDEN) == ("last.inside.inside", own.last.inside.inside)


def test_a_shell_with_matrices_of_its_own_is_the_network():
    shell = Shell(Ffn())
    shell.more = nn.Linear(HIDDEN, HIDDEN)
    assert network_of(layer(last=shell), HIDDEN) == ("last", shell)


def test_a_network_one_level_down_is_found():
    own = layer(attention=Attention(), parts=nn.ModuleList([Attention(), Ffn()]))
    assert network_of(own, HIDDEN) == ("parts.1", own.parts[1])


def test_an_element_that_is_a_network_is_one():
    ffn = Ffn()
    assert network_of(ffn, HIDDEN) == ("", ffn)


def test_what_holds_a_mixer_is_no_network():
    assert not is_ffn(Shell(Attention()), HIDDEN)
    assert network_of(layer(block=Shell(Attention())), HIDDEN) is None


@pytest.mark.parametrize(
    ("parts", "entry", "exit"),
    [
        ({"fc1": nn.Linear(HIDDEN, INNER), "fc2": nn.Linear(INNER, HIDDEN)}, "fc1", "fc2"),
        ({"output": Half(INNER, HIDDEN), "intermediate": Half(HIDDEN, INNER)}, "intermediate.dense", "output.dense"),
        ({"mlp": WithResidual()}, "mlp.up", "mlp.down"),
        ({"fc1": nn.Linear(HIDDEN, 2 * INNER), "fc2": nn.Linear(INNER, HIDDEN)}, "fc1", "fc2"),  # gated
        # an adapter is smaller
        (
            {"down": Half(HIDDEN, 2), "up": Half(2, HIDDEN), "one": Half(HIDDEN, 9), "two": Half(9, HIDDEN)},
            "one.dense",
            "two.dense",
        ),
        # two of one shape: the first one defined comes first
        ({"first": nn.Linear(HIDDEN, HIDDEN), "second": nn.Linear(HIDDEN, HIDDEN)}, "first", "second"),
    ],
    ids=["bart", "bert", "bloom", "gated", "with an adapter", "square"],
)
def test_two_matrices_that_lie_apart_are_a_pair(parts, entry, exit):
    own = layer(attention=Attention(), **parts)
    name, pair = network_of(own, HIDDEN)
    assert name == exit
    assert isinstance(pair, PairedFfn)
    assert pair.entry is own.get_submodule(entry)
    assert pair.exit is own.get_submodule(exit)


def test_quantised_matrices_are_known_by_what_they_stand_for():
    ffn = Ffn()
    ffn.up, ffn.down = Packed(HIDDEN, INNER), Packed(INNER, HIDDEN)
    assert network_of(layer(attention=Attention(), mlp=ffn), HIDDEN) == ("mlp", ffn)
    name, pair = network_of(layer(attention=Attention(), fc1=ffn.up, fc2=ffn.down), HIDDEN)
    assert name == "fc2"
    assert pair.entry is ffn.up


def test_a_mixers_own_matrices_are_no_pair():
    assert network_of(Attention(), HIDDEN) is None
    assert network_of(layer(attention=Attention()), HIDDEN) is None


def test_matrices_that_do_not_lead_back_are_no_pair():
    own = layer(attention=Attention(), fc1=nn.Linear(HIDDEN, INNER), fc2=nn.Linear(INNER + 1, HIDDEN))
    assert network_of(own, HIDDEN) is None


def test_nothing_runs_while_looking():
    with torch.device("meta"):
        own = layer(attention=Attention(), mlp=Ffn())
    assert network_of(own, HIDDEN) == ("mlp", own.mlp)
