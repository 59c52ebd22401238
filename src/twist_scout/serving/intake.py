"""How many requests are under way, how many bytes they hold, and how a request's body gets in."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive, Scope

from twist_scout.serving.errors import ApiError, bad, stopping
from twist_scout.serving.limits import MEBIBYTE, Limits

#: What is read and thrown away of a refused request: a client that is still sending would not see why it was refused.
_THROWN_AWAY, _SECONDS = 64 * MEBIBYTE, 5.0
_LONGEST_WAIT = 60
#: In a scope: nothing of the body is left to be read.
BODY_READ = "twist_scout.body_read"


def noting_the_end(scope: Scope, receive: Receive) -> Receive:
    """``receive`` that marks the scope once the body of its request has been read."""

    async def receiving() -> Message:
        message = await receive()
        if message["type"] != "http.request" or not message.get("more_body", False):
            scope[BODY_READ] = True
        return message

    return receiving


class Intake:
    """Admission: who comes in, and whether somebody still may.

    Args:
        limits: of the queue and of bodies.
        seconds_for: how long so many requests will about take; clients that are turned away are told.
    """

    def __init__(self, limits: Limits, seconds_for: Callable[[int], float]) -> None:
        self._limits = limits
        self._seconds_for = seconds_for
        self._held = 0
        self.accepted = 0
        self.draining = False

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place for one request, from its first byte to the last of its answer.

        Raises:
            ApiError: status 503: the server is about to end; status 429: all places are taken.
        """
        if self.draining:
            raise stopping()
        if self.accepted >= self._limits.queue:
            raise self._busy()
        self.accepted += 1
        try:
            yield
        finally:
            self.accepted -= 1

    @contextmanager
    def holding(self) -> Iterator[Callable[[int], None]]:
        """A function to call with the number of bytes that are kept; they are given back at the end.

        Raises:
            ApiError: from that function, status 429: all requests together hold too much.
        """
        mine = 0

        def keep(size: int) -> None:
            nonlocal mine
            if self._held + size > self._limits.held_bytes:
                raise self._busy()
            self._held += size
            mine += size

        try:
            yield keep
        finally:
            self._held -= mine

    async def body(self, request: Request, keep: Callable[[int], None]) -> bytes:
        """The body of a request.

        Raises:
            ApiError: status 413: it is too large; 408: it comes too slowly; 415: it says to be something else than JSON.
        """
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":  # which no page of another site can send without being allowed to
            told = f"The content type is {kind[:80]!r}: send application/json."
            raise ApiError(415, told, code="unsupported_media_type")
        most = self._limits.body
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length) > most:
            raise self._too_large()
        chunks: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                async for chunk in request.stream():
                    size += len(chunk)
                    if size > most:
                        raise self._too_large()
                    keep(len(chunk))
                    chunks.append(chunk)
        except TimeoutError as error:
            told = f"The request did not arrive within {self._limits.body_seconds:g} seconds."
            raise ApiError(408, told, code="too_slow") from error
        except ClientDisconnect as error:
            raise bad("The request ended early.", code="incomplete") from error
        return b"".join(chunks)

    def _busy(self) -> ApiError:
        seconds = min(_LONGEST_WAIT, max(1, math.ceil(self._seconds_for(self.accepted) / 2)))
        return ApiError(429, "The server is busy: try again later.", code="queue_full", retry_after=seconds)

    def _too_large(self) -> ApiError:
        told = f"The request is larger than {self._limits.body:,} bytes: send a smaller picture."
        return ApiError(413, told, code="request_too_large")


async def throw_away(request: Request, error: ApiError | None = None) -> None:
    """Read what a refused client still sends, within bounds; not of one that waits to be asked for it, or is too slow."""
    if "expect" in request.headers or (error is not None and error.status == 408):
        return
    left = _THROWN_AWAY
    with suppress(TimeoutError):
        async with asyncio.timeout(_SECONDS):
            while left > 0 and not request.scope.get(BODY_READ):
                left -= len((await request.receive()).get("body", b""))
