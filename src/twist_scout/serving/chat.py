"""`/v1/chat/completions`: one request, from its body to its answer, whole or as a stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from twist_scout.serving.errors import ApiError
from twist_scout.serving.exchange import Exchange
from twist_scout.serving.intake import Intake
from twist_scout.serving.limits import Limits
from twist_scout.serving.metrics import Metrics
from twist_scout.serving.protocol import ChatRequest, read_request
from twist_scout.serving.reader import Read, Reader
from twist_scout.serving.responses import Completion, event
from twist_scout.serving.rows import Done, Piece
from twist_scout.serving.worker import Worker

#: Threads that read JSON and pictures.
_THREADS = 4
_GONE = 499


@dataclass(frozen=True, slots=True)
class _Begun:
    """A row whose first event is there."""

    request: ChatRequest
    read: Read
    exchange: Exchange
    first: Piece | Done


class ChatService:
    """Answers chat requests.

    Args:
        reader: reads requests.
        worker: runs the model.
        intake: bodies and places.
        limits: how many requests are read ahead.
        metrics: where answers are counted.
    """

    def __init__(self, reader: Reader, worker: Worker, intake: Intake, limits: Limits, metrics: Metrics) -> None:
        self._reader = reader
        self._worker = worker
        self._intake = intake
        self._metrics = metrics
        self._room = asyncio.Semaphore(limits.read_rows)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="reading")

    def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def answer(self, request: Request, facts: dict[str, Any]) -> Response:
        """Answer a request.

        Args:
            request: of HTTP.
            facts: for the log; filled in.

        Raises:
            ApiError: there is no answer.
        """
        with self._intake.holding() as keep:
            body = await self._intake.body(request, keep)
            work = asyncio.create_task(self._begin(body, facts))
            del body
            gone = asyncio.create_task(_until_gone(request))
            try:
                await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                # Also when this request is cancelled: its row must not be answered for nobody.
                gone.cancel()
                if not work.done():
                    work.cancel()
                await asyncio.wait({work, gone})
            if work.cancelled():
                return Response(status_code=_GONE)
        begun = work.result()
        completion = Completion(begun.request.model or self._reader.name, begun.read, self._worker.model)
        facts["id"] = completion.id
        if begun.request.stream:
            return StreamingResponse(self._events(begun, completion, facts), media_type="text/event-stream")
        assert isinstance(begun.first, Done)  # only streams are told pieces
        self._note(begun.first, facts)
        return JSONResponse(completion.whole(begun.first))

    async def _begin(self, body: bytes, facts: dict[str, Any]) -> _Begun:
        """Read a request, queue its row, and wait for the first that the model says."""
        loop = asyncio.get_running_loop()
        arrived = facts["arrived"]
        await self._room.acquire()
        exchange = Exchange(self._room.release)
        submitted = False
        try:

            def read() -> tuple[ChatRequest, Read]:
                request = read_request(body)
                return request, self._reader.read(request, exchange.tell, arrived)

            request, found = await loop.run_in_executor(self._threads, read)
            facts.update(mode=found.decision.mode, probability=found.decision.probability, stream=found.row.stream)
            self._worker.submit(found.row)
            submitted = True
            try:
                first = await exchange.next()
            except asyncio.CancelledError:
                found.row.cancelled = True
                raise
            return _Begun(request, found, exchange, first)
        finally:
            if not submitted:
                self._room.release()

    async def _events(self, begun: _Begun, completion: Completion, facts: dict[str, Any]) -> AsyncIterator[bytes]:
        """A stream: the answer as it grows, its end with the grounding, and the counts if they are wanted."""
        told: Piece | Done = begun.first
        try:
            yield event(completion.first())
            while isinstance(told, Piece):
                yield event(completion.piece(told.text))
                told = await begun.exchange.next()
            self._note(told, facts)
            yield event(completion.last(told))
            if begun.request.wants_usage:
                yield event(completion.counts(told))
            yield event("[DONE]")
        except ApiError as error:  # the status is out already
            facts["error"] = error.code
            yield event(error.body)
        finally:
            begun.read.row.cancelled = True  # nobody listens any more

    def _note(self, done: Done, facts: dict[str, Any]) -> None:
        self._metrics.count_answer(done)
        facts.update(
            prompt_tokens=done.prompt_tokens,
            completion_tokens=done.completion_tokens,
            finish=done.finish,
            rows=done.rows,
            mixed=done.mixed,
            queue_ms=round(1000 * done.waited, 1),
        )


async def _until_gone(request: Request) -> None:
    """Returns when the client is gone; the body has been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
