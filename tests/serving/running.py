"""Real servers on free ports of this machine, and what is sent to them."""

from __future__ import annotations

import base64
import io
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from openai import OpenAI
from PIL import Image

from twist_scout.serving.app import Service
from twist_scout.serving.limits import Limits
from twist_scout.serving.model import RowModel
from twist_scout.serving.server import DrainingServer, bind, make_server, url_of

SECONDS = 120.0
CHAT = "/v1/chat/completions"


@dataclass
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        return self.json["error"]


@dataclass
class Running:
    """A server that runs in a thread."""

    url: str
    service: Service
    server: DrainingServer
    thread: threading.Thread
    seconds: float = field(default=SECONDS)

    @property
    def port(self) -> int:
        port = urlsplit(self.url).port
        assert port is not None
        return port

    def client(self, **options: Any) -> OpenAI:
        return OpenAI(base_url=self.url, **{"api_key": "none", "max_retries": 0, "timeout": SECONDS, **options})

    def send(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Reply:
        """One request; a body that is not bytes is sent as JSON."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=self.seconds)
        try:
            sent = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
            kind = {} if body is None else {"Content-Type": "application/json"}
            connection.request(method, path, sent, {**kind, **(headers or {})})
            answer = connection.getresponse()
            return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def post(self, body: Any, **headers: str) -> Reply:
        return self.send("POST", CHAT, body, {name.replace("_", "-"): value for name, value in headers.items()})

    def metric(self, name: str) -> float:
        lines = self.send("GET", "/metrics").body.decode().splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.partition(" ")[0].partition("{")[0] == name)

    def wait(self, condition: Callable[[], bool], seconds: float = 60.0) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.005)

    def end(self) -> None:
        if self.thread.is_alive():
            self.server.stop()
            self.thread.join(SECONDS)
            assert not self.thread.is_alive()


@contextmanager
def running(model: RowModel, limits: Limits | None = None, **options: Any) -> Iterator[Running]:
    """A server around a model."""
    service = Service(model, "tiny", limits, **options)
    taken = bind("127.0.0.1", 0)
    server = make_server(service)
    thread = threading.Thread(target=lambda: server.run(sockets=[taken]))
    thread.start()
    found = Running(url_of(taken), service, server, thread)
    try:
        found.wait(lambda: server.started)
        yield found
    finally:
        found.end()


def png(color: str | tuple[int, int, int] = "red", size: tuple[int, int] = (60, 40)) -> str:
    """A picture as a data URL."""
    file = io.BytesIO()
    Image.new("RGB", size, color).save(file, "PNG")
    return data_url(file.getvalue())


def data_url(data: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def message(text: str, picture: str | None = None) -> dict[str, Any]:
    """A user's turn."""
    parts: list[dict[str, Any]] = [{"type": "text", "text": text}]
    if picture is not None:
        parts.insert(0, {"type": "image_url", "image_url": {"url": picture}})
    return {"role": "user", "content": parts}


def ask(text: str, picture: str | None = None, **options: Any) -> dict[str, Any]:
    """The body of a request."""
    return {"model": "tiny", "messages": [message(text, picture)], **options}
