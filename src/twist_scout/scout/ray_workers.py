"""What runs on the machines of a cluster: processes that work on items, and those that talk to endpoints.

::

    driver (source, ledger) ──items──> StageProcess, several ──requests──> EndpointProcess, one for each endpoint
                            <─outcomes─ stages; models of their own         limits of the whole run

Nothing here imports Ray before a process of Ray runs it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twist_scout import __version__
from twist_scout.data.records import FrameChoice
from twist_scout.errors import BadInput, BadRecord
from twist_scout.scout.backends import Backend, BackendDown, BackendOptions, Reply, Request, make_backend
from twist_scout.scout.backends.metering import MeteredBackend
from twist_scout.scout.items import SourceItem
from twist_scout.scout.outcome import ItemOutcome
from twist_scout.scout.stages_spec import Endpoint, StagesFactory
from twist_scout.scout.versions import versions_in_use


@dataclass(frozen=True)
class Card:
    """How a process of stages introduces itself.

    Attributes:
        package: version of this package that it runs.
        node: Ray's id of the machine that it is on.
        process: its number there.
        settings: of its stages.
        versions: of the libraries that it uses.
    """

    package: str
    node: str
    process: int
    settings: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)


class StageProcess:
    """A process with stages of its own, and models of its own where they are no endpoints.

    Args:
        factory: makes the stages.
        endpoints: the processes that talk to endpoints, with how their backends introduced themselves.
        folder: the driver's working directory, which relative paths start from.
    """

    def __init__(
        self, factory: StagesFactory, endpoints: Mapping[tuple[str, bool], tuple[Any, BackendCard]], folder: str
    ) -> None:
        self._factory, self._endpoints, self._folder = factory, endpoints, folder
        self._same_folder = False

    async def open(self) -> Card:
        """Make the stages.

        Raises:
            TwistScoutError: that cannot be done.
        """
        import ray

        self._same_folder = _go_to(self._folder)
        try:
            self._stages = self._factory.make(self._connect).stages
        except BadRecord as error:  # which cannot be pickled
            raise BadInput(str(error)) from error
        node = ray.get_runtime_context().get_node_id()
        return Card(__version__, node, os.getpid(), self._stages.settings(), versions_in_use())

    async def work(self, index: int, item: SourceItem) -> ItemOutcome:
        """What the stages make of an item.

        Raises:
            BackendDown, BudgetSpent, BadConfig: as :meth:`Stages.work` does.
        """
        if not self._same_folder:
            item = item.model_copy(update={"image": os.path.join(self._folder, item.image)})
        return await self._stages.work(index, item)

    def _connect(self, spec: str, options: BackendOptions | None = None, *, sees: bool = True) -> Backend:
        found = self._endpoints.get((spec, sees))
        return make_backend(spec, options, sees=sees) if found is None else MeteredBackend(RemoteBackend(*found))


@dataclass(frozen=True)
class BackendCard:
    """How a backend introduces itself.

    Attributes:
        name: as in :class:`Backend`.
        dialect: as in :class:`Backend`.
        frame: as in :class:`Backend`.
        process: number of the process that talks to it.
    """

    name: str
    dialect: str | None
    frame: FrameChoice | None
    process: int


class EndpointProcess:
    """The one process that talks to an endpoint: how much may be asked at once or per minute holds for the whole run.

    Keys are handed over by :meth:`open` alone, so that no part of Ray keeps them. After a crash Ray starts the process
    anew, and requests wait until it has been opened again.

    Args:
        endpoint: which, and what is known about it.
        folder: the driver's working directory.
    """

    def __init__(self, endpoint: Endpoint, folder: str) -> None:
        self._endpoint, self._folder = endpoint, folder
        self._backend: Backend | None = None
        self._opened = asyncio.Event()

    async def open(self, environment: dict[str, str]) -> BackendCard:
        """Make the backend if there is none.

        Args:
            environment: variables with keys and addresses.

        Raises:
            BadConfig: it cannot be made.
        """
        if self._backend is None:
            _go_to(self._folder)
            os.environ.update(environment)
            self._backend = make_backend(self._endpoint.spec, self._endpoint.options, sees=self._endpoint.sees)
            self._opened.set()
        return BackendCard(self._backend.name, self._backend.dialect, self._backend.frame, os.getpid())

    async def complete(self, request: Request) -> Reply:
        """Answer a request.

        Raises:
            BackendDown: the endpoint answers nobody.
        """
        await self._opened.wait()
        assert self._backend is not None
        return await self._backend.complete(request)


class RemoteBackend:
    """A backend whose requests go to an :class:`EndpointProcess`.

    Args:
        process: Ray's handle of it.
        card: how it introduced itself.
    """

    def __init__(self, process: Any, card: BackendCard) -> None:
        self._process = process
        self.name, self.dialect, self.frame = card.name, card.dialect, card.frame

    async def complete(self, request: Request) -> Reply:
        """Have a request answered.

        Raises:
            BackendDown: the endpoint answers nobody, or the process cannot be brought back.
        """
        from ray.exceptions import RayError, RayTaskError

        try:
            reply: Reply = await self._process.complete.remote(request)
        except RayTaskError as error:
            raise cause_of(error) from None
        except RayError as error:
            raise BackendDown(f"{self.name}: the process that talks to it is gone ({short(error)}).") from error
        return reply

    async def close(self) -> None:
        """Nothing: others use the process too."""


def cause_of(error: Any) -> BaseException:
    """What a process raised, out of what Ray made of it."""
    cause: BaseException | None = error.cause
    return error if cause is None else cause


def short(error: BaseException) -> str:
    """What Ray says about a process that is gone, without its page of remarks."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("The actor is dead", "The actor died", "The actor is temp"))]
    text = (telling or lines or [type(error).__name__])[-1]
    return text.split(". ")[0].rstrip(".")


def _go_to(folder: str) -> bool:
    """Work in the folder that the driver works in, if this machine has it."""
    if Path(folder).is_dir():
        os.chdir(folder)
        return True
    return False
