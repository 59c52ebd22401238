from __future__ import annotations

import asyncio

import pytest

from twist_scout.scout.backends import BudgetSpent, TokenBudget
from twist_scout.scout.backends.limits import RateLimit


class Clock:
    """Time that passes only while someone sleeps."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(asyncio, "sleep", self.sleep)

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_a_burst_and_then_the_rate(clock: Clock) -> None:
    async def run() -> list[float]:
        limit = RateLimit(120, burst_seconds=5, clock=clock)  # 2 a second, 10 at once
        times = []
        for _ in range(16):
            await limit.take()
            times.append(clock.now)
        return times

    times = asyncio.run(run())
    assert times[:10] == [0.0] * 10
    assert times[10:] == pytest.approx([0.5, 1.0, 1.5, 2.0, 2.5, 3.0])


def test_more_than_a_bucket_is_let_through_once_and_paid_for_later(clock: Clock) -> None:
    async def run() -> float:
        limit = RateLimit(60, burst_seconds=5, clock=clock)  # 1 a second, 5 at once
        await limit.take(20)
        assert clock.now == 0.0
        await limit.take(1)
        return clock.now

    assert asyncio.run(run()) == pytest.approx(16.0)


def test_what_was_not_used_comes_back(clock: Clock) -> None:
    async def run() -> float:
        limit = RateLimit(60, burst_seconds=5, clock=clock)
        await limit.take(5)
        limit.give_back(4)
        await limit.take(4)
        assert clock.now == 0.0
        limit.give_back(-3)  # it took more than was thought
        await limit.take(1)
        return clock.now

    assert asyncio.run(run()) == pytest.approx(4.0)


def test_no_limit_is_no_limit(clock: Clock) -> None:
    async def run() -> None:
        limit = RateLimit(None, clock=clock)
        for _ in range(10):
            await limit.take(1e9)

    asyncio.run(run())
    assert clock.now == 0.0


def test_a_budget_ends() -> None:
    budget = TokenBudget(100)
    budget.check()
    budget.spend(99)
    budget.check()
    budget.spend(5)
    with pytest.raises(BudgetSpent, match=r"100 tokens is spent \(104 were used\)"):
        budget.check()
    TokenBudget().check()
