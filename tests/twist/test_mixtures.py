"""Mixtures are read expert by expert, whether they are kept one by one or stacked."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from transformers import Ernie4_5_VLMoeConfig, GptOssConfig, JetMoeConfig, Qwen3MoeConfig
from transformers.models.ernie4_5_vl_moe.modeling_ernie4_5_vl_moe import Ernie4_5_VLMoeMoeBlock
from transformers.models.gpt_oss.modeling_gpt_oss import GptOssMLP
from transformers.models.jetmoe.modeling_jetmoe import JetMoeMoE
from transformers.models.qwen3_moe.modeling_qwen3_moe import Qwen3MoeMLP, Qwen3MoeSparseMoeBlock

from twist_scout.twist.mixtures import is_mixture, read_mixture
from twist_scout.twist.probing import evaluating
from twist_scout.twist.stacks import run_expert

HIDDEN, INNER = 16, 24


def config(kind, **more):
    return kind(hidden_size=HIDDEN, intermediate_size=INNER, num_local_experts=3, num_experts=3, **more)


def expert():
    return Qwen3MoeMLP(config(Qwen3MoeConfig))


class Listed(nn.Module):
    """Experts one by one, as older models keep them."""

    def __init__(self, make=expert):
        super().__init__()
        self.gate = nn.Linear(HIDDEN, 3, bias=False)
        self.experts = nn.ModuleList(make() for _ in range(3))

    def forward(self, hidden_states: Tensor) -> tuple[Tensor, Tensor]:
        weights = self.gate(hidden_states).softmax(-1)
        outputs = torch.stack([expert(hidden_states) for expert in self.experts], dim=-1)
        return (outputs * weights[..., None, :]).sum(-1), weights


def spread(module):
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.3)
    return module.eval()


def read(module):
    with evaluating(module):
        return read_mixture(module, HIDDEN)


def x():
    return torch.randn(10, HIDDEN, generator=torch.Generator().manual_seed(0))


MIXTURES = {
    "list": Listed,
    "stacked": lambda: Qwen3MoeSparseMoeBlock(config(Qwen3MoeConfig, moe_intermediate_size=INNER)),
    # transposed, interleaved, clamped, with biases
    "gpt-oss": lambda: GptOssMLP(config(GptOssConfig)),
}


@pytest.mark.parametrize("build", MIXTURES.values(), ids=MIXTURES.keys())
def test_mixtures_are_read_expert_by_expert(build):
    torch.manual_seed(0)
    block = spread(build())
    found = read(block)
    assert is_mixture(block)
    assert found.container is block.experts
    assert found.router.shape == (3, HIDDEN)
    assert len(found.experts) == 3
    with torch.no_grad():
        for number, weights in enumerate(found.experts):
            listed = isinstance(block, Listed)
            expected = block.experts[number](x()) if listed else run_expert(block.experts, x(), number)
            torch.testing.assert_close(found.form.run(x(), weights), expected)


def test_the_router_is_the_nearest():
    torch.manual_seed(0)
    text = {"hidden_size": HIDDEN, "moe_intermediate_size": [INNER, 8], "moe_num_experts": 3, "moe_k": 2}
    block = spread(Ernie4_5_VLMoeMoeBlock(Ernie4_5_VLMoeConfig(text_config=text).text_config))
    found = read(block)  # it has a second mixture, of as many experts, for pictures
    assert found.container is block.text_moe.experts
    assert torch.equal(found.router, block.text_moe.gate.weight)


def test_a_second_matrix_of_the_routers_shape_leaves_it_open():
    block = spread(Listed())
    block.other = nn.Linear(HIDDEN, 3, bias=False)
    assert read(block).router is None


class Limited(nn.Module):
    def __init__(self):
        super().__init__()
        self.inside = expert()

    def forward(self, x: Tensor) -> Tensor:
        return self.inside(x).clamp(-3, 3)


def test_a_list_with_a_twist_is_not_read():
    block = spread(Listed(Limited))
    assert is_mixture(block)
    assert read(block) is None


def test_stacks_in_several_parts_make_a_mixture_that_is_not_read():
    block = spread(JetMoeMoE(JetMoeConfig(hidden_size=HIDDEN, intermediate_size=INNER, num_local_experts=3)))
    assert is_mixture(block)
    assert read(block) is None


@pytest.mark.parametrize(
    "module",
    [
        expert(),
        nn.Sequential(nn.Conv1d(4, 4, 3), nn.Conv1d(4, 4, 3)),
        nn.ModuleList([nn.LayerNorm(4), nn.LayerNorm(4)]),
    ],
    ids=["dense", "convolutions", "norms"],
)
def test_what_is_no_mixture(module):
    assert not is_mixture(module)
