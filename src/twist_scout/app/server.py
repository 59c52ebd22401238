"""Runs the page under uvicorn."""

from __future__ import annotations

import socket

import uvicorn

from twist_scout.app.app import App
from twist_scout.serving.server import url_of, uvicorn_config

#: Seconds that answers have after the signal to stop.
_GRACE = 3


def page_url(taken: socket.socket, key: str) -> str:
    """The address to open: the key behind ``#`` is never part of a request.

    Args:
        taken: where the page is served.
        key: of the page's script.
    """
    return f"{url_of(taken).removesuffix('/v1')}/#key={key}"


def make_server(served: App) -> uvicorn.Server:
    """Uvicorn around the page."""
    return uvicorn.Server(uvicorn_config(served.app, _GRACE))
