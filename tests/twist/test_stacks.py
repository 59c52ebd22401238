"""Stacked experts are read in every layout that their shapes allow."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor, nn
from transformers import Llama4TextConfig, NemotronHConfig
from transformers.models.dbrx.configuration_dbrx import DbrxFFNConfig
from transformers.models.dbrx.modeling_dbrx import DbrxExperts
from transformers.models.llama4.modeling_llama4 import Llama4TextExperts
from transformers.models.nemotron_h.modeling_nemotron_h import NemotronHExperts

from twist_scout.twist.probing import evaluating
from twist_scout.twist.stacks import holds_stacks, read_stacks, run_expert

HIDDEN, INNER, EXPERTS = 16, 24, 3


class Stacked(nn.Module):
    """Experts in any layout, without a mark that says which."""

    def __init__(self, gated=True, up_turned=False, down_turned=False, bias=False, norm=False, split=False):
        super().__init__()
        rows = INNER * (1 + (gated and not split))
        up, down = (EXPERTS, rows, HIDDEN), (EXPERTS, HIDDEN, INNER)
        turned = lambda shape, turn: (shape[0], shape[2], shape[1]) if turn else shape  # noqa: E731
        self.one = nn.Parameter(torch.randn(turned(up, up_turned)))
        self.two = nn.Parameter(torch.randn(turned(up, up_turned))) if split else None
        self.three = nn.Parameter(torch.randn(turned(down, down_turned)) / 4)
        self.first_bias = nn.Parameter(torch.randn(EXPERTS, rows)) if bias else None
        self.second_bias = nn.Parameter(torch.randn(EXPERTS, HIDDEN)) if bias else None
        self.after = nn.LayerNorm(HIDDEN, bias=False) if norm else None
        self.what = nn.SiLU()
        self.gated, self.turns = gated, (up_turned, down_turned)

    def expert(self, x: Tensor, number: int) -> Tensor:
        def product(x: Tensor, stack: Tensor, turn: bool) -> Tensor:
            return x @ (stack[number] if turn else stack[number].t())

        inner = product(x, self.one, self.turns[0])
        if self.first_bias is not None:
            inner = inner + self.first_bias[number]
        if self.two is not None:
            inner = self.what(inner) * product(x, self.two, self.turns[0])
        elif self.gated:
            gate, up = inner.chunk(2, dim=-1)
            inner = self.what(gate) * up
        else:
            inner = self.what(inner)
        output = product(inner, self.three, self.turns[1])
        if self.second_bias is not None:
            output = output + self.second_bias[number]
        return output if self.after is None else self.after(output)

    def forward(self, hidden_states: Tensor, choices: Tensor, weights: Tensor) -> Tensor:
        outputs = torch.stack([self.expert(hidden_states, number) for number in range(EXPERTS)], dim=1)
        chosen = outputs.gather(1, choices[..., None].expand(-1, -1, HIDDEN))
        return (chosen * weights[..., None]).sum(dim=1)


LAYOUTS = [
    dict(zip(("gated", "up_turned", "down_turned", "bias", "norm"), values, strict=True))
    for values in itertools.product((True, False), repeat=5)
] + [{"split": True}, {"split": True, "up_turned": True}]


def tokens():
    return torch.randn(7, HIDDEN, generator=torch.Generator().manual_seed(1))


def read(module, hidden=HIDDEN):
    with evaluating(module):
        return read_stacks(module, hidden)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: "-".join(name for name, on in layout.items() if on))
def test_every_layout_is_read(layout):
    torch.manual_seed(0)
    module = Stacked(**layout)
    assert holds_stacks(module)
    form, experts = read(module)
    assert len(experts) == EXPERTS
    assert form.gated == layout.get("gated", True)
    assert (form.outer is not None) == layout.get("norm", False)
    for number, weights in enumerate(experts):
        with torch.no_grad():
            torch.testing.assert_close(form.run(tokens(), weights), module.expert(tokens(), number))


def test_square_experts_are_read():
    torch.manual_seed(0)
    experts = NemotronHExperts(
        NemotronHConfig(hidden_size=HIDDEN, n_routed_experts=3, moe_intermediate_size=HIDDEN, moe_latent_size=None)
    )
    for parameter in experts.parameters():
        nn.init.normal_(parameter, std=0.3)
    form, weights = read(experts)
    assert not form.gated
    with torch.no_grad():
        torch.testing.assert_close(form.run(tokens(), weights[1]), run_expert(experts, tokens(), 1))


def test_experts_that_are_called_with_every_token_are_read():
    torch.manual_seed(0)
    experts = Llama4TextExperts(
        Llama4TextConfig(hidden_size=HIDDEN, intermediate_size=INNER, num_local_experts=EXPERTS)
    ).eval()
    for parameter in experts.parameters():
        nn.init.normal_(parameter, std=0.3)
    form, weights = read(experts)
    with torch.no_grad():
        together = experts(tokens().repeat(EXPERTS, 1)).view(EXPERTS, -1, HIDDEN)
        for number, own in enumerate(weights):
            torch.testing.assert_close(form.run(tokens(), own), together[number])


def test_experts_below_one_another_in_long_matrices_are_read():
    torch.manual_seed(0)
    experts = DbrxExperts(DbrxFFNConfig(hidden_size=HIDDEN, ffn_hidden_size=INNER, moe_num_experts=4)).eval()
    for parameter in experts.parameters():
        nn.init.normal_(parameter, std=0.3)
    form, weights = read(experts)
    assert len(weights) == 4
    with torch.no_grad():
        for number, own in enumerate(weights):
            torch.testing.assert_close(form.run(tokens(), own), run_expert(experts, tokens(), number))


@pytest.mark.parametrize("width", [8, 12])
def test_experts_of_another_width_than_the_decoder_are_read(width):
    torch.manual_seed(0)
    options = NemotronHConfig(
        hidden_size=HIDDEN, n_routed_experts=3, moe_intermediate_size=INNER, moe_latent_size=width
    )
    experts = NemotronHExperts(options)
    for parameter in experts.parameters():
        nn.init.normal_(parameter, std=0.3)
    _, weights = read(experts)
    assert weights[0].up.shape == (INNER, width)


class Twisted(Stacked):
    def expert(self, x: Tensor, number: int) -> Tensor:
        return super().expert(x, number).sin()


class Limited(Stacked):
    def expert(self, x: Tensor, number: int) -> Tensor:
        return super().expert(x, number).clamp(-200, 200)


@pytest.mark.parametrize("kind", [Twisted, Limited])
def test_experts_with_a_twist_are_not_read(kind):
    torch.manual_seed(0)
    assert read(kind()) is None


def test_unknown_parameters_are_not_ignored():
    module = Stacked()
    module.scale = nn.Parameter(torch.ones(5, HIDDEN))
    assert read(module) is None


def test_without_weights_the_shapes_are_trusted():
    with torch.device("meta"):
        form, experts = read(Stacked(bias=True))
    assert form.gated
    assert experts[0].up.shape == (2 * INNER, HIDDEN)
    assert experts[0].down_bias.shape == (HIDDEN,)


def test_kernels_of_convolutions_are_no_experts():
    assert not holds_stacks(nn.Conv1d(4, 4, 3))
