"""When to try again: back-off with jitter, and what a server says about it."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime


@dataclass(frozen=True, slots=True)
class Retries:
    """How often to try and how long to wait in between.

    The n-th wait is drawn between half of and the whole of ``first * 2**n`` seconds, so that many requests that failed
    together do not come back together.

    Args:
        tries: how often a request is sent at most.
        first: seconds of the first wait.
        longest: seconds of the longest wait of its own accord.
        longest_asked: seconds that a server may ask for; one that asks for more is not waited for.
    """

    tries: int = 6
    first: float = 1.0
    longest: float = 60.0
    longest_asked: float = 600.0

    def wait(self, failures: int, asked: float | None = None) -> float | None:
        """Seconds to wait after so many failures in a row (from 1); None: do not try again.

        Args:
            failures: how often this request has failed.
            asked: seconds that the server asks for.
        """
        if failures >= self.tries or (asked is not None and asked > self.longest_asked):
            return None
        own = min(self.longest, self.first * 2 ** min(failures - 1, 32))
        # Not the run's random numbers: those decide about data, this about politeness.
        return max(asked or 0.0, own * random.uniform(0.5, 1.0))


def asked_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds that a server asks to wait: ``Retry-After`` in seconds or as a date, or ``retry-after-ms``."""
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            seconds = float(value) * scale
        except ValueError:
            try:
                seconds = parsedate_to_datetime(value).timestamp() - time.time()
            except (ValueError, TypeError):
                continue
        if seconds == seconds and seconds != float("inf"):
            return max(0.0, seconds)
    return None
