from __future__ import annotations

import asyncio
import threading
import time

import pytest
import torch

from twist_scout.errors import BadImage
from twist_scout.scout.backends import BackendDown, ChatMessage, Reply, Request
from twist_scout.scout.backends.batching import Batcher


def asked(text: str, **options) -> Request:
    return Request(text, [ChatMessage("user", text)], **options)


def run_all(batcher: Batcher, requests: list[Request]) -> list[Reply | BaseException]:
    async def run() -> list[Reply | BaseException]:
        try:
            return await asyncio.gather(*(batcher.complete(r) for r in requests), return_exceptions=True)
        finally:
            await batcher.close()

    return asyncio.run(run())


def test_each_gets_its_own_reply_and_batches_are_full() -> None:
    sizes, at_once, most = [], 0, 0

    def model(requests: list[Request]) -> list[Reply]:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        sizes.append(len(requests))
        time.sleep(0.01)
        at_once -= 1
        return [Reply(request.key.upper()) for request in requests]

    replies = run_all(Batcher(model, 4), [asked(f"r{i}") for i in range(10)])
    assert replies == [Reply(f"R{i}") for i in range(10)]
    assert sizes == [4, 4, 2]
    assert most == 1


def test_a_batch_holds_one_group_and_nobody_starves() -> None:
    batches = []

    def model(requests: list[Request]) -> list[Reply]:
        batches.append([request.key for request in requests])
        return [Reply(request.key) for request in requests]

    requests = [asked(f"{i}", temperature=float(i % 2)) for i in range(6)]
    replies = run_all(Batcher(model, 8, group=lambda request: request.temperature), requests)
    assert replies == [Reply(f"{i}") for i in range(6)]
    assert batches == [["0", "2", "4"], ["1", "3", "5"]]


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("CUDA out of memory"), BadImage("3.jpg is damaged.")])
def test_what_fails_alone_costs_nobody_else(error: Exception) -> None:
    def model(requests: list[Request]) -> list[Reply]:
        if any(request.key == "3" for request in requests):
            raise error
        return [Reply(request.key) for request in requests]

    replies = run_all(Batcher(model, 8), [asked(str(i)) for i in range(8)])
    problem = replies.pop(3)
    assert isinstance(problem, Reply)
    assert problem.problem
    assert "memory" in problem.problem or "3.jpg" in problem.problem
    assert [reply.text for reply in replies if isinstance(reply, Reply)] == list("0124567")


@pytest.mark.parametrize("error", [BackendDown("gone"), RuntimeError("a fault")])
def test_what_concerns_all_reaches_all(error: Exception) -> None:
    def model(requests: list[Request]) -> list[Reply]:
        raise error

    assert run_all(Batcher(model, 2), [asked(str(i)) for i in range(3)]) == [error] * 3


def test_who_gave_up_is_not_worked_for() -> None:
    seen, go = [], threading.Event()

    def model(requests: list[Request]) -> list[Reply]:
        seen.extend(request.key for request in requests)
        go.wait(5)
        return [Reply(request.key) for request in requests]

    async def run() -> None:
        batcher = Batcher(model, 1)
        tasks = [asyncio.create_task(batcher.complete(asked(str(i)))) for i in range(3)]
        await asyncio.sleep(0.05)
        tasks[1].cancel()
        go.set()
        assert (await tasks[2]).text == "2"
        assert (await tasks[0]).text == "0"
        await batcher.close()

    asyncio.run(run())
    assert seen == ["0", "2"]
