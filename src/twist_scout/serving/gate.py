"""What every request passes: an id, the host it was sent to, the key, the queue; and a log line at its end."""

from __future__ import annotations

import ipaddress
import secrets
import time
from collections.abc import Collection
from hmac import compare_digest
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from twist_scout.serving.errors import ApiError, bad
from twist_scout.serving.intake import BODY_READ, Intake, noting_the_end, throw_away
from twist_scout.serving.logs import log
from twist_scout.serving.metrics import Metrics

FACTS = "twist_scout.facts"
CHAT = "/v1/chat/completions"
_QUIET = ("/health", "/metrics")


class Gate:
    """ASGI middleware around the whole server.

    Args:
        app: what is behind it.
        intake: places for requests.
        metrics: where requests are counted.
        key: what clients of ``/v1`` have to show; None: nothing.
        hosts: names that the ``Host`` header may hold; None: any. On a loopback address this keeps web pages out that make a
            name of their own point to it.
    """

    def __init__(
        self, app: ASGIApp, *, intake: Intake, metrics: Metrics, key: str | None, hosts: Collection[str] | None
    ) -> None:
        self._app = app
        self._intake = intake
        self._metrics = metrics
        self._key = None if key is None else key.encode()
        self._hosts = None if hosts is None else {host.lower() for host in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request of ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        facts: dict[str, Any] = {"arrived": time.monotonic(), "status": 499}
        scope[FACTS] = facts
        name = f"req_{secrets.token_hex(8)}"

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                facts["status"] = message["status"]
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = name
                headers["x-content-type-options"] = "nosniff"
                unread = scope["method"] == "POST" and BODY_READ not in scope
                if unread or self._intake.draining:
                    headers["connection"] = "close"
            await send(message)

        receiving = noting_the_end(scope, receive)

        try:
            await self._admitted(scope, receiving, sending)
        finally:
            self._log(scope, facts, name)

    async def _admitted(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            self._check(request)
            if scope["path"] == CHAT and scope["method"] == "POST":
                with self._intake.place():
                    await self._app(scope, receive, send)
                return
        except ApiError as error:
            scope[FACTS]["error"] = error.code
            await throw_away(request)
            await JSONResponse(error.body, error.status, error.headers)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _check(self, request: Request) -> None:
        if self._hosts is not None:
            host = request.headers.get("host", "").lower()
            name = host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
            if name not in self._hosts:
                raise bad(f"This server is not {name[:80]!r}: start it with --allow-host if it is.", code="wrong_host")
        if self._key is not None and request.scope["path"].startswith("/v1"):
            given = request.headers.get("authorization", "")
            kind, _, key = given.partition(" ")
            if kind.lower() != "bearer" or not compare_digest(key.strip().encode(), self._key):
                raise ApiError(401, "The API key is missing or wrong.", code="invalid_api_key")

    def _log(self, scope: Scope, facts: dict[str, Any], name: str) -> None:
        seconds = time.monotonic() - facts.pop("arrived")
        status = facts["status"]
        if scope["path"] == CHAT:
            self._metrics.requests.labels(str(status), facts.get("mode", "")).inc()
            self._metrics.took.observe(seconds)
        elif scope["path"] in _QUIET and status < 400:
            return
        client = scope.get("client") or ("", 0)
        head = {"request": name, "method": scope["method"], "path": scope["path"][:200], "client": client[0]}
        log("request", "error" if status >= 500 else "info", **head, **facts, ms=round(1000 * seconds, 1))


def is_loopback(host: str) -> bool:
    """Whether an address is this machine alone."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def loopback_hosts(more: Collection[str] = ()) -> set[str]:
    """Names by which a server on a loopback address is called."""
    return {"localhost", "127.0.0.1", "[::1]", *more}
