"""The page's server on a free port of this machine, and what a browser sends to it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import uvicorn

from twist_scout.app.app import App
from twist_scout.app.choices import Choice
from twist_scout.app.server import make_server, page_url
from twist_scout.serving.gate import loopback_hosts
from twist_scout.serving.limits import Limits
from twist_scout.serving.server import bind

from ..serving.running import Reply

KEY = "the-key"


@dataclass
class Page:
    """A page that is served by a thread."""

    url: str
    port: int
    app: App
    server: uvicorn.Server

    def send(
        self, path: str, body: Any = None, headers: Mapping[str, str] | None = None, key: str | None = KEY
    ) -> Reply:
        """One request; with a body it is a POST of JSON."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=120)
        own = {} if key is None else {"Authorization": f"Bearer {key}"}
        sent = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        kind = {} if body is None else {"Content-Type": "application/json"}
        try:
            connection.request("GET" if body is None else "POST", path, sent, {**own, **kind, **(headers or {})})
            answer = connection.getresponse()
            return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def events(self, body: Any, model: int = 0) -> list[dict[str, Any]]:
        """The events of a streamed answer, without the mark of its end."""
        reply = self.send(f"/api/models/{model}/chat", {**body, "stream": True})
        assert reply.status == 200, reply.body
        told = [event.removeprefix("data: ") for event in reply.body.decode().strip().split("\n\n")]
        assert told.pop() == "[DONE]"
        return [json.loads(event) for event in told]


@contextmanager
def served(choices: Sequence[Choice], limits: Limits | None = None) -> Iterator[Page]:
    """A page with models."""
    app = App(choices, KEY, device="cpu", limits=limits, hosts=loopback_hosts())
    taken = bind("127.0.0.1", 0)
    server = make_server(app)
    thread = threading.Thread(target=lambda: server.run(sockets=[taken]))
    thread.start()
    try:
        end = time.monotonic() + 60
        while not server.started:
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.005)
        yield Page(page_url(taken, KEY), taken.getsockname()[1], app, server)
    finally:
        server.should_exit = True
        thread.join(60)
        assert not thread.is_alive()


def pair(base: Path, adapter: Path) -> list[Choice]:
    """A model with its adapter, and without."""
    return [Choice("taught", str(base), str(adapter)), Choice("bare", str(base), None)]
