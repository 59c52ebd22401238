from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from transformers import Qwen3MoeConfig
from transformers.models.qwen3_moe.modeling_qwen3_moe import Qwen3MoeMLP, Qwen3MoeSparseMoeBlock

from twist_scout.twist.anatomy import DenseFfn, MixtureFfn, OpaqueFfn, read_ffn

HIDDEN = 16
OPTIONS = Qwen3MoeConfig(hidden_size=HIDDEN, intermediate_size=24, moe_intermediate_size=24, num_experts=3)


class Twisted(nn.Module):
    def __init__(self):
        super().__init__()
        self.up, self.down, self.act = nn.Linear(HIDDEN, 24), nn.Linear(24, HIDDEN), nn.GELU()

    def forward(self, x: Tensor) -> Tensor:
        return self.down(self.act(self.up(x)) * 0.5)


def block():
    module = Qwen3MoeSparseMoeBlock(OPTIONS)
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.3)
    return module


KINDS = {"dense": (lambda: Qwen3MoeMLP(OPTIONS), DenseFfn), "mixture": (block, MixtureFfn)}
OPAQUE = {"twisted": (Twisted, OpaqueFfn), "norm": (lambda: nn.LayerNorm(HIDDEN), OpaqueFfn)}


@pytest.mark.parametrize(("build", "kind"), {**KINDS, **OPAQUE}.values(), ids={**KINDS, **OPAQUE}.keys())
def test_every_network_is_of_one_kind(build, kind):
    torch.manual_seed(0)
    module = build()
    assert isinstance(read_ffn(module, HIDDEN), kind)
    assert module.training  # as it was


@pytest.mark.parametrize(("build", "kind"), KINDS.values(), ids=KINDS.keys())
def test_it_is_of_that_kind_without_weights(build, kind):
    with torch.device("meta"):
        assert isinstance(read_ffn(build(), HIDDEN), kind)


def test_reading_changes_nothing():
    module = block()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    read_ffn(module, HIDDEN)
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert all(parameter.grad is None and parameter.requires_grad for parameter in module.parameters())
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in module.modules())
