"""The page, and everything that it asks for.

=========================================  ==========================================================================
``GET /``                                  the page; it holds no secret
``GET /api/state``                         models, limits, examples
``POST /api/load``                         ``{model}``: load it; what it is, with its certificate
``GET /api/scene?seed=N``                  a picture of the toy world, and questions about it
``POST /api/route``                        ``{prompt}``: which mode would answer, how sure, and because of which words
``POST /api/models/N/chat``                a request of `/v1/chat/completions`, answered by that model's server
``POST /api/show``                         ``{model, text, mode, width, height, second}``: an answer as pieces of HTML
``POST /api/draw``                         ``{model, text, mode, picture}``: the picture with its boxes, as PNG
``POST /api/verify``                       ``{model}``: compare the loaded weights with the certificate, now
=========================================  ==========================================================================
"""

from __future__ import annotations

import io
import json
import threading
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, TypeVar

import anyio
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from twist_scout import __version__
from twist_scout.app.choices import Choice
from twist_scout.app.guard import Guard
from twist_scout.app.scenes import ANYWHERE, scene
from twist_scout.app.shelf import Shelf, adapter_folder
from twist_scout.app.shown import ROOM, shown
from twist_scout.boxes.grounded import GroundedText
from twist_scout.errors import TwistScoutError
from twist_scout.pages import rendering
from twist_scout.picture import draw_grounded
from twist_scout.routing import Router
from twist_scout.routing.explanation import explain
from twist_scout.serving.app import Service
from twist_scout.serving.errors import ApiError, bad
from twist_scout.serving.gate import CHAT
from twist_scout.serving.intake import Intake, throw_away
from twist_scout.serving.limits import Limits
from twist_scout.serving.pictures import PictureReader

_SCRIPTS = ("lighting.js", "asking.js", "picture.js", "answers.js", "page.js")
_HIGHEST_SEED = 2**31 - 1
_LONGEST_PROMPT = 20_000
_Asked = TypeVar("_Asked", bound="_Body")


