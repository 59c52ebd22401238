"""Runs the application under uvicorn, and ends it without losing what was accepted."""

from __future__ import annotations

import socket
import time
from types import FrameType
from typing import Any

import uvicorn

from twist_scout.errors import BadConfig
from twist_scout.serving.app import Service
from twist_scout.serving.logs import log

#: Seconds that connections have to close once every accepted request has its answer.
_CLOSING = 5
#: Seconds that an idle connection is kept. Longer than clients keep theirs (httpx: 5), or a request may meet one that
#: is just being closed.
_IDLE = 75
#: After more signals than this nothing is waited for.
_FORCED = 2


class DrainingServer(uvicorn.Server):
    """A server that, told to stop, finishes what it accepted.

    After the first signal new requests get 503, as ``/health`` does, and the server ends when the last accepted request has its
    answer. A second signal, or the end of the time that the limits grant, ends running answers at their next token.

    Args:
        config: of uvicorn.
        service: what is served.
    """

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self.abandoned = False
        self._service = service
        self._signals = 0
        self._deadline: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Called by Python when a signal has come; the next tick looks at it."""
        self._signals += 1

    def stop(self) -> None:
        """What a signal does."""
        self._signals += 1

    async def on_tick(self, counter: int) -> bool:
        """Called ten times a second; whether to end."""
        if self._signals:
            self._drain()
        return await super().on_tick(counter)

    def _drain(self) -> None:
        intake, now = self._service.intake, time.monotonic()
        if self._deadline is None:
            intake.draining = True
            self._deadline = now + self._service.limits.grace
            log("draining", accepted=intake.accepted, seconds=self._service.limits.grace)
        if not self.abandoned and intake.accepted and (self._signals > 1 or now >= self._deadline):
            self.abandoned = True
            self._deadline = now
            log("giving up", "warning", accepted=intake.accepted)
            self._service.worker.abandon()
        if not intake.accepted or now >= self._deadline + _CLOSING or self._signals > _FORCED:
            self.should_exit = True
            self.force_exit = self._signals > _FORCED


def bind(host: str, port: int) -> socket.socket:
    """Take an address before the model is loaded, so that a taken one shows at once.

    Args:
        host: name or address.
        port: 0 for any that is free.

    Raises:
        BadConfig: it cannot be had.
    """
    taken = None
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        taken = socket.socket(family, kind, protocol)
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(address)
    except (OSError, UnicodeError, OverflowError) as error:
        if taken is not None:
            taken.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise BadConfig(f"{host}, port {port}, cannot be served ({reason}): choose with --host and --port.") from error
    return taken


def url_of(taken: socket.socket) -> str:
    """The address that clients use as their base."""
    host, port = taken.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}/v1"


def uvicorn_config(app: Any, grace: int) -> uvicorn.Config:
    """How everything here is served.

    Args:
        app: of ASGI.
        grace: seconds that connections have to close after the signal to stop.
    """
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        lifespan="on",
        timeout_graceful_shutdown=grace,
        timeout_keep_alive=_IDLE,
    )


def make_server(service: Service) -> DrainingServer:
    """Uvicorn around a service."""
    return DrainingServer(uvicorn_config(service.app, _CLOSING), service)
