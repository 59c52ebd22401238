from __future__ import annotations

import pickle

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from twist_scout.data import orders
from twist_scout.data.orders import Orders, shuffled


@given(count=st.integers(0, 2000), seed=st.integers(0, 2**64))
def test_an_order_has_every_number_once(count: int, seed: int) -> None:
    assert sorted(shuffled(count, seed)) == list(range(count))


def test_an_order_is_the_same_everywhere() -> None:
    """Written down, so that a change of numpy or of this code does not change anybody's training set unseen."""
    assert shuffled(10, 0, "order").tolist() == [0, 9, 7, 2, 4, 5, 6, 3, 8, 1]
    assert shuffled(10, 0, "part").tolist() != shuffled(10, 0, "order").tolist()


def test_orders_look_random() -> None:
    order = shuffled(100_000, 3).astype(float)
    assert abs(np.corrcoef(order[:-1], order[1:])[0, 1]) < 0.02
    assert abs(np.corrcoef(order, shuffled(100_000, 4))[0, 1]) < 0.02
    assert abs(order[:1000].mean() / 50_000 - 1) < 0.1


def test_orders_are_kept_and_the_oldest_go(monkeypatch) -> None:
    monkeypatch.setattr(orders, "KEPT", 25)
    make = Orders(0)
    first = make(10, "a")
    assert make(10, "a") is first
    make(10, "b"), make(10, "a"), make(10, "c")
    assert make(10, "a") is first  # used last
    assert (make(10, "b") == shuffled(10, 0, "b")).all()
    assert (pickle.loads(pickle.dumps(make))(10, "a") == first).all()
