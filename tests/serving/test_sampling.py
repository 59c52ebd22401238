from __future__ import annotations

import pytest
import torch

from twist_scout.serving.sampling import RowSampler, Sampling, nucleus

LOGITS = torch.tensor([2.0, 1.0, 0.0, -1.0])


def draws(sampling: Sampling, count: int, rows: int = 1) -> torch.Tensor:
    """(count, rows) tokens that one sampler takes after another."""
    sampler = RowSampler([sampling] + [None] * (rows - 1))
    return torch.stack([sampler(None, LOGITS.repeat(rows, 1)).argmax(-1) for _ in range(count)])  # type: ignore[arg-type]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_draws_have_the_probabilities_of_the_softmax(temperature: float) -> None:
    count = 4000
    shares = draws(Sampling(temperature, seed=1), count)[:, 0].bincount(minlength=4) / count
    expected = (LOGITS / temperature).softmax(-1)
    assert (shares - expected).abs().max() < 4 * 0.5 / count**0.5


def test_greedy_rows_are_left_as_they_are() -> None:
    scores = torch.randn(3, 50, generator=torch.Generator().manual_seed(0))
    changed = RowSampler([None, Sampling(1.0, seed=0), None])(None, scores.clone())  # type: ignore[arg-type]
    assert torch.equal(changed[[0, 2]], scores[[0, 2]])
    assert not torch.equal(changed[1], scores[1])


def test_a_seed_draws_the_same_whatever_else_is_in_the_batch() -> None:
    alone = draws(Sampling(1.0, seed=7), 50)[:, 0]
    together = draws(Sampling(1.0, seed=7), 50, rows=4)[:, 0]
    assert torch.equal(alone, together)
    assert not torch.equal(alone, draws(Sampling(1.0, seed=8), 50)[:, 0])
    assert not torch.equal(draws(Sampling(1.0), 50), draws(Sampling(1.0), 50))


def test_any_integer_is_a_seed() -> None:
    for seed in (-1, 2**70, 0):
        draws(Sampling(1.0, seed=seed), 1)


def test_only_the_likeliest_that_reach_top_p_are_drawn() -> None:
    assert set(draws(Sampling(2.0, top_p=1e-9, seed=0), 200)[:, 0].tolist()) == {0}
    assert set(draws(Sampling(2.0, top_p=0.6, seed=0), 300)[:, 0].tolist()) == {0, 1}
    shares = LOGITS.softmax(-1).sort(descending=True).values.cumsum(-1)
    for top_p in (0.1, 0.5, 0.7, 0.9, 0.95, 0.99):
        kept = int(nucleus(LOGITS, top_p).isfinite().sum())
        assert shares[kept - 1] >= top_p
        assert kept == 1 or shares[kept - 2] < top_p
    assert torch.equal(nucleus(LOGITS, 1.0), LOGITS)
