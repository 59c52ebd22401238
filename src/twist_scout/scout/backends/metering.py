"""Who used how many tokens: counted where a request is answered, added up where it was needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from twist_scout.data.records import FrameChoice
from twist_scout.scout.backends.base import Backend, Reply, Request
from twist_scout.scout.backends.limits import TokenBudget


@dataclass(slots=True)
class Usage:
    """What a piece of work used.

    Attributes:
        requests: how many were answered.
        prompt_tokens: tokens read.
        completion_tokens: tokens written.
        problems: requests that got no reply.
    """

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    problems: int = 0

    def add(self, reply: Reply) -> None:
        """Count one reply."""
        self.requests += 1
        self.prompt_tokens += reply.prompt_tokens
        self.completion_tokens += reply.completion_tokens
        self.problems += reply.problem is not None


_usage: ContextVar[Usage | None] = ContextVar("usage", default=None)


@contextmanager
def metered() -> Iterator[Usage]:
    """What the requests inside use, also those of tasks that are started inside."""
    usage = Usage()
    token = _usage.set(usage)
    try:
        yield usage
    finally:
        _usage.reset(token)


class MeteredBackend:
    """A backend whose replies are counted, within a budget of tokens.

    Args:
        backend: who does the work.
        budget: what it may use; several backends may share one.
    """

    def __init__(self, backend: Backend, budget: TokenBudget | None = None) -> None:
        self._backend, self._budget = backend, budget or TokenBudget()

    @property
    def name(self) -> str:
        """Of the backend inside."""
        return self._backend.name

    @property
    def dialect(self) -> str | None:
        """Of the backend inside."""
        return self._backend.dialect

    @property
    def frame(self) -> FrameChoice | None:
        """Of the backend inside."""
        return self._backend.frame

    async def complete(self, request: Request) -> Reply:
        """Answer a request and count its tokens.

        Raises:
            BudgetSpent: nothing is left to use.
        """
        self._budget.check()
        reply = await self._backend.complete(request)
        self._budget.spend(reply.prompt_tokens + reply.completion_tokens)
        usage = _usage.get()
        if usage is not None:
            usage.add(reply)
        return reply

    async def close(self) -> None:
        """Close the backend inside."""
        await self._backend.close()
