"""Gives items to the processes of a run on Ray, and again where one dies.

Ray would retry by itself, for ever and without knowing what it repeats. Here an item whose process died goes to another
one; an item that was there twice when a process died is worked on alone, so that it is known which one kills; and one
that kills thrice alone is rejected, with the reason. So one bad picture costs neither the run nor its neighbours.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque

from twist_scout.scout.items import SourceItem
from twist_scout.scout.outcome import ItemOutcome, digest
from twist_scout.scout.ray_crew import Crew, Member
from twist_scout.scout.ray_workers import cause_of, short
from twist_scout.scout.rejects import ENGINE, Reject

#: Deaths of processes after which an item that was in all of them is worked on alone.
SHARED_DEATHS = 2
#: Deaths over it alone after which it is given up.
LONE_DEATHS = 3

_Turn = asyncio.Future[Member]


class Pool:
    """Gives items to processes.

    Args:
        crew: the processes.
        slots: items that a process works on at once.

    Attributes:
        repeated: how often an item was given to another process.
    """

    def __init__(self, crew: Crew, slots: int) -> None:
        self.crew, self.slots = crew, slots
        self.repeated = 0
        self._waiting: deque[_Turn] = deque()
        self._alone: list[_Turn] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        crew.ready_changed = self._serve

    async def work(self, index: int, item: SourceItem) -> ItemOutcome:
        """Have an item worked on, again where a process dies over it.

        Raises:
            TwistScoutError: what the stages raise that ends the run; or no process can be started any more.
        """
        from ray.exceptions import RayError, RayTaskError

        loop = asyncio.get_running_loop()
        if self._loop is not loop:  # the first item of a run
            self._loop = loop
            self.crew.watch(lambda: sum(not turn.done() for turn in self._waiting), self.slots)
        deaths = 0
        while True:
            alone = deaths >= SHARED_DEATHS
            member = await self._turn(alone)
            try:
                outcome: ItemOutcome = await member.actor.work.remote(index, item)
                return outcome
            except RayTaskError as error:
                raise cause_of(error) from None
            except RayError as error:  # the process is gone, or its machine, or the way there
                self.crew.lose(member, error)
                deaths += 1
                if deaths == SHARED_DEATHS + LONE_DEATHS:
                    return _given_up(index, item, error)
                self.repeated += 1
            finally:
                member.busy -= self.slots if alone else 1
                member.idle_since = time.monotonic()
                self._serve()

    async def _turn(self, alone: bool) -> Member:
        """Wait for a free place; for all places of a process, if alone."""
        turn: _Turn = asyncio.get_running_loop().create_future()
        (self._alone if alone else self._waiting).append(turn)
        self._serve()
        return await turn

    def _serve(self) -> None:
        """Give free places to those who wait, in order."""
        if self.crew.failure is not None:
            for turn in (*self._waiting, *self._alone):
                if not turn.done():
                    turn.set_exception(self.crew.failure)
        self._alone = [turn for turn in self._alone if not turn.done() and not self._empty_member(turn)]
        while self._waiting:
            free = [m for m in self.crew.ready() if m.reserved is None and m.busy < self.slots]
            if not free:
                return
            turn = self._waiting.popleft()
            if not turn.done():
                member = min(free, key=lambda m: m.busy)
                member.busy += 1
                turn.set_result(member)

    def _empty_member(self, turn: _Turn) -> bool:
        """Give a process to one item alone; one that is busy takes no others until it is empty."""
        ready = self.crew.ready()
        member = next((m for m in ready if m.reserved is turn), None)
        if member is None:
            member = min((m for m in ready if m.reserved is None), key=lambda m: m.busy, default=None)
        if member is None:
            return False
        member.reserved = turn
        if member.busy:
            return False
        member.reserved, member.busy = None, self.slots
        turn.set_result(member)
        return True


def _given_up(index: int, item: SourceItem, error: BaseException) -> ItemOutcome:
    """The outcome of an item that no process survives."""
    reject = Reject(
        item=item.id,
        stage="source",
        check=ENGINE,
        reason=(
            f"{SHARED_DEATHS + LONE_DEATHS} workers died while they worked on it, the last {LONE_DEATHS} of them on "
            f"nothing else ({short(error)})."
        ),
    )
    return ItemOutcome(index=index, item=item.id, digest=digest(item), again=True, rejects=[reject])
