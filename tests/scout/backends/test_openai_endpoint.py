from __future__ import annotations

import asyncio
import base64
import io
import json
import logging
import socket
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from twist_scout.boxes.box import Box
from twist_scout.boxes.dialects import dialect_frame
from twist_scout.boxes.frame import SmartResized, Stretched
from twist_scout.data.records import resolve_frame
from twist_scout.errors import BadConfig
from twist_scout.scout.backends import BackendDown, ChatMessage, Reply, Request
from twist_scout.scout.backends.openai_endpoint import OpenAIEndpoint
from twist_scout.scout.backends.retrying import Retries

from ..serving import Answer, ChatServer, failed, said, serve

QUICK = Retries(tries=4, first=0.01, longest=0.05)


def request(text: str = "Where?", **options: Any) -> Request:
    return Request("item/0", [ChatMessage("user", text)], **options)


def ask(server: ChatServer, *requests: Request, **options: Any) -> list[Reply]:
    """Send requests at once through a fresh endpoint."""

    async def run() -> list[Reply]:
        endpoint = OpenAIEndpoint("m", server.url, **{"retries": QUICK, **options})
        try:
            return await asyncio.gather(*(endpoint.complete(r) for r in requests or [request()]))
        finally:
            await endpoint.close()

    return asyncio.run(run())


def test_the_protocol_is_spoken() -> None:
    with serve(lambda n, body: said(" there ", finish="length")) as server:
        messages = [ChatMessage("system", "Be brief."), ChatMessage("user", "Where?")]
        (reply,) = ask(server, Request("k", messages, max_tokens=9, stop=("\n",), temperature=0.5, seed=3))
    assert reply == Reply(" there ", "length", 7, 3)
    assert server.bodies == [
        {
            "model": "m",
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Where?"}],
            "max_tokens": 9,
            "temperature": 0.5,
            "seed": 3,
            "stop": ["\n"],
        }
    ]


def test_a_greedy_request_sends_no_seed() -> None:
    with serve(lambda n, body: said("x")) as server:
        ask(server, request(seed=5))
    assert "seed" not in server.bodies[0]


def test_the_picture_stands_in_the_last_user_turn_shrunk_and_without_its_past(tmp_path: Path) -> None:
    picture = Image.new("RGB", (64, 32), (10, 200, 30))
    exif = picture.getexif()
    exif[0x0112] = 6  # lies on its side
    exif[0x010F] = "SECRET CAMERA"
    picture.save(tmp_path / "a.jpg", exif=exif, quality=95)
    turns = [ChatMessage("user", "an example"), ChatMessage("assistant", "yes"), ChatMessage("user", "Where?")]
    with serve(lambda n, body: said("x")) as server:
        ask(server, Request("k", turns, image=tmp_path / "a.jpg"), longest_side=32)
    first, _, last = server.bodies[0]["messages"]
    assert first["content"] == "an example"
    image, text = last["content"]
    assert text == {"type": "text", "text": "Where?"}
    header, _, data = image["image_url"]["url"].partition(",")
    assert header == "data:image/jpeg;base64"
    raw = base64.b64decode(data)
    sent = Image.open(io.BytesIO(raw))
    assert sent.size == (16, 32)  # upright, its longer side 32
    assert b"SECRET" not in raw
    assert all(abs(a - b) < 12 for a, b in zip(sent.getpixel((8, 16)), (10, 200, 30), strict=True))


def test_the_frame_is_that_of_the_picture_that_is_sent() -> None:
    endpoint = OpenAIEndpoint("m", "http://localhost:1/v1", frame="smart_resized", longest_side=280)
    assert resolve_frame(endpoint.frame or "", 560, 280) == SmartResized(280, 140)
    whole = OpenAIEndpoint("m", "http://localhost:1/v1", frame="smart_resized")
    assert resolve_frame(whole.frame or "", 560, 280) == SmartResized(560, 280)
    assert OpenAIEndpoint("m", "http://localhost:1/v1", longest_side=280).frame is None


@pytest.mark.parametrize(
    ("dialect", "side"), [("llava", None), ("qwen2.5-vl", None), ("qwen2.5-vl", 280), ("pixels", 280)]
)
def test_without_a_frame_a_picture_is_seen_as_models_of_the_dialect_see_it(dialect: str, side: int | None) -> None:
    endpoint = OpenAIEndpoint("m", "http://localhost:1/v1", dialect=dialect, longest_side=side)
    sent = (560, 280) if side is None else (280, 140)
    seen = resolve_frame(endpoint.frame or "", 560, 280)
    family = dialect_frame(dialect, width=sent[0], height=sent[1])
    assert seen.to_original(Box(0.1, 0.4, 0.5, 0.6)) == family.to_original(Box(0.1, 0.4, 0.5, 0.6))
    assert seen.model_size == (family.model_size or sent)
    said = OpenAIEndpoint("m", "http://localhost:1/v1", dialect=dialect, frame="stretched", longest_side=side)
    assert resolve_frame(said.frame or "", 560, 280) == Stretched(sent)


