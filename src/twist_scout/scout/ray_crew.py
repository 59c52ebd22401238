"""The processes of a run on Ray: as many as there is work for, and others in place of those that die."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from twist_scout.errors import BadConfig, TwistScoutError
from twist_scout.scout.ray_workers import Card, cause_of, short

#: Processes in a row that could not begin, while none works, after which the run ends.
FAILED_STARTS = 3


@dataclass(frozen=True)
class Growth:
    """When a crew grows and shrinks, in seconds.

    Attributes:
        period: how often that is looked at.
        patience: how long items must have waited before there are more processes.
        idle: how long a process must have had nothing to do before it is let go.
        notes: how often the user is told that there is no process.
    """

    period: float = 0.5
    patience: float = 2.0
    idle: float = 30.0
    notes: float = 30.0


@dataclass(eq=False)
class Member:
    """A process.

    Attributes:
        actor: Ray's handle.
        opening: Ray's reference to its card.
        card: how it introduced itself, once it has.
        busy: items that it works on.
        reserved: who waits to have it alone.
        since: when it was ready.
        idle_since: when it last had something to do.
    """

    actor: Any
    opening: Any
    card: Card | None = None
    busy: int = 0
    reserved: object = None
    since: float = 0.0
    idle_since: float = 0.0


@dataclass
class Crew:
    """Starts, watches and ends processes.

    Args:
        start: starts a process; Ray's handle of it, with a method ``open``.
        least: processes that are kept in any case.
        most: processes at most.
        note: tells the user something.
        growth: when there are more processes or fewer.

    Attributes:
        members: the processes.
        most_ready: that were ready at once.
        died: that ended before they were told to.
        failure: why there can be no processes any more.
        ready_changed: called when there is a new process, or none any more.
    """

    start: Callable[[], Any]
    least: int
    most: int
    note: Callable[[str], None]
    growth: Growth = field(default_factory=Growth)
    members: list[Member] = field(default_factory=list)
    most_ready: int = 0
    died: int = 0
    failure: BaseException | None = None
    ready_changed: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._seconds_of_ended = 0.0
        self._failed_starts = 0
        self._hold_until = self._enough_at = self._told = 0.0
        self._closed = False

    def first(self) -> Card:
        """Start the first processes and wait until one is ready.

        Raises:
            TwistScoutError: the stages cannot be made there.
            BadConfig: the processes die.
        """
        import ray

        self._add(self.least)
        while True:
            done, _ = ray.wait([member.opening for member in self.members], timeout=self.growth.notes)
            if not done:
                self.note(self._no_room())
                continue
            member = next(member for member in self.members if member.opening == done[0])
            try:
                card: Card = ray.get(member.opening)
            except ray.exceptions.RayError as error:
                self._not_opened(member, error)
                if self.failure is not None:
                    raise self.failure from None
                self._add(self.least - len(self.members))
                continue
            self._opened(member, card)
            return card

    def ready(self) -> list[Member]:
        """The processes that can work."""
        return [member for member in self.members if member.card is not None]

    def seconds(self) -> float:
        """Of all processes together, from ready to the end or to now."""
        now = time.monotonic()
        return self._seconds_of_ended + sum(now - member.since for member in self.ready())

    def watch(self, waiting: Callable[[], int], slots: int) -> None:
        """Look after the processes from now on, beside the work of the running loop.

        Args:
            waiting: how many items have no process.
            slots: items that a process takes.
        """
        self._tasks.clear()  # those of a loop that has ended
        for member in self.members:
            if member.card is None:
                self._spawn(self._watch(member))
        self._spawn(self._tend(waiting, slots))

    def lose(self, member: Member, error: BaseException) -> None:
        """Another process for one that does not answer; that one is ended for good, so that nobody hears of it again."""
        if member not in self.members:
            return
        self._remove(member)
        self.died += 1
        where = f" {member.card.process} on {member.card.node[:8]}" if member.card else ""
        self.note(f"Worker{where} is gone ({short(error)}): others do its items.")
        self._add(1)

    async def close(self) -> None:
        """End all processes, and the watch."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.end()

    def end(self) -> None:
        """End all processes, where no loop runs any more."""
        self._closed = True
        for member in list(self.members):
            self._remove(member)

    # --- beginnings and ends ---

    def _add(self, count: int) -> None:
        for _ in range(0 if self._closed else count):
            actor = self.start()
            member = Member(actor, actor.open.remote())
            self.members.append(member)
            if self._tasks:
                self._spawn(self._watch(member))

    def _opened(self, member: Member, card: Card) -> None:
        member.card, self._failed_starts = card, 0
        member.since = member.idle_since = time.monotonic()
        self.most_ready = max(self.most_ready, len(self.ready()))
        self.ready_changed()

    def _not_opened(self, member: Member, error: BaseException) -> None:
        from ray.exceptions import RayTaskError

        self._remove(member)
        self._failed_starts += 1
        self._hold_until = time.monotonic() + min(60.0, 2.0**self._failed_starts)
        cause = cause_of(error) if isinstance(error, RayTaskError) else error
        if not isinstance(cause, TwistScoutError):
            cause = BadConfig(f"A worker cannot be started ({_last_line(cause)}): install the same everywhere.")
            final = self._failed_starts >= FAILED_STARTS
        else:
            final = True
        if self.ready():
            self.note(f"{cause} The other workers go on.")
        elif final:
            self.failure = cause
            self.ready_changed()

    def _remove(self, member: Member) -> None:
        import ray

        self.members.remove(member)
        if member.card is not None:
            self._seconds_of_ended += time.monotonic() - member.since
        if ray.is_initialized():
            ray.kill(member.actor)

    # --- beside the work ---

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _watch(self, member: Member) -> None:
        from ray.exceptions import RayError

        try:
            card: Card = await member.opening
        except RayError as error:
            self._not_opened(member, error)
        else:
            self._opened(member, card)

    async def _tend(self, waiting: Callable[[], int], slots: int) -> None:
        self._enough_at = self._told = time.monotonic()
        while True:
            await asyncio.sleep(self.growth.period)
            now, ready, wanted = time.monotonic(), self.ready(), waiting()
            if not wanted:
                self._enough_at = now
                self._release(ready, now)
            if now >= self._hold_until:
                self._add(self.least - len(self.members))
                if len(ready) == len(self.members) and now - self._enough_at >= self.growth.patience:
                    # As many again at most: a hundred are there soon, and a few do not become a hundred by mistake.
                    self._add(min(max(1, len(ready)), -(-wanted // slots), self.most - len(self.members)))
                    self._enough_at = now
            if ready:
                self._told = now
            elif now - self._told >= self.growth.notes:
                self._told = now
                self.note(self._no_room())

    def _release(self, ready: list[Member], now: float) -> None:
        """Let those go that have had nothing to do for long."""
        idle = [m for m in ready if not m.busy and not m.reserved and now - m.idle_since >= self.growth.idle]
        for member in idle[: max(0, len(self.members) - self.least)]:
            self._remove(member)

    def _no_room(self) -> str:
        return (
            f"Waiting for the cluster: none of {len(self.members)} workers has begun yet. Ctrl-C ends the run; what is "
            "finished is kept."
        )


def _last_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1].rstrip(".")[:300] if lines else type(error).__name__
