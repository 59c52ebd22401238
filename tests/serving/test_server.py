"""The end of a server."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from twist_scout.errors import BadConfig
from twist_scout.serving.limits import Limits
from twist_scout.serving.model import RowModel
from twist_scout.serving.server import bind, url_of

from .running import Reply, Running, ask, running


def start(server: Running, pool: ThreadPoolExecutor, count: int, **options: object) -> list:
    """Requests that are accepted."""
    begun = [pool.submit(server.post, ask(f"abc{n}", **options)) for n in range(count)]
    server.wait(lambda: server.service.intake.accepted == count)
    return begun


def test_what_was_accepted_is_answered_and_what_comes_later_is_told(babbler: RowModel) -> None:
    with running(babbler, Limits(batch=2)) as server, ThreadPoolExecutor(8) as pool:
        begun = start(server, pool, 6, max_tokens=300)
        server.server.stop()
        server.wait(lambda: server.service.intake.draining)
        late = server.post(ask("x"))
        assert (late.status, late.error["code"], late.headers["connection"]) == (503, "shutting_down", "close")
        assert int(late.headers["retry-after"]) > 0
        health = server.send("GET", "/health")
        assert (health.status, health.json["status"]) == (503, "draining")
        assert [one.result().status for one in begun] == [200] * 6
        assert all(len(one.result().json["choices"][0]["message"]["content"]) > 50 for one in begun)
        server.thread.join(30)
        assert not server.thread.is_alive()
        assert not server.server.abandoned
        assert not server.service.worker.alive
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", server.port), timeout=5).close()


def test_a_stream_is_finished_too(babbler: RowModel) -> None:
    with running(babbler) as server:
        stream = server.client().chat.completions.create(**ask("abc", max_tokens=200, stream=True))
        next(iter(stream))
        server.server.stop()
        *_, last = stream
        assert last.choices[0].finish_reason == "length"


def test_a_second_signal_ends_what_runs(babbler: RowModel) -> None:
    with running(babbler, Limits(batch=1)) as server, ThreadPoolExecutor(8) as pool:
        begun = start(server, pool, 6, max_tokens=480)
        server.server.stop()
        server.wait(lambda: server.service.intake.draining)
        server.server.stop()
        replies: list[Reply] = [one.result() for one in begun]
        assert {reply.status for reply in replies} <= {200, 503}
        assert replies[-1].status == 503
        server.thread.join(30)
        assert server.server.abandoned


def test_the_grace_has_an_end(babbler: RowModel) -> None:
    with running(babbler, Limits(batch=1, grace=0.2)) as server, ThreadPoolExecutor(8) as pool:
        begun = start(server, pool, 6, max_tokens=480)
        began = time.monotonic()
        server.end()
        assert time.monotonic() - began < 20
        assert server.server.abandoned
        assert begun[-1].result().status == 503


def test_an_idle_server_ends_at_once_also_with_open_lines(tiny: RowModel) -> None:
    with running(tiny) as server, socket.create_connection(("127.0.0.1", server.port)):
        began = time.monotonic()
        server.end()
        assert time.monotonic() - began < 5


def test_a_taken_address_is_said_at_once() -> None:
    with bind("127.0.0.1", 0) as taken:
        taken.listen()
        with pytest.raises(BadConfig, match="--port"):
            bind("127.0.0.1", taken.getsockname()[1]).close()
    for host in ("no such host", "203.0.113.1"):
        with pytest.raises(BadConfig, match="--host"):
            bind(host, 0)


def test_the_address_is_told_as_clients_write_it() -> None:
    with bind("127.0.0.1", 0) as taken:
        assert url_of(taken) == f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
    if socket.has_ipv6:
        try:
            taken = bind("::1", 0)
        except BadConfig:
            pytest.skip("no IPv6 here")
        with taken:
            assert url_of(taken).startswith("http://[::1]:")


def test_no_thread_stays(tiny: RowModel) -> None:
    before = set(threading.enumerate())  # servers of other tests may be open
    with running(tiny):
        pass
    names = {thread.name for thread in set(threading.enumerate()) - before}
    assert not {name for name in names if name == "model" or name.startswith("reading")}