def test_a_dialect_or_frame_that_there_is_not_is_said_at_once() -> None:
    for options in ({"dialect": "klingon"}, {"frame": "upside_down"}):
        with pytest.raises(BadConfig, match="choose one of"):
            OpenAIEndpoint("m", "http://localhost:1/v1", **options)


@pytest.mark.parametrize("content", [None, b"", b"no picture at all"], ids=["missing", "empty", "text"])
def test_a_picture_that_cannot_be_read_costs_one_reply_and_no_request(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "a.jpg").write_bytes(content)
    with serve(lambda n, body: said("x")) as server:
        bad, good = ask(server, request(image=tmp_path / "a.jpg"), request())
    assert bad.problem is not None
    assert "a.jpg" in bad.problem
    assert good.text == "x"
    assert len(server.bodies) == 1


HALF = said("x").body[:-20]
PASSING = {
    "429": failed(429, "slow down"),
    "500": failed(500, "oops"),
    "500 without a body": failed(500),
    "502 as a page": Answer(b"<html>bad gateway</html>", 502, {"Content-Type": "text/html"}),
    "half JSON": Answer(HALF),
    "half of what was promised": Answer(HALF, headers={"Content-Length": "100000"}),
    "empty": Answer(b""),
    "a page": Answer(b"<html>hello</html>", headers={"Content-Type": "text/html"}),
    "JSON of something else": Answer(b'{"hello": 1}'),
    "a list": Answer(b"[1, 2]"),
    "null": Answer(b"null"),
    "no choices": Answer(b'{"id": "x", "object": "chat.completion", "choices": []}'),
    "choices that are none": Answer(b'{"id": "x", "choices": [7]}'),
    "closed line": Answer(drop=True),
    "silence": Answer(hang=True),
    "a drip": Answer(said("x").body, drip=0.1),
}


@pytest.mark.parametrize("trouble", PASSING.values(), ids=PASSING)
def test_what_passes_is_tried_again(trouble: Answer) -> None:
    with serve(lambda n, body: trouble if n < 2 else said("there")) as server:
        (reply,) = ask(server, timeout=0.25)
        assert len(server.bodies) == 3
    assert reply.text == "there"
    assert reply.problem is None


@pytest.mark.parametrize("trouble", PASSING.values(), ids=PASSING)
def test_what_does_not_pass_is_a_problem_in_words(trouble: Answer) -> None:
    with serve(lambda n, body: said("fine") if n == 0 else trouble) as server:

        async def run() -> list[Reply]:
            endpoint = OpenAIEndpoint("m", server.url, retries=Retries(3, 0.01, 0.02), timeout=0.2)
            try:
                return [await endpoint.complete(request()) for _ in range(2)]
            finally:
                await endpoint.close()

        first, second = asyncio.run(run())
        assert len(server.bodies) == 4
    assert first.text == "fine"
    assert second.text == ""
    assert second.problem is not None
    assert second.problem.endswith("(tried 3 times).")
    assert "\n" not in second.problem
    assert len(second.problem) < 260


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_bad_request_is_not_tried_again(status: int) -> None:
    with serve(lambda n, body: failed(status, "too many tokens: 9999")) as server:
        (reply,) = ask(server)
    assert reply.problem == f"the endpoint says {status}: too many tokens: 9999."
    assert len(server.bodies) == 1


