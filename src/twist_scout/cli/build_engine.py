"""Where ``twist-scout scout build`` works: in this process, or in processes of Ray."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from twist_scout.cli import console
from twist_scout.errors import BadConfig

if TYPE_CHECKING:
    from twist_scout.scout.pipeline import Closes, Works
    from twist_scout.scout.ray_engine import RayOptions
    from twist_scout.scout.stages_spec import StagesSpec


class EngineName(StrEnum):
    """Who runs the stages."""

    local = "local"
    ray = "ray"


_PANEL = "Scale-out"
ChosenEngine = Annotated[
    EngineName,
    typer.Option("--engine", help="local: this process; ray: workers, here or on a cluster.", rich_help_panel=_PANEL),
]
RayAddress = Annotated[
    str | None,
    typer.Option(
        metavar="ADDR",
        help="auto, where this machine is part of a cluster, or HOST:PORT; without it Ray is started here.",
        rich_help_panel=_PANEL,
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(min=1, help="Workers to begin with; without it as many as there is room for.", rich_help_panel=_PANEL),
]
MaxWorkers = Annotated[
    int | None,
    typer.Option(min=1, help="Up to so many while pictures wait; without it no more.", rich_help_panel=_PANEL),
]
CpusPerWorker = Annotated[
    float | None, typer.Option(min=0.01, help="Cores of a worker; 1 if not given.", rich_help_panel=_PANEL)
]
GpusPerWorker = Annotated[
    float | None,
    typer.Option(
        min=0,
        help="GPUs of a worker, also a part of one; without it one, for models in the workers of a cluster with GPUs.",
        rich_help_panel=_PANEL,
    ),
]


class Engine(NamedTuple):
    """Stages that are ready, how many items they take at once, and what is to be closed at the end."""

    stages: Works
    capacity: int
    closing: Sequence[Closes]


def ray_options(
    engine: EngineName,
    address: str | None,
    workers: int | None,
    max_workers: int | None,
    cpus: float | None,
    gpus: float | None,
    concurrency: int,
) -> RayOptions | None:
    """What was said about Ray; None for the local engine.

    Raises:
        BadConfig: it was said without ``--engine ray``, or it contradicts itself.
    """
    said = {
        "--ray-address": address,
        "--workers": workers,
        "--max-workers": max_workers,
        "--cpus-per-worker": cpus,
        "--gpus-per-worker": gpus,
    }
    if engine is EngineName.local:
        alone = next((name for name, value in said.items() if value is not None), None)
        if alone is not None:
            raise BadConfig(f"{alone} is about Ray: add --engine ray, or leave it out.")
        return None
    if max_workers is not None and workers is not None and max_workers < workers:
        raise BadConfig(f"--max-workers {max_workers} is less than --workers {workers}: raise it, or leave it out.")
    from twist_scout.scout.ray_engine import RayOptions

    return RayOptions(address, workers, max_workers, 1.0 if cpus is None else cpus, gpus, concurrency)


@contextmanager
def opened(spec: StagesSpec, ray: RayOptions | None, concurrency: int, note: Callable[[str], None]) -> Iterator[Engine]:
    """The stages, ready to work.

    Raises:
        TwistScoutError: they cannot be made, or no cluster answers.
    """
    if ray is None:
        if spec.in_process:
            console.quiet_libraries()
        made = spec.make()
        yield Engine(made.stages, concurrency, made.backends)
        return
    from twist_scout.scout.ray_engine import RayStages

    budget = spec.sees.budget
    spec = replace(spec, asks=replace(spec.asks, budget=None), sees=replace(spec.sees, budget=None))
    # Ray prints what it has to say about dead processes to stdout, which is for the report.
    with (
        contextlib.redirect_stdout(sys.stderr),
        RayStages(spec, ray, token_budget=budget.total if budget else None, note=note) as stages,
    ):
        yield Engine(stages, stages.capacity, [stages])
