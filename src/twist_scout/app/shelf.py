"""The models of the page, each loaded when it is first asked for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio

from twist_scout.app.choices import Choice, load
from twist_scout.errors import BadInput, TwistScoutError, first_line
from twist_scout.serving.app import Service
from twist_scout.serving.errors import ApiError
from twist_scout.serving.limits import Limits

NAME = "model"


@dataclass
class _Place:
    choice: Choice
    task: asyncio.Task[Service] | None = None
    service: Service | None = None
    problem: str = ""
    seconds: float | None = None


@dataclass
class Shelf:
    """Keeps the models that were chosen, each behind a server of its own.

    Args:
        choices: what there is.
        device: where models are loaded to; None: a GPU if there is one.
        limits: of every server.
        key: what requests have to show.
    """

    choices: Sequence[Choice]
    device: str | None
    limits: Limits
    key: str
    _places: list[_Place] = field(init=False)
    _open: AsyncExitStack = field(init=False, default_factory=AsyncExitStack)

    def __post_init__(self) -> None:
        self._places = [_Place(choice) for choice in self.choices]

    def begin(self, number: int) -> asyncio.Task[Service]:
        """Start to load a model, if nobody has; the task ends with its server.

        Raises:
            ApiError: status 404: there is no such model.
        """
        if not 0 <= number < len(self._places):
            raise ApiError(404, f"There is no model {number}: reload the page.", code="model_not_found")
        place = self._places[number]
        if place.task is None or (place.task.done() and place.service is None):
            place.problem = ""
            place.task = asyncio.create_task(self._load(place))
            place.task.add_done_callback(_looked_at)
        return place.task

    async def service(self, number: int) -> Service:
        """The server of a model, loaded if it is not yet.

        Raises:
            ApiError: status 404: there is no such model; 500: it cannot be loaded.
        """
        return await asyncio.shield(self.begin(number))

    def ready(self, number: int) -> Service:
        """The server of a model that is loaded.

        Raises:
            ApiError: status 404: there is no such model; 409: it is not loaded.
        """
        if not 0 <= number < len(self._places) or (service := self._places[number].service) is None:
            raise ApiError(409, "This model is not loaded: choose it first.", code="not_loaded")
        return service

    def told(self) -> list[dict[str, Any]]:
        """Every model as the page knows it."""
        return [self._told(number, place) for number, place in enumerate(self._places)]

    async def close(self) -> None:
        """Give up what is unanswered, and let the models go."""
        for place in self._places:
            if place.task is not None and not place.task.done():
                place.task.cancel()
            if place.service is not None:
                place.service.worker.abandon()
        await self._open.aclose()

    async def _load(self, place: _Place) -> Service:
        began = time.monotonic()
        try:
            model = await anyio.to_thread.run_sync(load, place.choice, self.device, self.limits)
            service = Service(model, NAME, self.limits, key=self.key)
            await self._open.enter_async_context(service.app.router.lifespan_context(service.app))
        except Exception as error:  # a model's code may raise anything, and a device's memory end
            ours = isinstance(error, TwistScoutError)
            place.problem = str(error) if ours else f"{type(error).__name__}: {first_line(error)}."
            raise ApiError(500, f"{place.choice.name} cannot be loaded: {place.problem}", code="bad_model") from error
        place.seconds = time.monotonic() - began
        place.service = service
        return service

    def _told(self, number: int, place: _Place) -> dict[str, Any]:
        service, choice = place.service, place.choice
        told: dict[str, Any] = {
            "number": number,
            "name": choice.name,
            "problem": place.problem,
            "loaded": service is not None,
            "seconds": place.seconds,
        }
        if service is not None:
            model: Any = service.worker.model
            told |= {
                "adapter": model.has_adapter,
                "dialect": model.dialect,
                "device": str(model.device),
                "modes": list(model.modes),
                "certificate": certificate(choice) if model.has_adapter else None,
            }
        return told


def certificate(choice: Choice) -> dict[str, Any]:
    """What the certificate beside an adapter says; ``problem`` where there is none."""
    from twist_scout.twist.certificate import Certificate

    try:
        found = Certificate.load(adapter_folder(choice))
    except BadInput as error:
        return {"problem": str(error)}
    return {
        "passed": found.passed,
        "summary": found.summary,
        "tensors": len(found.tensors),
        "mebibytes": round(found.bytes / 2**20, 1),
        "prompts": len(found.prompts),
        "changed_tensors": len(found.changed_tensors),
        "changed_logits": len(found.changed_logits),
        "changed_answers": len(found.changed_answers),
        "base": found.base,
        "dtype": found.dtype,
        "created": found.created,
        "fingerprint": found.fingerprint,
        "libraries": found.libraries,
    }


def adapter_folder(choice: Choice) -> Path:
    """The folder of a choice's adapter.

    Raises:
        BadInput: it has none.
    """
    from twist_scout.loading import resolve_folders

    _, adapter = resolve_folders(choice.model, choice.adapter)
    if adapter is None:
        raise BadInput(f"{choice.name} has no adapter, so there is nothing to certify.")
    return Path(adapter).expanduser()


def _looked_at(task: asyncio.Task[Service]) -> None:
    """Whoever waits for the task gets its error; if nobody does, the page is told by `Shelf.told`."""
    if not task.cancelled():
        task.exception()
