from __future__ import annotations

import copy
import pickle

import pytest
import torch
from torch import nn

from twist_scout.twist.state import RoutingRecord, TwistState


class Model(nn.Module):
    def forward(self, input_ids, attention_mask=None):
        return input_ids


MASK = torch.tensor([[1, 1, 1, 0], [1, 1, 0, 0]])


def additive(lowest):
    causal = torch.ones(4, 4, dtype=torch.bool).tril() & MASK.bool()[:, None, :]
    return torch.zeros(2, 1, 4, 4).masked_fill(~causal[:, None], lowest)


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [
        ((), {"attention_mask": MASK}),
        ((MASK, MASK), {}),  # by position
        ((), {"attention_mask": additive(-1e30)}),  # query by key
        ((), {"attention_mask": additive(-1e30) == 0}),
    ],
    ids=["2d", "positional", "additive", "boolean"],
)
def test_padding_is_known_from_every_kind_of_mask(args, kwargs):
    state = TwistState(always_record=True)
    state.begin_forward(Model().eval(), args, kwargs)
    assert torch.equal(state.counted_tokens(torch.zeros(2, 4, 8)), MASK.bool().reshape(-1))
    assert torch.equal(state.counted_tokens(torch.zeros(8, 8)), MASK.bool().reshape(-1))


def test_with_a_cache_the_newest_tokens_count():
    state = TwistState(always_record=True)
    state.begin_forward(Model().eval(), (), {"attention_mask": MASK.flip(1)})
    assert state.counted_tokens(torch.zeros(2, 1, 8)).tolist() == [True, True]


@pytest.mark.parametrize("kwargs", [{}, {"attention_mask": None}, {"attention_mask": {"a": MASK}}])
def test_without_a_mask_everything_counts(kwargs):
    state = TwistState(always_record=True)
    state.begin_forward(Model().eval(), (), kwargs)
    assert state.counted_tokens(torch.zeros(2, 4, 8)) is None


def test_a_sequence_of_another_length_counts_whole():
    state = TwistState(always_record=True)
    state.begin_forward(Model().eval(), (), {"attention_mask": MASK})
    assert state.counted_tokens(torch.zeros(2, 9, 8)) is None


def test_a_forward_pass_is_recorded_in_training_and_on_request():
    state = TwistState()
    for training, always, expected in (
        (True, False, True),
        (False, False, False),
        (False, True, True),
    ):
        state.always_record = always
        state.begin_forward(Model().train(training), (), {})
        assert state.recording is expected
        state.end_forward()
        assert not state.recording


def test_copies_leave_the_forward_pass_behind():
    graph = torch.randn(3, requires_grad=True) * 2  # deepcopy refuses such a tensor
    state = TwistState(rows=["a"], alpha_override=0.5, token_mask=MASK, recording=True)
    state.records = {"a": {0: RoutingRecord(graph, MASK, None)}}
    for copied in (copy.deepcopy(state), pickle.loads(pickle.dumps(state))):
        assert copied.records == {}
        assert copied.token_mask is None
        assert copied.alpha_override == 0.5
    assert state.records
