from __future__ import annotations

import torch

from twist_scout.twist.router import TwinRouter


def test_probabilities_choices_and_weights_agree():
    router = TwinRouter.fresh(experts=4, hidden=8, top_k=2, device=torch.device("cpu"))
    routing = router(torch.randn(10, 8))
    torch.testing.assert_close(routing.probabilities.sum(-1), torch.ones(10))
    assert torch.equal(routing.weights, routing.probabilities.gather(1, routing.choices))
    assert torch.equal(routing.choices[:, 0], routing.probabilities.argmax(-1))
    assert (routing.weights[:, 0] >= routing.weights[:, 1]).all()


def test_it_routes_in_fp32_under_autocast_and_with_half_inputs():
    router = TwinRouter.fresh(experts=4, hidden=8, top_k=1, device=torch.device("cpu"))
    x = torch.randn(10, 8).to(torch.bfloat16)
    expected = router(x.float()).probabilities
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(router(x).probabilities, expected)


def test_it_draws_no_noise():
    router = TwinRouter.fresh(experts=4, hidden=8, top_k=2, device=torch.device("cpu")).train()
    x = torch.randn(10, 8)
    assert torch.equal(router(x).choices, router(x).choices)


def test_given_rows_are_copied():
    rows = torch.nn.Parameter(torch.randn(3, 8, dtype=torch.bfloat16))
    router = TwinRouter(rows, top_k=1)
    assert router.weight.dtype == torch.float32
    assert torch.equal(router.weight, rows.float())
    same = torch.randn(3, 8)
    assert TwinRouter(same, top_k=1).weight.data_ptr() != same.data_ptr()
