"""The page for judging, asked as a browser asks, as a stranger's page would ask, and by a real browser."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import twist_scout
from twist_scout.errors import BadInput
from twist_scout.scout.audit import Audit
from twist_scout.scout.pages.audit_server import AuditServer

from ..data_set import write_data_set
from .browser import Browser
from .test_view import ATTACKS, attacked


@pytest.fixture
def server(tmp_path: Path) -> Iterator[AuditServer]:
    write_data_set(tmp_path)
    yield from serving(tmp_path)


def serving(folder: Path) -> Iterator[AuditServer]:
    with AuditServer(Audit(folder / "train.jsonl")) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def ask(
    server: AuditServer, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    content = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
    sent = {"Content-Type": "application/json"} if content is not None else {}
    connection.request(method, path, content, {**sent, **(headers or {})})
    reply = connection.getresponse()
    result = reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read()
    connection.close()
    return result


def judge(server: AuditServer, number: Any, answer: Any) -> tuple[int, Any]:
    status, _, content = ask(server, "POST", "/judge", {"number": number, "answer": answer})
    return status, json.loads(content)


def test_a_person_judges_and_the_result_is_there(server: AuditServer) -> None:
    status, headers, page = ask(server, "GET", "/")
    assert status == 200
    assert b"IoU" in page
    assert headers["x-frame-options"] == "DENY"
    for number, answer in enumerate(("right", "wrong", "skipped", "right")):
        status, _, content = ask(server, "GET", f"/sample/{number}")
        assert json.loads(content)["answer"] is None
        assert "Step 1" in json.loads(content)["html"] or number == 3
        status, state = judge(server, number, answer)
        assert status == 200
        assert state["answers"][number] == answer
    assert state["result"]["share"] == pytest.approx(2 / 3)
    assert state["result"]["left"] == 0
    assert json.loads(ask(server, "GET", "/state")[2]) == state
    assert Audit(server.audit.file).answers == ["right", "wrong", "skipped", "right"]


def test_pictures_are_served_by_number_alone(server: AuditServer) -> None:
    status, headers, content = ask(server, "GET", "/picture/2")
    assert (status, headers["content-type"]) == (200, "image/png")
    assert content.startswith(b"\x89PNG")
    for path in ("/picture/4", "/picture/-1", "/picture/../train.jsonl", "/train.jsonl", "/picture/%2e%2e", "/picture/9999999999",
                 "//etc/passwd", "/sample/4", "/sample/"):  # fmt: skip
        assert ask(server, "GET", path)[0] == 404


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "localhost:1", ""])
def test_a_name_that_someone_points_here_gets_nothing(host: str, server: AuditServer) -> None:
    for method, path, body in (
        ("GET", "/", None),
        ("GET", "/picture/0", None),
        ("POST", "/judge", {"number": 0, "answer": "right"}),
    ):
        assert ask(server, method, path, body, {"Host": host})[0] == 403
    assert server.audit.answers == [None] * 4


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
    ],
)
def test_pages_of_others_cannot_judge(headers: dict[str, str], status: int, server: AuditServer) -> None:
    body = {"number": 0, "answer": "right"}
    assert ask(server, "POST", "/judge", body, headers)[0] == status
    assert server.audit.answers == [None] * 4
    own = {"Origin": server.url.rstrip("/")}
    assert ask(server, "POST", "/judge", body, own)[0] == 200


@pytest.mark.parametrize(
    "body",
    [
        b"", b"no json", b"[]", b"3", b"{}", b"[" * 4000, b"\xff\xfe",
        {"number": 9, "answer": "right"}, {"number": -1, "answer": "right"}, {"number": "0", "answer": "right"},
        {"number": True, "answer": "right"}, {"number": 0, "answer": "maybe"}, {"number": 0, "answer": ["right"]},
        b'{"number": 0, "answer": "right", "x": "' + b"x" * 5000 + b'"}',
    ],
)  # fmt: skip
def test_what_is_no_judgement_is_refused_and_nothing_is_written(body: Any, server: AuditServer) -> None:
    status, _, content = ask(server, "POST", "/judge", body)
    assert status == 400
    assert json.loads(content)["problem"]
    assert not server.audit.log.exists()
    assert judge(server, 0, "right")[0] == 200


def test_half_a_request_does_not_hold_up_others(server: AuditServer) -> None:
    with socket.create_connection(("127.0.0.1", server.server_port)) as slow:
        slow.sendall(b"POST /judge HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{")
        assert judge(server, 0, "right")[0] == 200


def test_a_full_disk_is_said(server: AuditServer, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("twist_scout.scout.audit._append", full)
    status, reply = judge(server, 0, "right")
    assert status == 500
    assert "No space left" in reply["problem"]
    assert server.audit.answers == [None] * 4


def test_a_port_that_is_taken_is_one_sentence(server: AuditServer) -> None:
    with pytest.raises(BadInput, match="cannot be used"):
        AuditServer(server.audit, port=server.server_port)


def test_keys_judge_in_a_real_browser_and_reloading_goes_on(server: AuditServer, browser: Browser) -> None:
    def place() -> str:
        browser.wait("document.getElementById('sample').ariaBusy === 'false'")
        return browser.run("document.getElementById('place').textContent")

    browser.open(server.url)
    assert place() == "1 of 4"
    assert browser.run("document.querySelector('.question').textContent") == "What color is the hat of the man?"
    browser.press("y")
    assert place() == "2 of 4"
    browser.press("x")  # no key of this page
    browser.press("n")
    assert place() == "3 of 4"
    browser.press("ArrowLeft")
    assert place() == "2 of 4"
    assert browser.run("document.getElementById('wrong').ariaPressed") == "true"
    browser.press("y")
    assert place() == "3 of 4"
    browser.click("#skipped")
    assert place() == "4 of 4"
    assert server.audit.answers == ["right", "right", "skipped", None]

    browser.open(server.url + "?again")
    assert place() == "4 of 4"
    browser.click("#wrong")
    assert place() == "all looked at"
    assert browser.run("document.getElementById('share').textContent") == "66.7 %"
    assert "2 of 3 judged" in browser.run("document.getElementById('interval').textContent")
    browser.click("#strip button:nth-child(1)")
    assert place() == "1 of 4"
    browser.hover(".line:nth-child(3) .number")
    assert browser.run("[...document.querySelectorAll('.box.on')].map(b => b.dataset.box)") == ["1"]
    assert browser.complaints == []


def test_a_command_that_has_gone_is_said_and_nothing_is_taken_for_saved(tmp_path: Path, browser: Browser) -> None:
    write_data_set(tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(Path(twist_scout.__file__).parents[1]), "COLUMNS": "200"}
    command = [sys.executable, "-m", "twist_scout", "scout", "audit", str(tmp_path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=environment, text=True) as process:
        assert process.stderr is not None
        address = process.stderr.readline().split()[-1]
        browser.open(address)
        browser.wait("document.getElementById('sample').ariaBusy === 'false'")
        browser.press("y")
        browser.wait("document.getElementById('place').textContent === '2 of 4'")
        process.kill()
    browser.wait("document.getElementById('sample').ariaBusy === 'false'")
    browser.press("y")
    browser.wait("!document.getElementById('problem').hidden")
    assert "Not saved" in browser.run("document.getElementById('problem').textContent")
    assert browser.run("document.getElementById('place').textContent") == "2 of 4"
    assert Audit(tmp_path / "train.jsonl").answers == ["right", None, None, None]


def test_attacks_stay_text(tmp_path: Path, browser: Browser) -> None:
    attacked(tmp_path)
    running = serving(tmp_path)
    server = next(running)
    try:
        browser.open(server.url)
        browser.wait("document.getElementById('sample').ariaBusy === 'false'")
        title = browser.run("document.title")
        for number in range(len(ATTACKS)):
            browser.hover(".phrase")
            assert browser.run("document.querySelectorAll('script').length") == 1
            assert browser.run("document.querySelectorAll('#sample a, #sample iframe, #sample script').length") == 0
            browser.press("y")
            browser.wait(f"document.getElementById('sample').dataset.number === '{number + 1}'")
            browser.wait("document.getElementById('sample').ariaBusy === 'false'")
        assert browser.run("document.title") == title
        assert all(url.startswith((server.url, "data:")) for url in browser.requests)
        assert browser.complaints == []
    finally:
        next(running, None)
