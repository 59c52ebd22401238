"""How much may be asked: requests and tokens per minute, and tokens altogether."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from twist_scout.scout.backends.base import BudgetSpent


class RateLimit:
    """At most so much per minute, spread evenly after a first burst.

    A bucket that fills at the given rate and holds a few seconds' worth. Who takes more than is in it waits until it
    has filled up again; those who wait are served in order.

    Args:
        per_minute: requests or tokens; None for no limit.
        burst_seconds: how much of the rate may be used at once.
        clock: seconds; another one in tests.
    """

    def __init__(
        self, per_minute: float | None, *, burst_seconds: float = 5.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = None if per_minute is None else per_minute / 60
        self._most = 0.0 if self._rate is None else max(1.0, self._rate * burst_seconds)
        self._level, self._clock, self._since = self._most, clock, clock()
        self._turn = asyncio.Lock()

    async def take(self, amount: float = 1.0) -> None:
        """Wait until there is room, then use it. More than a whole bucket waits for a full one, and leaves a debt."""
        if self._rate is None:
            return
        async with self._turn:
            needed = min(amount, self._most)
            while (missing := needed - self._fill()) > 1e-9:
                await asyncio.sleep(missing / self._rate)
            self._level -= amount

    def give_back(self, amount: float) -> None:
        """What was taken and not used; a negative amount is what was used beyond it."""
        if self._rate is not None:
            self._level = min(self._most, self._fill() + amount)

    def _fill(self) -> float:
        now = self._clock()
        self._level = min(self._most, self._level + (now - self._since) * (self._rate or 0.0))
        self._since = now
        return self._level


class TokenBudget:
    """Tokens that a run may use, read and written ones together; several backends may share one.

    Requests that are under way when it runs out are finished, so it is exceeded by at most those.

    Args:
        total: the tokens; None for no limit.
    """

    def __init__(self, total: int | None = None) -> None:
        self.total = total
        self.used = 0

    def check(self) -> None:
        """Stop here if nothing is left.

        Raises:
            BudgetSpent: nothing is left.
        """
        if self.total is not None and self.used >= self.total:
            raise BudgetSpent(
                f"The budget of {self.total:,} tokens is spent ({self.used:,} were used): raise it to go on."
            )

    def spend(self, tokens: int) -> None:
        """Count what a request used."""
        self.used += tokens
