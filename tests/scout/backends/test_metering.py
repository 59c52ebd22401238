from __future__ import annotations

import asyncio

import pytest

from twist_scout.scout.backends import BudgetSpent, ChatMessage, Reply, Request, TokenBudget
from twist_scout.scout.backends.metering import MeteredBackend, Usage, metered

ASKED = Request("k", [ChatMessage("user", "x")])


def test_each_piece_of_work_sees_what_it_used_itself(scripted) -> None:
    backend = MeteredBackend(scripted(lambda request: Reply("y", prompt_tokens=10, completion_tokens=2)))

    async def piece(requests: int) -> Usage:
        with metered() as usage:
            await asyncio.gather(*(backend.complete(ASKED) for _ in range(requests)))
        return usage

    async def run() -> list[Usage]:
        return await asyncio.gather(*(piece(n) for n in range(4)))

    assert asyncio.run(run()) == [Usage(n, 10 * n, 2 * n, 0) for n in range(4)]


def test_problems_are_counted(scripted) -> None:
    backend = MeteredBackend(scripted(lambda request: Reply(problem="no")))

    async def run() -> Usage:
        with metered() as usage:
            await backend.complete(ASKED)
        return usage

    assert asyncio.run(run()) == Usage(1, 0, 0, 1)


def test_two_backends_share_a_budget(scripted) -> None:
    budget = TokenBudget(25)
    one, other = (MeteredBackend(scripted(lambda r: Reply("y", prompt_tokens=10)), budget) for _ in range(2))

    async def run() -> int:
        for done in range(10):
            try:
                await (one, other)[done % 2].complete(ASKED)
            except BudgetSpent:
                return done
        return 10

    assert asyncio.run(run()) == 3


def test_it_is_what_is_inside(scripted) -> None:
    backend = MeteredBackend(scripted(lambda r: "y", name="n", dialect="scout", frame="padded"))
    assert (backend.name, backend.dialect, backend.frame) == ("n", "scout", "padded")


@pytest.mark.parametrize("inside", [True, False])
def test_without_a_meter_nothing_breaks(scripted, inside: bool) -> None:
    backend = MeteredBackend(scripted(lambda r: "y"))

    async def run() -> Reply:
        if inside:
            with metered():
                pass
        return await backend.complete(ASKED)

    assert asyncio.run(run()).text == "y"
