"""Keeps other pages, other names and other users of this machine away from the page's server.

A page of another site cannot read the key, which stands behind the ``#`` of the address and is sent as a header by our own script
alone; so it can neither ask nor post anything, and neither can somebody else who is logged in on this machine. A name of another
site that is made to point here (DNS rebinding) does not pass the check of the host.
"""

from __future__ import annotations

from collections.abc import Collection
from hmac import compare_digest

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from twist_scout.serving.errors import ApiError
from twist_scout.serving.intake import noting_the_end, throw_away

API = "/api/"
_HEADERS = {
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class Guard:
    """ASGI middleware around the application.

    Args:
        app: what is behind it.
        key: what requests of the page's script have to show.
        hosts: names that the ``Host`` header may hold; None: any.
    """

    def __init__(self, app: ASGIApp, *, key: str, hosts: Collection[str] | None) -> None:
        self._app = app
        self._key = key.encode()
        self._hosts = None if hosts is None else {host.lower() for host in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request of ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
            await send(message)

        receiving = noting_the_end(scope, receive)

        try:
            self._check(scope["path"], Headers(scope=scope))
        except ApiError as error:
            await throw_away(Request(scope, receiving))
            await JSONResponse(error.body, error.status)(scope, receiving, sending)
            return
        await self._app(scope, receiving, sending)

    def _check(self, path: str, headers: Headers) -> None:
        """Raises `ApiError`, status 403 or 401, for what does not come from the page."""
        host = headers.get("host", "").lower()
        if self._hosts is not None and _name(host) not in self._hosts:
            told = f"This page is not {_name(host)[:80]!r}: start it with --allow-host if it is."
            raise ApiError(403, told, code="wrong_host")
        origin = headers.get("origin")
        if origin is not None and origin.lower().partition("://")[2] != host:
            raise ApiError(403, "Another page may not ask this server.", code="wrong_origin")
        if path.startswith(API):
            kind, _, given = headers.get("authorization", "").partition(" ")
            if kind.lower() != "bearer" or not compare_digest(given.strip().encode(), self._key):
                told = "The key in the address is missing or old: open the address that the command printed."
                raise ApiError(401, told, code="invalid_api_key")


def _name(host: str) -> str:
    """A ``Host`` header without its port."""
    return host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
