"""What HTTP sees: limits, refusals, keys, hosts, counters, clients that go away."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from PIL import Image

from twist_scout.scout.backends import ChatMessage, Request
from twist_scout.scout.backends.openai_endpoint import OpenAIEndpoint
from twist_scout.serving.gate import is_loopback, loopback_hosts
from twist_scout.serving.limits import Limits
from twist_scout.serving.logs import JsonLines
from twist_scout.serving.model import RowModel

from ..conftest import ADAPTER_ANSWER, BASE_ANSWER
from .running import CHAT, Running, ask, png, running


@pytest.fixture(scope="module")
def small(tiny: RowModel) -> Iterator[Running]:
    """A server whose limits are soon reached."""
    limits = Limits(
        body=20_000, pixels=5_000, prompt_tokens=100, new_tokens=60, default_new_tokens=60, body_seconds=0.5
    )
    with running(tiny, limits) as found:
        yield found


def raw(server: Running, sent: bytes, wait: float = 10.0) -> bytes:
    """Bytes to the socket, and all that comes back."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=wait) as line:
        line.sendall(sent)
        answer = b""
        while piece := line.recv(65536):
            answer += piece
        return answer


def test_a_request_within_the_limits_is_answered(small: Running) -> None:
    assert (
        small.post(ask("Where is it?", png(), mode="grounding")).json["choices"][0]["message"]["content"]
        == ADAPTER_ANSWER
    )


def test_a_body_that_is_too_large_is_refused_before_it_is_read(small: Running) -> None:
    head = f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
    began = time.monotonic()
    answer = raw(small, f"{head}Content-Length: 999999999\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 413")
    assert time.monotonic() - began < 5


def test_a_client_that_sends_too_much_sees_why_it_is_refused(small: Running) -> None:
    """Megabytes are still on their way when the server has decided: closing the line would lose the answer."""
    huge = b" " * 8_000_000
    for _ in range(3):
        reply = small.send("POST", CHAT, huge)
        assert (reply.status, reply.error["code"]) == (413, "request_too_large")
    with pytest.raises(openai.APIStatusError) as caught:
        small.client().chat.completions.create(**ask("x" * 3_000_000))
    assert caught.value.status_code == 413


def test_a_body_that_grows_beyond_the_limit_is_refused_too(small: Running) -> None:
    """Without a length, in pieces."""
    head = (
        f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
    )
    piece = b"2000\r\n" + b" " * 0x2000 + b"\r\n"
    assert raw(small, head.encode() + b"Connection: close\r\n\r\n" + 9 * piece + b"0\r\n\r\n").startswith(
        b"HTTP/1.1 413"
    )


def test_a_body_that_does_not_come_is_not_waited_for(small: Running) -> None:
    head = f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
    began = time.monotonic()
    assert raw(small, head.encode() + b"{").startswith(b"HTTP/1.1 408")
    assert time.monotonic() - began < 4


def test_pixels_and_tokens_are_limited(small: Running) -> None:
    cases = [
        (ask("x", png(size=(100, 51))), "100 x 51"),
        (ask("x" * 101), "tokens"),
        (ask("x" * 92, png()), "room for 100"),  # only with its picture too long
        (ask("x", max_tokens=61), "at most 60 tokens"),
    ]
    for body, words in cases:
        reply = small.post(body)
        assert reply.status == 400
        assert words in reply.error["message"]


def test_other_content_types_and_paths_are_refused_in_the_same_form(small: Running) -> None:
    reply = small.post(b"{}", Content_Type="text/plain")
    assert (reply.status, reply.error["code"]) == (415, "unsupported_media_type")
    for method, path, status in (("GET", "/v1/nothing", 404), ("GET", CHAT, 405), ("DELETE", "/health", 405)):
        reply = small.send(method, path)
        assert reply.status == status
        assert "/v1/chat/completions" in reply.error["message"]


def test_the_queue_is_limited_and_tells_when_to_come_again(babbler: RowModel) -> None:
    with running(babbler, Limits(batch=1, queue=2)) as server:
        body = ask("abc", max_tokens=400)
        waiting = [threading.Thread(target=server.post, args=(body,)) for _ in range(2)]
        for thread in waiting:
            thread.start()
        server.wait(lambda: server.service.intake.accepted == 2)
        reply = server.post(body)
        assert (reply.status, reply.error["type"]) == (429, "rate_limit_error")
        assert 1 <= int(reply.headers["retry-after"]) <= 60
        assert server.send("GET", "/health").json["accepted"] == 2
        for thread in waiting:
            thread.join()
        assert server.post(ask("abc", max_tokens=2)).status == 200


