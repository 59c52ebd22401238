"""Requests that arrive one by one go through a model of this process together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor

import torch

from twist_scout.errors import TwistScoutError
from twist_scout.scout.backends.base import BackendDown, Reply, Request

Run = Callable[[list[Request]], list[Reply]]


class Batcher:
    """Collects requests into batches for a model that runs in a thread of its own.

    While a batch runs the next requests gather, so that the model never waits for them and they rarely for it.

    Args:
        run: answers a batch; called in one thread, never twice at once.
        size: requests per batch at most.
        group: requests of one batch agree in this.
        linger: seconds that the first request of a batch waits for others.
    """

    def __init__(
        self,
        run: Run,
        size: int = 8,
        *,
        group: Callable[[Request], Hashable] = lambda request: 0,
        linger: float = 0.005,
    ) -> None:
        self._run, self._size, self._group, self._linger = run, max(1, size), group, linger
        self._waiting: list[tuple[Request, asyncio.Future[Reply]]] = []
        self._worker: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="model")

    async def complete(self, request: Request) -> Reply:
        """The reply to a request, after the batch that it becomes part of."""
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, future))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        return await future

    async def close(self) -> None:
        """Let go of the thread; what still waits is cancelled."""
        if self._worker is not None:
            self._worker.cancel()
        for _, future in self._waiting:
            future.cancel()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            if len(self._waiting) < self._size:
                await asyncio.sleep(self._linger)
            batch = self._next_batch()
            if not batch:
                continue
            requests = [request for request, _ in batch]
            try:
                replies = await loop.run_in_executor(self._thread, answer_each, self._run, requests)
            except BaseException as error:
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error) if isinstance(error, Exception) else future.cancel()
                if not isinstance(error, Exception):
                    raise
                continue
            for (_, future), reply in zip(batch, replies, strict=True):
                if not future.done():
                    future.set_result(reply)

    def _next_batch(self) -> list[tuple[Request, asyncio.Future[Reply]]]:
        """The longest waiting request and others of its group, in order of arrival."""
        waiting = [pair for pair in self._waiting if not pair[1].done()]  # who was cancelled has left
        batch = [pair for pair in waiting if self._group(pair[0]) == self._group(waiting[0][0])][: self._size]
        taken = {id(pair) for pair in batch}
        self._waiting = [pair for pair in waiting if id(pair) not in taken]
        return batch


def answer_each(run: Run, requests: list[Request]) -> list[Reply]:
    """Run a batch; where that fails for memory or for one bad request, halves of it, down to single requests."""
    try:
        return run(requests)
    except BackendDown:
        raise
    except (torch.OutOfMemoryError, TwistScoutError) as error:
        if len(requests) > 1:
            half = len(requests) // 2
            return answer_each(run, requests[:half]) + answer_each(run, requests[half:])
        if isinstance(error, TwistScoutError):
            return [Reply(problem=str(error))]
        return [Reply(problem="The request does not fit into the memory of the device, even alone.")]
