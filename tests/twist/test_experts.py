from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from twist_scout.twist.experts import ExpertBank, WholeExperts
from twist_scout.twist.form import ExpertWeights, Form, FrozenParts, GatedActivation

HIDDEN, INNER, EXPERTS, TOKENS = 8, 12, 3, 10
FORMS = {
    "gated": Form(True, GatedActivation(F.silu)),
    "gated apart": Form(True, GatedActivation(F.silu), apart=True),
    "un-gated": Form(False, F.gelu),
    "behind a norm": Form(True, GatedActivation(F.silu), outer=nn.LayerNorm(HIDDEN)),
}


@pytest.fixture(params=FORMS.values(), ids=FORMS.keys())
def form(request):
    return request.param


def bank(form, width=HIDDEN, **options):
    generator = torch.Generator().manual_seed(0)

    def matrix(*shape):
        return torch.randn(*shape, generator=generator) / 2

    rows = INNER * (1 + form.gated)
    seeds = [ExpertWeights(matrix(rows, width), matrix(width, INNER)) for _ in range(EXPERTS)]
    return ExpertBank(seeds, form=form, **options)


def tokens():
    return torch.randn(TOKENS, HIDDEN, generator=torch.Generator().manual_seed(1))


def choices(top_k=1):
    scores = torch.rand(TOKENS, EXPERTS, generator=torch.Generator().manual_seed(2))
    return scores.topk(top_k, dim=-1).indices


def one_by_one(experts, x, chosen, around=None):
    """Each token through each of its experts, as the formulas say it."""
    around = around or FrozenParts()
    rows = []
    for token, numbers in zip(x, chosen.tolist(), strict=True):
        for number in numbers:
            inside = experts.form.run(around.enter(token[None]), experts.expert(number))
            beside = around.beside(token[None])
            rows.append(around.leave(inside) + (0 if beside is None else beside))
    return torch.cat(rows)


@pytest.mark.parametrize("top_k", [1, 2])
def test_every_token_goes_through_its_experts(form, top_k):
    experts = bank(form)
    with torch.no_grad():
        expected = one_by_one(experts, tokens(), choices(top_k))
        torch.testing.assert_close(experts(tokens(), choices(top_k)), expected)


def test_the_grouped_kernel_computes_the_same(form):
    experts = bank(form)
    with torch.no_grad():
        torch.testing.assert_close(experts._run_kernel(tokens(), choices(2)), experts(tokens(), choices(2)))


class Shared(nn.Module):
    def __init__(self):
        super().__init__()
        self.dense, self.calls = nn.Linear(HIDDEN, HIDDEN), 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return self.dense(x).tanh()


def surroundings(width):
    """Everything that can stand around experts."""
    torch.manual_seed(3)
    return FrozenParts(
        before=(nn.Linear(HIDDEN, width), nn.LayerNorm(width)),
        after=(nn.Linear(width, HIDDEN),),
        shared=Shared(),
        shared_gate=nn.Linear(HIDDEN, 1),
        weight=1.5,
    )


@pytest.mark.parametrize("top_k", [1, 2])
def test_frozen_parts_are_run_around_the_experts(top_k):
    around = surroundings(6)
    experts = bank(Form(True, GatedActivation(F.silu)), width=6, around=around)
    with torch.no_grad():
        expected = one_by_one(experts, tokens(), choices(top_k), around)
        around.shared.calls = 0
        torch.testing.assert_close(experts(tokens(), choices(top_k)), expected)
    assert around.shared.calls == 1  # however many experts a token has


def test_one_expert_needs_no_choice():
    around = surroundings(6)
    experts = bank(Form(False, F.relu), width=6, around=around)
    with torch.no_grad():
        first = torch.zeros(TOKENS, 1, dtype=torch.long)
        torch.testing.assert_close(experts(tokens(), None), experts(tokens(), first))


def test_frozen_parts_are_not_the_banks_own():
    experts = bank(Form(True, GatedActivation(F.silu)), width=6, around=surroundings(6))
    assert set(experts.state_dict()) == {"gate_up_proj", "down_proj"}
    assert list(experts.children()) == []


def test_gradients_pass_through_frozen_parts():
    around = surroundings(6)
    for part in (*around.before, *around.after, around.shared, around.shared_gate):
        part.requires_grad_(False)
    experts, x = bank(Form(True, GatedActivation(F.silu)), width=6, around=around), tokens().requires_grad_()
    experts(x, choices()).sum().backward()
    assert x.grad.abs().sum() > 0
    assert experts.gate_up_proj.grad.abs().sum() > 0
    assert all(parameter.grad is None for parameter in around.shared.parameters())


def test_a_copy_of_a_layer_refers_to_the_copied_parts():
    holder = nn.Module()
    holder.shared = Shared()
    holder.experts = bank(Form(False, F.relu), around=FrozenParts(shared=holder.shared))
    copied = copy.deepcopy(holder)
    assert copied.experts.around.shared is copied.shared
    assert copied.shared is not holder.shared


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_the_twin_may_compute_in_another_precision_than_the_base(dtype):
    around = surroundings(6)
    experts = bank(Form(True, GatedActivation(F.silu)), width=6, around=around, dtype=dtype)
    with torch.no_grad():
        output = experts(tokens(), choices())
        expected = one_by_one(bank(Form(True, GatedActivation(F.silu)), width=6), tokens(), choices(), around)
    assert experts.down_proj.dtype == dtype
    torch.testing.assert_close(output.float(), expected, rtol=5e-2, atol=1e-1)


class Doubled(nn.Module):
    """Returns more than its output, as some blocks do."""

    def __init__(self):
        super().__init__()
        self.dense = nn.Linear(HIDDEN, HIDDEN)

    def forward(self, x: Tensor) -> tuple[Tensor, None]:
        return self.dense(x) * 2, None


@pytest.mark.parametrize("top_k", [1, 2])
def test_whole_copies_are_run_one_by_one(top_k):
    torch.manual_seed(0)
    base = Doubled()
    experts = WholeExperts(base, num_experts=EXPERTS)
    with torch.no_grad():
        for number, own in enumerate(experts.copies):
            own.dense.weight.mul_(number)
        rows = [
            experts.copies[number](token)[0]
            for token, numbers in zip(tokens(), choices(top_k).tolist(), strict=True)
            for number in numbers
        ]
        torch.testing.assert_close(experts(tokens(), choices(top_k)), torch.stack(rows))


def test_whole_copies_are_trainable_and_apart_from_the_base():
    base = Doubled().requires_grad_(False)
    base.dense.register_forward_hook(lambda *_: None)
    experts = WholeExperts(base, num_experts=2)
    assert all(parameter.requires_grad for parameter in experts.parameters())
    assert not any(part._forward_hooks for part in experts.modules())
    assert base.dense._forward_hooks
    assert experts.copies[0].dense.weight.data_ptr() != base.dense.weight.data_ptr()
