from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from twist_scout.twist.probing import (
    LOUD,
    PROBES,
    activations,
    agree,
    argument_names,
    evaluating,
    loud_input,
    observe,
    operations,
    probe_input,
    required_arguments,
)

HIDDEN = 6


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(HIDDEN, HIDDEN), nn.Linear(HIDDEN, HIDDEN)
        self.drop, self.act, self.own = nn.Dropout(0.5), nn.Tanh(), F.gelu

    def forward(self, hidden_states: Tensor, factor: float = 1.0, *, flag: bool = False) -> tuple[Tensor, None]:
        return self.second(self.drop(self.act(self.first(hidden_states)))) * factor, None


def test_probes_are_the_same_every_time_and_have_the_weights_precision():
    like = torch.zeros(1, dtype=torch.bfloat16)
    x = probe_input(like, HIDDEN)
    assert x.shape == (1, PROBES, HIDDEN)
    assert x.dtype == torch.bfloat16
    assert torch.equal(x, probe_input(like, HIDDEN))
    loud = loud_input(like, HIDDEN)
    assert torch.equal(loud[:, PROBES:], LOUD * loud[:, :PROBES])


def test_agreement_is_judged_token_by_token():
    quiet, loud = torch.ones(1, 4), torch.full((1, 4), 1e6)
    expected = torch.cat([quiet, loud])
    assert agree(expected, expected * (1 + 1e-6))
    assert not agree(expected, torch.cat([quiet * 1.01, loud]))  # hidden by the loud one, were it one scale
    assert not agree(expected, expected[:, :2])


def test_half_precision_may_overflow_in_some_tokens():
    expected = torch.tensor([[1.0, 2.0], [float("inf"), 1.0]], dtype=torch.float16)
    assert agree(expected, torch.tensor([[1.0, 2.0], [5.0, 5.0]], dtype=torch.float16))
    assert not agree(expected, torch.tensor([[2.0, 1.0], [float("inf"), 1.0]], dtype=torch.float16))
    assert not agree(expected[1:], expected[1:])  # of which nothing can be said


def test_candidates_for_the_activation_come_with_the_modules_own_first():
    found = list(activations(Block()))
    assert isinstance(found[0], nn.Tanh) or found[0] is F.gelu
    assert not any(isinstance(candidate, (nn.Dropout, nn.Linear)) for candidate in found)
    assert F.silu in found


def test_every_part_gets_its_mode_back():
    block = Block().train()
    block.second.eval()
    with evaluating(block):
        assert not any(part.training for part in block.modules())
        assert not torch.is_grad_enabled()
    assert block.training
    assert block.drop.training
    assert not block.second.training


def test_calls_are_noted_with_copies():
    block, x = Block().eval(), torch.randn(1, 3, HIDDEN)
    output, calls = observe(block, x)
    assert torch.equal(output, block(x)[0][0])
    assert [call.part for call in calls] == [block.first, block.act, block.drop, block.second]
    assert torch.equal(calls[0].inputs[0], x)
    assert torch.equal(calls[-1].output, block(x)[0])
    assert not any(part._forward_hooks for part in block.modules())


def test_a_parts_output_can_be_exchanged():
    block, x = Block().eval(), torch.randn(1, 3, HIDDEN)
    output, _ = observe(block, x, {block.first: torch.zeros_like})
    assert torch.equal(output, block.second(torch.zeros(3, HIDDEN)))


@pytest.mark.parametrize("module", [nn.Bilinear(HIDDEN, HIDDEN, HIDDEN), nn.Linear(HIDDEN, 3)], ids=["inputs", "width"])
def test_what_cannot_be_run_on_hidden_states_is_not_observed(module):
    assert observe(module, torch.randn(1, 3, HIDDEN)) is None
    assert not module._forward_hooks


def test_how_a_module_is_called():
    block = Block()
    assert argument_names(block) == {"hidden_states", "factor", "flag"}
    assert required_arguments(block) == 1
    block.forward = lambda x, mask: x  # as accelerate exchanges it
    assert argument_names(block) == {"x", "mask"}


def test_operations_tell_computations_apart_without_numbers():
    x = torch.empty(2, 8, device="meta")

    def asked(function):
        return operations(lambda: function(x))

    assert asked(F.silu) == asked(lambda x: F.silu(x.view(4, 4)).view(2, 8).clone())
    assert asked(F.silu) != asked(F.gelu)
    assert asked(F.gelu) != asked(lambda x: F.gelu(x, approximate="tanh"))
    assert asked(F.silu) != asked(lambda x: F.silu(x).clamp(max=7.0))
    assert asked(F.silu) == asked(lambda x: F.silu(x).clamp(max=float("inf")))
    assert operations(lambda: x.nonzero() + bool(x.any())) is None