def test_clients_that_try_again_all_get_their_answers_from_a_short_queue(tiny: RowModel) -> None:
    with running(tiny, Limits(queue=2)) as server:
        client = server.client(max_retries=10)
        said: list[Any] = []

        def one() -> None:
            said.append(client.chat.completions.create(**ask("What is it?", png())).choices[0].message.content)

        threads = [threading.Thread(target=one) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert said == [BASE_ANSWER] * 6


def test_all_bodies_together_are_limited(tiny: RowModel) -> None:
    limits = Limits(body=2_000)
    with running(tiny, limits) as server:
        server.service.intake._held = limits.held_bytes - 100
        assert server.post(ask("x" * 300)).status == 429
        server.service.intake._held = 0
        assert server.post(ask("x" * 300)).status == 200


def test_a_key_is_asked_for_where_there_is_one(tiny: RowModel) -> None:
    with running(tiny, key="s3cret-é") as server:
        for headers in (
            {},
            {"Authorization": "Bearer wrong"},
            {"Authorization": "s3cret"},
            {"Authorization": "Basic s3cret"},
        ):
            reply = server.send("POST", CHAT, ask("x"), headers)
            assert (reply.status, reply.error["code"]) == (401, "invalid_api_key")
        assert server.send("GET", "/v1/models").status == 401
        assert server.send("GET", "/health").status == 200
        with pytest.raises(openai.AuthenticationError):
            server.client(api_key="wrong").models.list()
    with running(tiny, key="s3cret") as server:
        reply = server.client(api_key="s3cret").chat.completions.create(**ask("What is it?", png()))
        assert reply.choices[0].message.content == BASE_ANSWER


def test_a_page_that_points_its_name_to_this_machine_gets_nothing(tiny: RowModel) -> None:
    with running(tiny, hosts=loopback_hosts(["gpu.lan"])) as server:
        for host in ("evil.example", "evil.example:8000", "localhost.evil.example", "", "[::2]"):
            assert server.send("GET", "/v1/models", headers={"Host": host}).error["code"] == "wrong_host"
        for host in ("localhost", "LOCALHOST:1", "127.0.0.1:80", "[::1]:8000", "gpu.lan"):
            assert server.send("GET", "/v1/models", headers={"Host": host}).status == 200


def test_which_addresses_are_this_machine_alone() -> None:
    assert all(map(is_loopback, ("localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "10.0.0.1", "example.com", "")))


def test_files_are_opened_below_the_root_only(tiny: RowModel, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    Image.new("RGB", (50, 20), "red").save(root / "a.png")
    Image.new("RGB", (50, 20), "red").save(tmp_path / "b.png")
    with running(tiny, image_root=root) as server:
        told = server.post(ask("x", "a.png", mode="grounding")).json["choices"][0]["grounding"]
        assert (told["width"], told["phrases"][0]["boxes"]) == (50, [[5.0, 4.0, 25.0, 16.0]])
        for name in ("../b.png", str(tmp_path / "b.png"), "missing.png"):
            assert server.post(ask("x", name)).error["code"] == "invalid_image"


def test_a_client_that_goes_away_frees_the_model(babbler: RowModel) -> None:
    with running(babbler, Limits(wait=0)) as server:
        body = json.dumps(ask("abc", max_tokens=480)).encode()
        head = f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        with socket.create_connection(("127.0.0.1", server.port)) as line:
            line.sendall(head.encode() + body)
            server.wait(lambda: server.service.worker.running == 1)
        server.wait(lambda: server.service.intake.accepted == 0 and server.service.worker.running == 0)
        stream = server.client().chat.completions.create(**ask("abc", max_tokens=480, stream=True))
        next(iter(stream))
        stream.close()
        server.wait(lambda: server.service.intake.accepted == 0 and server.service.worker.running == 0)
        assert server.metric("twist_scout_tokens_total") == 0, "neither was finished"
        assert server.post(ask("abc", max_tokens=3)).status == 200


def test_half_a_request_and_nonsense_do_no_harm(server: Running) -> None:
    for sent in (b"", b"GET", b"\x16\x03\x01", b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 50\r\n\r\n{"):
        with socket.create_connection(("127.0.0.1", server.port)) as line:
            line.sendall(sent)
    server.wait(lambda: server.service.intake.accepted == 0)
    assert server.post(ask("What is it?", png())).status == 200


@pytest.fixture
def logged() -> Iterator[list[logging.LogRecord]]:
    """What the server logs."""
    records: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = records.append  # type: ignore[method-assign]
    logger = logging.getLogger("twist_scout.serving")
    before = logger.handlers[:], logger.level
    logger.handlers[:] = [handler]
    logger.setLevel(logging.INFO)
    yield records
    logger.handlers[:], logger.level = before


def test_requests_are_counted_and_logged_without_what_was_said(tiny: RowModel, logged: list[logging.LogRecord]) -> None:
    with running(tiny) as server:
        replies = [server.post(ask("Secret words?", png(), mode="grounding", user="somebody")) for _ in range(2)]
        server.post(b"{")
        server.send("GET", "/health")
        assert server.metric("twist_scout_requests_total") == 3
        usage = replies[0].json["usage"]
        assert server.metric("twist_scout_tokens_total") == 2 * usage["total_tokens"]
        assert server.metric("twist_scout_accepted") == server.metric("twist_scout_waiting_rows") == 0
    lines = [json.loads(JsonLines().format(record)) for record in logged]
    requests = [line for line in lines if line["event"] == "request"]
    assert [line["status"] for line in requests] == [200, 200, 400]
    first = requests[0]
    assert (first["mode"], first["finish"], first["rows"], first["stream"]) == ("grounding", "stop", 1, False)
    assert first["id"] == replies[0].json["id"]
    assert first["request"] == replies[0].headers["x-request-id"]
    assert first["completion_tokens"] == usage["completion_tokens"]
    assert requests[2]["error"] == "invalid_json"
    assert "Secret" not in json.dumps(lines)
    assert "Find" not in json.dumps(lines)


def test_the_projects_own_client_is_served(server: Running, tmp_path: Path) -> None:
    Image.new("RGB", (50, 20), "red").save(tmp_path / "a.png")

    async def run() -> Any:
        endpoint = OpenAIEndpoint("tiny:grounding", server.url)
        try:
            return await endpoint.complete(Request("k", [ChatMessage("user", "Where?")], image=tmp_path / "a.png"))
        finally:
            await endpoint.close()

    reply = asyncio.run(run())
    assert (reply.text, reply.problem) == (ADAPTER_ANSWER, None)
