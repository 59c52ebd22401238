"""A real HTTP server that speaks just enough of the chat protocol, and misbehaves as it is told."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Answer:
    """What the server does with one request.

    ``hang`` keeps the line open without a word until the server is shut down; ``drop`` closes it; ``drip`` is the pause
    in seconds between single bytes of the body.
    """

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    hang: bool = False
    drop: bool = False
    drip: float = 0.0


def said(text: str | None, *, finish: str = "stop", usage: tuple[int, int] | None = (7, 3), **extra: Any) -> Answer:
    """A chat completion."""
    message = {"role": "assistant", "content": text, **extra}
    completion: dict[str, Any] = {
        "id": "x",
        "object": "chat.completion",
        "created": 0,
        "model": "m",
        "choices": [{"index": 0, "finish_reason": finish, "message": message}],
    }
    if usage is not None:
        completion["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}
    return Answer(json.dumps(completion).encode())


def failed(status: int, message: str = "", headers: dict[str, str] | None = None, **error: Any) -> Answer:
    """An error as endpoints report it."""
    body = json.dumps({"error": {"message": message, **error}}).encode() if message else b""
    return Answer(body, status, headers or {})


@dataclass
class ChatServer:
    """Answers ``POST /v1/chat/completions`` with what ``respond(number, body)`` gives, numbered from 0."""

    respond: Callable[[int, dict[str, Any]], Answer]
    url: str = ""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    closing: threading.Event = field(default_factory=threading.Event)


#: Says nothing until the server is shut down.
HANG = Answer(hang=True)


def last_text(body: dict[str, Any]) -> str:
    """The words of the last turn of a request."""
    content = body["messages"][-1]["content"]
    return content if isinstance(content, str) else content[-1]["text"]


@contextmanager
def serve(respond: Callable[[int, dict[str, Any]], Answer], models: tuple[str, ...] = ("m",)) -> Iterator[ChatServer]:
    """Run a server on a free port of this machine."""
    server = ChatServer(respond)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            return None

        def do_GET(self) -> None:
            listed = [{"id": name, "object": "model", "created": 0, "owned_by": "us"} for name in models]
            self.send(Answer(json.dumps({"object": "list", "data": listed}).encode()))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with server.lock:
                number = len(server.bodies)
                server.bodies.append(body)
                server.headers.append({name.lower(): value for name, value in self.headers.items()})
                server.times.append(time.monotonic())
                server.at_once += 1
                server.most_at_once = max(server.most_at_once, server.at_once)
            try:
                self.send(respond(number, body))
            finally:
                with server.lock:
                    server.at_once -= 1

        def send(self, answer: Answer) -> None:
            if answer.hang:
                server.closing.wait(60)
            if answer.hang or answer.drop:
                self.close_connection = True
                return
            time.sleep(answer.delay)
            try:
                self.send_response(answer.status)
                for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                    self.send_header(name, value)
                if "Content-Length" not in answer.headers:
                    self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                if not answer.drip:
                    self.wfile.write(answer.body)
                    return
                for byte in answer.body:
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                    if server.closing.wait(answer.drip):
                        return
            except OSError:
                self.close_connection = True  # the other side has given up

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 256

        def handle_error(self, *_: object) -> None:
            return None

    with Server(("127.0.0.1", 0), Handler) as http:
        server.url = f"http://127.0.0.1:{http.server_address[1]}/v1"
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            http.shutdown()
            thread.join()
