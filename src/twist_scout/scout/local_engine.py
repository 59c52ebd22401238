"""Keeps many items under way at once in one event loop, wherever their stages work."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from twist_scout.scout.backends.base import BudgetSpent
from twist_scout.scout.items import SourceItem
from twist_scout.scout.outcome import ItemOutcome

#: What is to be done: an item and its place in the source. None is nothing, and lets others have a turn.
Todo = Iterator[tuple[int, SourceItem] | None]


class WorksOnItems(Protocol):
    """Stages in this process, or somewhere else."""

    async def work(self, index: int, item: SourceItem) -> ItemOutcome:
        """All that an item gives; see :meth:`Stages.work`."""


@dataclass
class Stop:
    """Why a run takes no more items.

    Attributes:
        reason: in words; None while it goes on.
        hurry: whether what is under way is let go as well.
    """

    reason: str | None = None
    hurry: bool = False


async def run_local(
    stages: WorksOnItems,
    todo: Todo,
    keep: Callable[[ItemOutcome], None],
    *,
    concurrency: int,
    stop: Stop,
    on_interrupt: Callable[[Stop, int], None] = lambda stop, busy: None,
) -> None:
    """Work on items until there are none or the run is stopped.

    A first Ctrl-C (or SIGTERM) takes no more items and finishes those under way; a second one lets those go.

    Args:
        stages: what to do with each.
        todo: the items.
        keep: called with each outcome as soon as it is there, in any order.
        concurrency: items under way at once.
        stop: says afterwards whether and why the run was stopped.
        on_interrupt: called after each Ctrl-C, with the number of items under way.

    Raises:
        TwistScoutError: a backend answers nobody, or the source cannot be read on.
    """
    busy = 0
    workers: list[asyncio.Task[None]] = []
    source_error: Exception | None = None

    async def work() -> None:
        nonlocal busy, source_error
        while stop.reason is None:
            try:
                following = next(todo, _END)
            except Exception as error:  # what is under way is finished all the same
                stop.reason, source_error = "the source cannot be read on", error
                return
            if isinstance(following, _End):
                return
            if following is not None:
                busy += 1
                try:
                    keep(await stages.work(*following))
                except BudgetSpent as error:
                    stop.reason = stop.reason or str(error)
                finally:
                    busy -= 1
            await asyncio.sleep(0)  # rules never wait for anything; signals and others need their turn

    def interrupted() -> None:
        if stop.reason is None:
            stop.reason = "interrupted"
        else:
            stop.hurry = True
            for worker in workers:
                worker.cancel()
        on_interrupt(stop, busy)

    workers += [asyncio.create_task(work()) for _ in range(max(1, concurrency))]
    with _signals(interrupted):
        await _finish(workers, stop)
    if source_error is not None:
        raise source_error


async def _finish(workers: list[asyncio.Task[None]], stop: Stop) -> None:
    """Wait for all workers. After an error the others are let go, for their requests would fail too."""
    try:
        await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
        errors = [worker.exception() for worker in workers if worker.done() and not worker.cancelled()]
        error = next((error for error in errors if error is not None), None)
        if error is not None:
            stop.reason = stop.reason or "failed"
            raise error
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


class _End:
    """Nothing left."""


_END = _End()


@contextmanager
def _signals(handler: Callable[[], None]) -> Iterator[None]:
    """Call ``handler`` on Ctrl-C and SIGTERM, where signals can be handled: in the main thread of a POSIX system."""
    loop = asyncio.get_running_loop()
    handled = []
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                loop.add_signal_handler(number, handler)
                handled.append(number)
            except NotImplementedError:
                break
    try:
        yield
    finally:
        for number in handled:
            loop.remove_signal_handler(number)
