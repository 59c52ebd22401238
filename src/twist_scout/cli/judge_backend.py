"""A backend of the data engine as a judge of the evaluation."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from twist_scout.scout.backends.base import Backend, ChatMessage, Request

if TYPE_CHECKING:
    from twist_scout.evaluation.judging import JudgeReply, JudgeRequest


class BackendJudge:
    """Puts a judge's requests to a backend, many at once; to be used in a ``with`` block.

    Args:
        backend: who answers.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.run(self._backend.close())
        self._runner.close()

    @property
    def name(self) -> str:
        """Of the backend."""
        return self._backend.name

    def ask(self, requests: Sequence[JudgeRequest]) -> Iterator[JudgeReply]:
        """A reply for each request, as they come.

        Raises:
            BackendDown: no request will be answered; replies that came before have been yielded.
        """
        loop = self._runner.get_loop()
        pending = {loop.create_task(self._one(request)) for request in requests}
        try:
            while pending:
                done, pending = self._runner.run(self._some(pending))
                failed = [task for task in done if task.exception() is not None]
                for task in done.difference(failed):
                    yield task.result()
                if failed:
                    failed[0].result()
        finally:
            for task in pending:
                task.cancel()
            self._runner.run(self._settled(pending))

    async def _settled(self, tasks: set[asyncio.Task[JudgeReply]]) -> None:
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _some(
        self, pending: set[asyncio.Task[JudgeReply]]
    ) -> tuple[set[asyncio.Task[JudgeReply]], set[asyncio.Task[JudgeReply]]]:
        return await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)

    async def _one(self, request: JudgeRequest) -> JudgeReply:
        from twist_scout.evaluation.judging import JudgeReply

        reply = await self._backend.complete(
            Request(
                key=request.key,
                messages=[ChatMessage(turn["role"], turn["content"]) for turn in request.turns],  # type: ignore[arg-type]
                max_tokens=request.max_tokens,
                temperature=request.temperature,
                seed=request.seed,
            )
        )
        return JudgeReply(request.key, reply.text, reply.problem)