class _Body(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class _Model(_Body):
    model: int


class _Prompt(_Body):
    prompt: str = Field(max_length=_LONGEST_PROMPT)


class _Text(_Model):
    text: str
    mode: str = Field(max_length=80)


class _Show(_Text):
    width: int | None = Field(None, ge=1, le=1_000_000)
    height: int | None = Field(None, ge=1, le=1_000_000)
    second: bool = False


class _Draw(_Text):
    picture: str


class App:
    """The page's server.

    Args:
        choices: models that can be chosen; the first is loaded at once.
        key: what the page's script has to show.
        device: where models are loaded to; None: a GPU if there is one.
        limits: how much is taken on.
        hosts: what the ``Host`` header may hold; None: anything.

    Attributes:
        app: the ASGI application.
    """

    def __init__(
        self,
        choices: Sequence[Choice],
        key: str,
        *,
        device: str | None = None,
        limits: Limits | None = None,
        hosts: Collection[str] | None = None,
    ) -> None:
        self.limits = limits or Limits(batch=4, queue=32)
        self.shelf = Shelf(choices, device, self.limits, key)
        # Small requests that need no model; those to models pass the intakes of their own servers too.
        self._intake = Intake(self.limits, lambda requests: 0.0)
        self._pictures = PictureReader(None, largest=self.limits.pixels, most_bytes=self.limits.body)
        self._router = Router()
        self._lock = threading.Lock()  # tokenizers keep settings between calls
        self.app: ASGIApp = Guard(self._application(), key=key, hosts=hosts)

    def _application(self) -> Starlette:
        @asynccontextmanager
        async def running(app: Starlette) -> AsyncIterator[None]:
            self.shelf.begin(0)
            try:
                yield
            finally:
                await self.shelf.close()

        routes = [
            Route("/", _page),
            Route("/api/state", self._state),
            Route("/api/load", self._load, methods=["POST"]),
            Route("/api/scene", self._scene),
            Route("/api/route", self._route, methods=["POST"]),
            Route("/api/models/{number:int}/chat", _Chat(self.shelf)),
            Route("/api/show", self._show, methods=["POST"]),
            Route("/api/draw", self._draw, methods=["POST"]),
            Route("/api/verify", self._verify, methods=["POST"]),
        ]
        handlers: dict[Any, Callable[..., Any]] = {
            TwistScoutError: _refused,
            HTTPException: _unknown,
            Exception: _broken,
        }
        return Starlette(routes=routes, lifespan=running, exception_handlers=handlers)

    async def _state(self, request: Request) -> Response:
        limits = {"body": self.limits.body, "pixels": self.limits.pixels}
        return JSONResponse(
            {"version": __version__, "models": self.shelf.told(), "limits": limits, "examples": ANYWHERE}
        )

    async def _load(self, request: Request) -> Response:
        asked = await self._read(request, _Model)
        await self.shelf.service(asked.model)
        return JSONResponse(self.shelf.told()[asked.model])

    async def _scene(self, request: Request) -> Response:
        given = request.query_params.get("seed", "")
        if not given.isdecimal() or len(given) > 10 or int(given) > _HIGHEST_SEED:
            raise bad(f"A seed is a whole number from 0 to {_HIGHEST_SEED:,}.", "seed")
        return JSONResponse(await anyio.to_thread.run_sync(scene, int(given)))

    async def _route(self, request: Request) -> Response:
        asked = await self._read(request, _Prompt)

        def decided() -> dict[str, Any]:
            with self._lock:
                found = explain(self._router, asked.prompt)
            made = found.decision
            moving = [word.text for word in found.moving]
            told = {"mode": made.mode, "probability": made.probability, "abstained": made.abstained}
            return {**told, "reason": made.reason, "words": moving}

        return JSONResponse(await anyio.to_thread.run_sync(decided))

    async def _show(self, request: Request) -> Response:
        asked = await self._read(request, _Show)
        service = self.shelf.ready(asked.model)
        size = (asked.width, asked.height) if asked.width and asked.height else None

        def made() -> dict[str, object]:
            return shown(_parsed(service, asked, size), size, second=asked.second).to_dict()

        return JSONResponse(await anyio.to_thread.run_sync(made))

    async def _draw(self, request: Request) -> Response:
        asked = await self._read(request, _Draw)
        service = self.shelf.ready(asked.model)

        def drawn() -> bytes:
            picture = self._pictures.read(asked.picture)
            file = io.BytesIO()
            draw_grounded(picture, _parsed(service, asked, picture.size)).save(file, "PNG")
            return file.getvalue()

        return Response(await anyio.to_thread.run_sync(drawn), media_type="image/png")

    async def _verify(self, request: Request) -> Response:
        from twist_scout.twist.certificate import verify_certificate

        asked = await self._read(request, _Model)
        model: Any = self.shelf.ready(asked.model).worker.model
        folder = adapter_folder(self.shelf.choices[asked.model])
        found = await anyio.to_thread.run_sync(verify_certificate, model.model, folder)
        return JSONResponse({"passed": found.passed, **found.model_dump()})

    async def _read(self, request: Request, kind: type[_Asked]) -> _Asked:
        """The body of a request.

        Raises:
            ApiError: it is too large, too slow, no JSON or not of this kind, or too much is under way.
        """
        with self._intake.place(), self._intake.holding() as keep:
            body = await self._intake.body(request, keep)
            try:
                return kind.model_validate(json.loads(body))
            except ValidationError as error:
                worst = error.errors(include_url=False, include_input=False)[0]
                where = ".".join(map(str, worst["loc"]))
                raise bad(f"{where}: {worst['msg']}.", where, "invalid_value") from error
            except (ValueError, RecursionError) as error:
                raise bad("The request is not JSON.", code="invalid_json") from error


class _Chat:
    """Hands a request on to the server of its model, as `/v1/chat/completions`."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        service = await self._shelf.service(scope["path_params"]["number"])
        inner = {**scope, "path": CHAT, "raw_path": CHAT.encode(), "root_path": "", "path_params": {}}
        await service.app(inner, receive, send)


def _parsed(service: Service, asked: _Text, size: tuple[int, int] | None) -> GroundedText:
    model = service.worker.model
    frame = None if size is None else model.frame_of(*size)
    return GroundedText.parse(asked.text, dialect=model.dialect, frame=frame, mode=asked.mode)


@cache
def page() -> tuple[str, str]:
    """The page, and the content policy that it is sent with: nothing is loaded from anywhere, nothing may hold it in a frame."""
    images, connections = "blob: data:", "'self'"
    made = rendering.render(ROOM, "page", scripts=_SCRIPTS, images=images, connections=connections, version=__version__)
    policy = made.partition('http-equiv="Content-Security-Policy" content="')[2].partition('"')[0]
    return made, f"{policy.replace('&#39;', chr(39))}; frame-ancestors 'none'"


async def _page(request: Request) -> Response:
    made, policy = page()
    return HTMLResponse(made, headers={"content-security-policy": policy})


async def _refused(request: Request, error: TwistScoutError) -> Response:
    failure = error if isinstance(error, ApiError) else bad(str(error))
    await throw_away(request)
    return JSONResponse(failure.body, failure.status, failure.headers)


async def _unknown(request: Request, error: HTTPException) -> Response:
    await throw_away(request)
    failure = ApiError(
        error.status_code, f"{request.method} {request.url.path[:200]}: {error.detail}.", code="not_found"
    )
    return JSONResponse(failure.body, failure.status)


async def _broken(request: Request, error: Exception) -> Response:
    failure = ApiError(500, "The server failed on this request; its log says how.", code="internal_error")
    return JSONResponse(failure.body, failure.status)