def test_the_other_name_of_the_token_limit_is_learned_once() -> None:
    def respond(n: int, body: dict[str, Any]) -> Answer:
        if "max_tokens" in body:
            return failed(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.")
        return said("x")

    with serve(respond) as server:

        async def run() -> list[Reply]:
            endpoint = OpenAIEndpoint("m", server.url, retries=QUICK)
            replies = [await endpoint.complete(request(max_tokens=11)) for _ in range(3)]
            await endpoint.close()
            return replies

        replies = asyncio.run(run())
    assert [reply.text for reply in replies] == ["x"] * 3
    assert len(server.bodies) == 4
    assert server.bodies[-1]["max_completion_tokens"] == 11


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (failed(401, "Incorrect API key provided: sk-secret-key"), "check the key"),
        (failed(403, "not yours"), "check the key"),
        (failed(404, "no such model"), "it has small, large"),
        (failed(429, "You exceeded your quota", code="insufficient_quota"), "no quota left"),
        (failed(405, "what"), "check the address"),
    ],
    ids=["401", "403", "404", "quota", "405"],
)
def test_what_no_request_will_survive_ends_the_run(
    answer: Answer, words: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-key")
    with (
        caplog.at_level(logging.DEBUG),
        serve(lambda n, body: answer, models=("small", "large")) as server,
        pytest.raises(BackendDown, match=words) as caught,
    ):
        ask(server)
    assert len(server.bodies) == 1
    assert str(caught.value).startswith(f"openai:m@{server.url} does not work: ")
    assert "sk-secret-key" not in str(caught.value)
    assert "sk-secret-key" not in caplog.text
    assert server.headers[0]["authorization"] == "Bearer sk-secret-key"


def test_a_moderated_request_does_not_end_a_run_that_works() -> None:
    with serve(lambda n, body: said("x") if n == 0 else failed(403, "flagged")) as server:

        async def run() -> list[Reply]:
            endpoint = OpenAIEndpoint("m", server.url, retries=QUICK)
            replies = [await endpoint.complete(request()) for _ in range(2)]
            await endpoint.close()
            return replies

        first, second = asyncio.run(run())
    assert first.text == "x"
    assert second.problem == "the endpoint says 403: flagged."


@pytest.mark.parametrize("header", [{"Retry-After": "1"}, {"retry-after-ms": "600"}])
def test_a_server_that_asks_for_time_gets_it_from_all(header: dict[str, str]) -> None:
    with serve(lambda n, body: failed(429, "busy", header) if n == 0 else said("x")) as server:
        replies = ask(server, *[request(str(i)) for i in range(4)], concurrency=1)
    assert [reply.text for reply in replies] == ["x"] * 4
    gap = server.times[1] - server.times[0]
    assert 0.55 <= gap < 2.0


def test_nobody_waits_for_a_day() -> None:
    with serve(lambda n, body: said("x") if n == 0 else failed(429, "tomorrow", {"Retry-After": "86400"})) as server:
        started = time.monotonic()
        replies = ask(server, request("a"), request("b"), concurrency=1)
    assert time.monotonic() - started < 5
    assert sum(reply.problem is not None for reply in replies) == 1


def test_a_server_that_is_not_there_is_told_at_once() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    with pytest.raises(BackendDown, match="is the server running"):
        ask(ChatServer(lambda n, body: said("x"), url))


def test_a_server_that_goes_away_ends_the_run_after_a_while() -> None:
    with (
        serve(lambda n, body: said("x") if n == 0 else failed(503, "gone")) as server,
        pytest.raises(BackendDown, match="5 requests in a row failed in all tries; last, the endpoint says 503: gone"),
    ):
        ask(server, *[request(str(i)) for i in range(9)], concurrency=1, give_up_after=5)
    assert len(server.bodies) <= 1 + 8 * QUICK.tries


def test_at_most_so_many_requests_are_under_way() -> None:
    with serve(lambda n, body: Answer(said("x").body, delay=0.05)) as server:
        ask(server, *[request(str(i)) for i in range(12)], concurrency=3)
    assert server.most_at_once == 3


def test_requests_per_minute_are_kept() -> None:
    with serve(lambda n, body: said("x")) as server:
        ask(server, *[request(str(i)) for i in range(12)], requests_per_minute=120)  # 2 a second after a burst of 10
    assert server.times[9] - server.times[0] < 0.9
    assert server.times[11] - server.times[0] >= 0.9


def test_tokens_are_guessed_where_nobody_counts_them() -> None:
    with serve(lambda n, body: said("y" * 40, usage=None)) as server:
        (reply,) = ask(server, request("x" * 400))
    assert (reply.prompt_tokens, reply.completion_tokens) == (100, 10)


def test_words_that_are_withheld_are_a_problem_and_no_words_are_a_reply() -> None:
    answers = [said("", finish="content_filter"), said(None, refusal="I will not."), said(None), said("")]
    with serve(lambda n, body: answers[int(body["messages"][0]["content"])]) as server:
        filtered, refused, nothing, empty = ask(server, *[request(str(i)) for i in range(4)])
    assert filtered.problem == "The endpoint's content filter withheld the reply."
    assert refused.problem == "The model refused: I will not."
    assert nothing == empty == Reply("", "stop", 7, 3)


def test_any_text_survives() -> None:
    text = 'Где 猫? \U0001f600 \u202e [[1,2,3,4]] "quoted" \\ \n\t' + "long " * 20_000
    with serve(lambda n, body: said(body["messages"][0]["content"])) as server:
        (reply,) = ask(server, request(text))
    assert reply.text == text


@pytest.mark.parametrize(
    ("url", "becomes"),
    [
        ("http://localhost:8000", "http://localhost:8000/v1"),
        ("http://localhost:8000/", "http://localhost:8000/v1"),
        ("https://host/api/v3/", "https://host/api/v3"),
    ],
)
def test_the_address_is_completed(url: str, becomes: str) -> None:
    assert OpenAIEndpoint("m", url).name == f"openai:m@{becomes}"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://host/v1", "not the address"),
        ("http://", "not the address"),
        ("http://host:99999999/v1", "not the address"),
        ("http://me:secret@host/v1", "user name or password"),
    ],
)
def test_an_address_that_will_not_do_is_refused(url: str, words: str) -> None:
    with pytest.raises(BadConfig, match=words) as caught:
        OpenAIEndpoint("m", url)
    assert "secret" not in str(caught.value)


def test_a_hosted_model_needs_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(BadConfig, match="set the environment variable MY_KEY"):
        OpenAIEndpoint("m", key_variable="MY_KEY")


def test_without_the_client_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(BadConfig, match=r"pip install 'twist-scout\[scout\]'"):
        OpenAIEndpoint("m", "http://localhost:1/v1")


def test_the_name_is_json_ready() -> None:
    assert json.loads(json.dumps(OpenAIEndpoint("owner/m", "http://localhost:1").name)).startswith("openai:owner/m@")
