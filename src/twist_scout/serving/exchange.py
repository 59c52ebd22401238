"""The way back: from the model's thread to the coroutine that answers the client."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from twist_scout.serving.rows import Done, Event, Failed, Piece


class Exchange:
    """Hands over the events of one row. Made inside the event loop.

    Args:
        on_settled: called in the loop when the row has its last event.
    """

    def __init__(self, on_settled: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._on_settled = on_settled
        self._settled = False

    def tell(self, event: Event) -> None:
        """Take an event from any thread."""
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._arrive, event)

    async def next(self) -> Piece | Done:
        """The next event.

        Raises:
            ApiError: the row failed.
        """
        event = await self._events.get()
        if isinstance(event, Failed):
            raise event.error
        return event

    def _arrive(self, event: Event) -> None:
        if self._settled:  # a server that gives up may settle a row just when the model does
            return
        self._events.put_nowait(event)
        if not isinstance(event, Piece):
            self._settled = True
            self._on_settled()
