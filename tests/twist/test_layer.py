from __future__ import annotations

import pytest
import torch
from torch import nn

from twist_scout.twist.anatomy import ExpertWeights, Form
from twist_scout.twist.experts import ExpertBank
from twist_scout.twist.layer import Alpha, TwistLayer
from twist_scout.twist.state import TwistState

HIDDEN = 8


class Frozen(nn.Module):
    """A frozen network that answers as it is asked to."""

    def __init__(self, answer):
        super().__init__()
        self.weights = nn.Linear(HIDDEN, HIDDEN).requires_grad_(False)
        self.answer = answer
        self.speciality = "understanding"

    def forward(self, hidden_states):
        return self.answer(self.weights(hidden_states))


def layer(answer=lambda y: y, alpha=0.3, adds=False):
    torch.manual_seed(0)
    twin = TwistLayer(Frozen(answer), index=0, state=TwistState())
    weights = ExpertWeights(torch.randn(12, HIDDEN), torch.randn(HIDDEN, 12))
    bank = ExpertBank([weights], form=Form(False, torch.relu))
    twin.add_twin("default", experts=bank, router=None, own_alpha=Alpha(alpha), adds_to_base=adds)
    twin.set_adapter("default")
    return twin


def test_equation_6():
    twin, x = layer(alpha=0.3), torch.randn(2, 5, HIDDEN)
    frozen = twin.base_layer(x)
    grounding = twin.twin_experts["default"](x.view(-1, HIDDEN), None).view_as(x)
    torch.testing.assert_close(twin(x), 0.3 * frozen + 0.7 * grounding)


def test_equation_6_of_outputs_is_equation_6_of_states_with_their_residual():
    twin, x = layer(alpha=0.3), torch.randn(2, 5, HIDDEN)
    understanding = twin.base_layer(x) + x
    grounding = twin.twin_experts["default"](x.view(-1, HIDDEN), None).view_as(x) + x
    torch.testing.assert_close(twin(x) + x, 0.3 * understanding + 0.7 * grounding)


def test_a_change_is_added_in_proportion():
    twin, x = layer(alpha=0.3, adds=True), torch.randn(2, 5, HIDDEN)
    change = twin.twin_experts["default"](x.view(-1, HIDDEN), None).view_as(x)
    torch.testing.assert_close(twin(x), twin.base_layer(x) + 0.7 * change)


def test_at_the_ends_of_alpha():
    twin, x = layer(), torch.randn(2, 5, HIDDEN)
    twin.state.alpha_override = 1.0
    assert torch.equal(twin(x), twin.base_layer(x))
    twin.state.alpha_override = {"default": 0.0}
    assert torch.equal(twin(x), twin.twin_experts["default"](x.view(-1, HIDDEN), None).view_as(x))
    twin.state.alpha_override = {"other": 0.0}
    assert torch.equal(twin(x), layer()(x))


def test_whatever_else_the_frozen_network_returns_passes_through():
    extra = object()
    twin, x = layer(lambda y: (y, extra)), torch.randn(2, 5, HIDDEN)
    mixed, passed = twin(x)
    assert torch.equal(mixed, layer()(x))
    assert passed is extra
    twin.enable_adapters(False)
    frozen, passed = twin(x)
    assert torch.equal(frozen, twin.base_layer(x)[0])
    assert passed is extra


def test_it_is_called_as_the_frozen_network_is():
    twin, x = layer(), torch.randn(2, 5, HIDDEN)
    assert torch.equal(twin(hidden_states=x), twin(x))
    flat = twin(x.view(-1, HIDDEN))
    assert flat.shape == (10, HIDDEN)
    torch.testing.assert_close(flat.view_as(x), twin(x))


@pytest.mark.parametrize("off", ["disabled", "inactive", "rows"])
def test_off_returns_the_frozen_networks_own_tensor(off):
    made = []
    twin = layer(lambda y: made.append(y) or y)
    if off == "disabled":
        twin.enable_adapters(False)
    elif off == "inactive":
        twin.set_adapter([])
    else:
        twin.state.alpha_override = 1.0
    assert twin(torch.randn(2, 5, HIDDEN)) is made[0]


def test_gradients_flow_through_the_frozen_network_to_what_comes_before():
    twin = layer(alpha=0.999)
    x = torch.randn(2, 5, HIDDEN, requires_grad=True)
    twin(x).sum().backward()
    through_frozen = twin.base_layer.weights.weight.sum(0).expand_as(x)
    torch.testing.assert_close(x.grad, through_frozen, rtol=0.1, atol=0.05)
    assert all(p.grad is None for p in twin.base_layer.parameters())


def test_alpha_learns_its_side():
    twin, x = layer(alpha=0.5), torch.randn(4, 5, HIDDEN)
    alpha = twin.twin_alpha["default"]
    optimizer = torch.optim.Adam(alpha.parameters(), lr=0.1)
    for _ in range(60):  # towards the frozen answer
        (twin(x) - twin.base_layer(x)).square().mean().backward()
        optimizer.step()
        optimizer.zero_grad()
    assert 0.8 < float(alpha().detach()) < 1


def test_alpha_stays_inside_its_bounds():
    alpha = Alpha(0.31)
    assert float(alpha().detach()) == pytest.approx(0.31)
    with torch.no_grad():
        for logit in (-12.0, 12.0):
            alpha.logit.fill_(logit)
            assert 0 < float(alpha()) < 1
    fixed = Alpha(0.31, learned=False)
    assert not list(fixed.parameters())
    assert "logit" in fixed.state_dict()


def test_attributes_of_the_frozen_network_show_through():
    twin = layer()
    assert twin.speciality == "understanding"
    with pytest.raises(AttributeError, match="nothing"):
        twin.nothing  # noqa: B018
