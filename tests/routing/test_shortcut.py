from __future__ import annotations

from itertools import repeat
from pathlib import Path

import numpy as np
import pytest

from twist_scout.errors import BadModel
from twist_scout.routing.shortcut import BUCKETS, fit, load, runs, save, score
from twist_scout.routing.tokens import padded


def test_a_row_has_all_its_runs_and_no_others() -> None:
    places, share = runs(*padded([[2, 7, 8, 3], [2, 3]]))
    assert places.shape == share.shape == (2, 4 + 3 + 2)
    assert (share[0] > 0).all()
    assert (share[1] > 0).sum() == 2 + 1
    np.testing.assert_allclose((share**2).sum(axis=1), 1, rtol=1e-6)
    assert places.min() >= 0
    assert places.max() < BUCKETS


def test_padding_and_neighbours_in_the_batch_change_nothing() -> None:
    weights = np.random.default_rng(0).normal(size=(BUCKETS, 2)).astype(np.float32)
    rows = [[2, 7, 8, 9, 3], [2, 3], [2, 7, 3]]
    together = score(weights, *padded(rows))
    alone = np.concatenate([score(weights, *padded([row])) for row in rows])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_order_counts() -> None:
    one, other = runs(*padded([[2, 7, 8, 3], [2, 8, 7, 3]]))[0]
    assert sorted(one[:4]) == sorted(other[:4])  # the same pieces
    assert set(one[4:]) != set(other[4:])  # in other runs


def test_what_no_single_piece_tells_is_learnt_from_runs() -> None:
    rows = [[2, 5, 6, 3], [2, 6, 5, 3], [2, 5, 7, 3], [2, 7, 5, 3]]
    batch = (*padded(rows), np.array([1, 0, 0, 1]))
    weights = fit(repeat(batch), steps=200, skills=1, learning_rate=0.1)
    assert (score(weights, *padded(rows))[:, 0] > 0).tolist() == [True, False, False, True]
    again = fit(repeat(batch), steps=200, skills=1, learning_rate=0.1)
    np.testing.assert_array_equal(weights, again)
    more = fit(repeat(batch), steps=1, skills=2, learning_rate=1e-9, start=weights)
    np.testing.assert_allclose(more[:, :1], weights, atol=1e-6)


def test_weights_survive_int8_and_damage_is_named(tmp_path: Path) -> None:
    weights = np.random.default_rng(0).normal(size=(BUCKETS, 2)).astype(np.float32)
    path = tmp_path / "shortcut.safetensors"
    save(weights, path)
    np.testing.assert_allclose(load(path, 2), weights, atol=np.abs(weights).max() / 127)
    assert path.stat().st_size < 2 * BUCKETS + 1_000
    with pytest.raises(BadModel, match="does not fit"):
        load(path, 1)
    path.write_bytes(b"nothing")
    with pytest.raises(BadModel, match=r"shortcut\.safetensors cannot be read"):
        load(path, 2)
