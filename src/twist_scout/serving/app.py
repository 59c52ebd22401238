"""The server as an ASGI application."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from twist_scout.serving.chat import ChatService
from twist_scout.serving.errors import ApiError
from twist_scout.serving.gate import CHAT, FACTS, Gate
from twist_scout.serving.intake import Intake, throw_away
from twist_scout.serving.limits import Limits
from twist_scout.serving.metrics import CONTENT_TYPE, Metrics
from twist_scout.serving.model import RowModel
from twist_scout.serving.pictures import PictureReader
from twist_scout.serving.reader import Reader
from twist_scout.serving.worker import Worker


class Service:
    """A model behind an application, with everything between them.

    Args:
        model: what answers.
        name: under which clients ask for it.
        limits: how much is taken on.
        image_root: folder below which requests may name picture files; None: none may.
        key: what clients have to show; None: nothing.
        hosts: what the ``Host`` header may hold; None: anything.

    Attributes:
        app: the ASGI application. While it runs, the model's thread does.

    Raises:
        BadConfig: the router knows modes that the model has no adapter for, or the image root is no folder.
    """

    def __init__(
        self,
        model: RowModel,
        name: str,
        limits: Limits | None = None,
        *,
        image_root: Path | None = None,
        key: str | None = None,
        hosts: Collection[str] | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self.name = name
        self.metrics = Metrics()
        self.worker = Worker(model, self.limits, self.metrics)
        self.intake = Intake(self.limits, self.worker.seconds_for)
        pictures = PictureReader(image_root, largest=self.limits.pixels, most_bytes=self.limits.body)
        self.reader = Reader(model, name, self.limits, pictures)
        self.metrics.watch("accepted", "Requests that are accepted and not yet answered.", lambda: self.intake.accepted)
        self.metrics.watch("waiting_rows", "Rows that wait for a batch.", lambda: self.worker.waiting)
        self.metrics.watch("running_rows", "Rows that the model is answering.", lambda: self.worker.running)
        self.app = self._application()
        self.app.add_middleware(Gate, intake=self.intake, metrics=self.metrics, key=key, hosts=hosts)

    def _application(self) -> FastAPI:
        @asynccontextmanager
        async def running(app: FastAPI) -> AsyncIterator[None]:
            self.worker.start()
            app.state.chat = ChatService(self.reader, self.worker, self.intake, self.limits, self.metrics)
            try:
                yield
            finally:
                app.state.chat.close()
                await anyio.to_thread.run_sync(self.worker.close)

        app = FastAPI(title="Twist & Scout", lifespan=running, docs_url=None, redoc_url=None)
        created = int(time.time())

        @app.post(CHAT)
        async def chat(request: Request) -> Response:
            """Answer a conversation."""
            response: Response = await request.app.state.chat.answer(request, request.scope[FACTS])
            return response

        @app.get("/v1/models")
        async def models() -> dict[str, Any]:
            """List the model under its names."""
            return {"object": "list", "data": [_model(name, created) for name in self.reader.names]}

        @app.get("/v1/models/{name:path}")
        async def model(name: str) -> dict[str, Any]:
            """Tell one of them."""
            if name not in self.reader.names:
                told = f"There is no model {name[:200]!r} here: it has {', '.join(self.reader.names)}."
                raise ApiError(404, told, code="model_not_found")
            return _model(name, created)

        @app.get("/health")
        async def health() -> Response:
            """Say whether requests are answered."""
            status = "ok" if self.worker.alive else "dead"
            status = "draining" if self.intake.draining else status
            state = {"accepted": self.intake.accepted, "waiting": self.worker.waiting, "running": self.worker.running}
            return JSONResponse({"status": status, "model": self.name, **state}, 200 if status == "ok" else 503)

        @app.get("/metrics")
        async def metrics() -> Response:
            """Everything that is counted."""
            return Response(self.metrics.text(), headers={"content-type": CONTENT_TYPE})

        @app.exception_handler(ApiError)
        async def refused(request: Request, error: ApiError) -> Response:
            request.scope[FACTS]["error"] = error.code
            await throw_away(request, error)
            return JSONResponse(error.body, error.status, error.headers)

        @app.exception_handler(HTTPException)
        async def unknown(request: Request, error: HTTPException) -> Response:
            await throw_away(request)
            told = f"{request.method} {request.url.path[:200]}: {error.detail}; this server has /v1/chat/completions, "
            failure = ApiError(error.status_code, told + "/v1/models, /health and /metrics.", code="not_found")
            return JSONResponse(failure.body, error.status_code, error.headers)

        @app.exception_handler(Exception)
        async def broken(request: Request, error: Exception) -> Response:
            failure = ApiError(500, "The server failed on this request; its log says how.", code="internal_error")
            return JSONResponse(failure.body, 500)

        return app


def _model(name: str, created: int) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": created, "owned_by": "twist-scout"}
