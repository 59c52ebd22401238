"""Runs the stages on a cluster of Ray, or on all cores of this machine.

The driver reads the source and keeps the ledger; processes of Ray work on the items, each with stages (and models) of
its own; requests to an endpoint go through one process, so that limits hold for the whole run::

    with RayStages(StagesSpec(out, mllm="hf:my-vlm"), RayOptions(address="auto", max_workers=64)) as stages:
        build_with(stages, source, out, concurrency=stages.capacity, closing=[stages])

An outcome is in the ledger as soon as it is there, so a driver that is killed goes on where it was. An item is worked on
at least once, again where a process or a machine dies, and kept once: the ledger knows it by its place in the source.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from twist_scout import __version__
from twist_scout.errors import BadConfig
from twist_scout.scout.backends.limits import TokenBudget
from twist_scout.scout.items import SourceItem
from twist_scout.scout.outcome import ItemOutcome
from twist_scout.scout.ray_connection import LOCAL, connect, import_ray
from twist_scout.scout.ray_crew import Crew, Growth
from twist_scout.scout.ray_pool import Pool
from twist_scout.scout.ray_workers import BackendCard, Card, EndpointProcess, StageProcess, cause_of
from twist_scout.scout.stages_spec import Endpoint, StagesFactory

#: Requests that may wait in a process that talks to an endpoint; how many are sent at once is the backend's business.
QUEUE = 10_000


@dataclass(frozen=True)
class RayOptions:
    """Where and on how much.

    Attributes:
        address: of a cluster that runs: ``auto`` (this machine is part of it) or ``HOST:PORT``. None: what
            ``RAY_ADDRESS`` says, else Ray is started here for this run, and ended with it.
        workers: processes to begin with, which are kept; None: as many as there is room for.
        max_workers: grow up to so many while items wait; None: do not.
        cpus: cores of a worker. Models in it use as many threads.
        gpus: GPUs of a worker, also parts of one; None: one, where a model is in the worker and the cluster has GPUs.
        concurrency: items that a worker has under way at once.
    """

    address: str | None = None
    workers: int | None = None
    max_workers: int | None = None
    cpus: float = 1.0
    gpus: float | None = None
    concurrency: int = 16


class RayStages:
    """Stages that work in processes of Ray; to be entered with ``with``.

    Args:
        factory: makes the stages there; it is pickled, models and connections are not.
        options: where and on how much.
        token_budget: tokens that the run may use. What is under way when it runs out is finished.
        note: is told what the user should know.
        growth: when there are more processes or fewer.

    Raises:
        BadConfig: Ray is not installed, or the options do not fit.
    """

    def __init__(
        self,
        factory: StagesFactory,
        options: RayOptions | None = None,
        *,
        token_budget: int | None = None,
        note: Callable[[str], None] = lambda text: None,
        growth: Growth | None = None,
    ) -> None:
        self.options = options or RayOptions()
        self._address = self.options.address or os.environ.get("RAY_ADDRESS") or LOCAL
        if self._address.startswith("ray://"):
            raise BadConfig("The run keeps its ledger here: start it on a machine of the cluster, with address 'auto'.")
        self._ray = import_ray(local=self._address == LOCAL)
        self._factory, self._note = factory, note
        self._budget = TokenBudget(token_budget)
        self._growth = growth or Growth()
        self._endpoints: list[tuple[Any, dict[str, str], BackendCard]] = []
        self._opening: asyncio.Task[None] | None = None
        self._own = False

    def __enter__(self) -> Self:
        """Connect, and wait until a process is ready.

        Raises:
            BadInput: no cluster answers.
            BadConfig: a worker fits nowhere, or the stages cannot be made.
            BadModel: a model cannot be loaded.
        """
        try:
            self._own = connect(self._address, math.ceil(self.options.cpus * (self.options.workers or 1)))
            self._pool = self._make_pool(self._open_endpoints())
            self._card = self._pool.crew.first()
            if self._card.package != __version__:
                raise BadConfig(
                    f"The cluster has version {self._card.package} of twist-scout, and this is {__version__}: install "
                    "the same everywhere."
                )
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self._end()

    @property
    def capacity(self) -> int:
        """Items that may be under way at once."""
        return self._pool.crew.most * self._pool.slots

    @property
    def workers(self) -> list[Card]:
        """The processes that are ready."""
        return [member.card for member in self._pool.crew.ready() if member.card is not None]

    @property
    def endpoints(self) -> list[BackendCard]:
        """The processes that talk to endpoints, as they introduced themselves at the beginning."""
        return [card for _, _, card in self._endpoints]

    def versions(self) -> dict[str, str]:
        """Of the libraries that do the work, and of Ray."""
        return {**self._card.versions, "ray": self._ray.__version__}

    def settings(self) -> dict[str, Any]:
        """Who does the work and what they are told: as :meth:`Stages.settings` of the same stages."""
        return self._card.settings

    def facts(self) -> dict[str, Any]:
        """What the run took, for its report."""
        pool, crew = self._pool, self._pool.crew
        return {
            "name": "ray",
            "workers": crew.most_ready,
            "cpus_per_worker": self.options.cpus,
            "gpus_per_worker": self._gpus,
            "concurrency_per_worker": pool.slots,
            "worker_seconds": round(crew.seconds(), 3),
            "workers_died": crew.died,
            "items_repeated": pool.repeated,
        }

    async def work(self, index: int, item: SourceItem) -> ItemOutcome:
        """All that an item gives, from whichever process; see :meth:`Stages.work`.

        Raises:
            BackendDown: a model answers nobody, or no process can be started.
            BudgetSpent: no tokens are left; the item is not done.
            BadConfig: something is wrong with the run and not with the item.
        """
        self._budget.check()
        if self._endpoints and (self._opening is None or self._opening.done()):
            self._opening = asyncio.create_task(self._keep_endpoints_open())
        outcome = await self._pool.work(index, item)
        self._budget.spend(sum(count for name, count in outcome.counts.items() if name.endswith("_tokens")))
        return outcome

    async def close(self) -> None:
        """End the processes."""
        if self._opening is not None:
            self._opening.cancel()
        await self._pool.crew.close()

    # --- the beginning ---

    def _open_endpoints(self) -> dict[tuple[str, bool], tuple[Any, BackendCard]]:
        """Start what talks to endpoints, on this machine: an address such as localhost means the same there."""
        ray = self._ray
        here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
            ray.get_runtime_context().get_node_id(), soft=False
        )
        opened = {}
        for endpoint in self._factory.endpoints():
            actor = (
                ray.remote(EndpointProcess)
                .options(
                    num_cpus=0,
                    max_concurrency=QUEUE,
                    max_restarts=-1,
                    max_task_retries=-1,
                    scheduling_strategy=here,
                )
                .remote(endpoint, os.getcwd())
            )
            known = _environment(endpoint)
            try:
                card = ray.get(actor.open.remote(known))
            except ray.exceptions.RayTaskError as error:
                raise cause_of(error) from None
            self._endpoints.append((actor, known, card))
            opened[endpoint.spec, endpoint.sees] = (actor, card)
        return opened

    def _make_pool(self, endpoints: dict[tuple[str, bool], tuple[Any, BackendCard]]) -> Pool:
        ray, options = self._ray, self.options
        there = ray.cluster_resources()
        gpus = options.gpus
        if gpus is None:
            gpus = 1.0 if self._factory.in_process and there.get("GPU", 0) else 0.0
        self._gpus = gpus
        self._check_room(gpus)
        least = options.workers or _room(there, options.cpus, gpus)
        # Deaths are the pool's business, not Ray's: it knows which items were there.
        remote = ray.remote(StageProcess).options(
            num_cpus=options.cpus, num_gpus=gpus, max_concurrency=options.concurrency + 1, max_restarts=0
        )
        folder = os.getcwd()
        crew = Crew(
            lambda: remote.remote(self._factory, endpoints, folder),
            least=least,
            most=max(least, options.max_workers or 0),
            note=self._note,
            growth=self._growth,
        )
        return Pool(crew, options.concurrency)

    def _check_room(self, gpus: float) -> None:
        """A cluster may grow, a single machine does not."""
        nodes = [node["Resources"] for node in self._ray.nodes() if node["Alive"]]
        fits = any(n.get("CPU", 0) >= self.options.cpus and n.get("GPU", 0) >= gpus for n in nodes)
        if not fits and self._own and self._address == LOCAL:
            raise BadConfig(
                f"A worker is to have {self.options.cpus:g} CPUs and {gpus:g} GPUs, and this machine has "
                f"{nodes[0].get('CPU', 0):g} and {nodes[0].get('GPU', 0):g}: ask for less, or give a cluster's address."
            )

    async def _keep_endpoints_open(self) -> None:
        """Hand the keys over again and again, in case Ray had to start a process anew."""
        while True:
            await asyncio.sleep(self._growth.period)
            for actor, known, _ in self._endpoints:
                with contextlib.suppress(self._ray.exceptions.RayError):
                    await actor.open.remote(known)

    # --- the end ---

    def _end(self) -> None:
        pool: Pool | None = getattr(self, "_pool", None)
        if pool is not None:
            pool.crew.end()
        if not self._ray.is_initialized():
            return
        for actor, _, _ in self._endpoints:
            self._ray.kill(actor)
        if self._own:
            self._ray.shutdown()


def _environment(endpoint: Endpoint) -> dict[str, str]:
    names = (endpoint.options.key_variable, "OPENAI_BASE_URL")
    return {name: os.environ[name] for name in names if name in os.environ}


def _room(there: dict[str, float], cpus: float, gpus: float) -> int:
    """How many workers there is room for, with a core left to the driver; at least one."""
    places = [(there.get("CPU", 0) - 1) / cpus] if cpus else []
    places += [there.get("GPU", 0) / gpus] if gpus else []
    return max(1, int(min(places, default=1)))
