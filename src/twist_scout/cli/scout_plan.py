"""``twist-scout scout plan``: what a large run will take, from a small one that was measured."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twist_scout.cli import console, options
from twist_scout.cli.printable import printable
from twist_scout.errors import BadConfig

if TYPE_CHECKING:
    from rich.table import Table

    from twist_scout.scout.forecast import Estimate, Forecast

_PRICES, _SCALE = "Prices, in any one currency", "The large run"


def plan(
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="The folder of a run of `scout build` that was measured.", show_default=False
        ),
    ],
    samples: Annotated[int, typer.Option(min=1, help="Records that are wanted.")],
    machines: Annotated[
        float,
        typer.Option(min=0.01, help="So many times what the measured run ran on.", rich_help_panel=_SCALE),
    ] = 1.0,
    efficiency: Annotated[
        float,
        typer.Option(
            min=0.01, max=1, help="Share of their speed that is left when they work together.", rich_help_panel=_SCALE
        ),
    ] = 1.0,
    gpus: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="GPUs that the measured run kept busy, its servers' included; those of Ray's workers if not given.",
            rich_help_panel=_SCALE,
        ),
    ] = None,
    llm_price_in: Annotated[
        float | None, typer.Option(min=0, help="A million tokens that the LLM reads.", rich_help_panel=_PRICES)
    ] = None,
    llm_price_out: Annotated[
        float | None, typer.Option(min=0, help="A million tokens that the LLM writes.", rich_help_panel=_PRICES)
    ] = None,
    mllm_price_in: Annotated[
        float | None, typer.Option(min=0, help="A million tokens that the MLLM reads.", rich_help_panel=_PRICES)
    ] = None,
    mllm_price_out: Annotated[
        float | None, typer.Option(min=0, help="A million tokens that the MLLM writes.", rich_help_panel=_PRICES)
    ] = None,
    gpu_hour: Annotated[float | None, typer.Option(min=0, help="A GPU for an hour.", rich_help_panel=_PRICES)] = None,
    json: options.Json = False,
) -> None:
    """Say how many pictures, requests, tokens, hours and how much money a large run takes.

    Everything is extrapolated from the report of a run that was measured, with
    intervals that hold in 95 of 100 cases for pictures like its own. Measure some
    hundreds: `twist-scout scout build SOURCE --out pilot --limit 500 ...`

    Examples:
      twist-scout scout plan pilot --samples 3000000
      twist-scout scout plan pilot --samples 3000000 --gpus 1 --machines 64 --efficiency 0.9 --gpu-hour 2
      twist-scout scout plan pilot --samples 3000000 --mllm-price-in 0.1 --mllm-price-out 0.4 --json
    """
    from twist_scout.scout.forecast import Prices, forecast

    prices = Prices(
        llm=_pair("--llm-price", llm_price_in, llm_price_out),
        mllm=_pair("--mllm-price", mllm_price_in, mllm_price_out),
        gpu_hour=gpu_hour,
    )
    found = forecast(data, samples, machines=machines, efficiency=efficiency, gpus=gpus, prices=prices)
    if json:
        console.print_json(found.to_dict())
    else:
        _show(found)


def _pair(name: str, read: float | None, written: float | None) -> tuple[float, float] | None:
    if read is None and written is None:
        return None
    if read is None or written is None:
        raise BadConfig(f"Tokens that are read and written have prices of their own: give {name}-in and {name}-out.")
    return read, written


def _show(found: Forecast) -> None:
    from twist_scout.scout.forecast import FEWEST

    screen = console.out()
    measured = found.measured
    screen.print(
        f"{found.samples:,} records, from {measured['records']:,} of {measured['pictures']:,} pictures that were measured",
        style="bold",
    )
    screen.print(_table(found))
    if measured["pictures"] < FEWEST:
        screen.print(f"Only {measured['pictures']} pictures were measured: the intervals are a guess.", style="yellow")
    if found.seconds is None:
        screen.print("No time was measured: the run was killed each time. Measure another.", style="yellow")
        return
    at_once = f"{measured['concurrency']} pictures at once, " if measured["concurrency"] else ""
    scale = "" if found.machines == 1 else f", {found.machines:g} times that at {found.efficiency:.0%} of its speed"
    screen.print(
        f"Time as on what was measured ({measured['engine']} engine, {at_once}{measured['seconds']:,} s){scale}: "
        f"{found.pictures_per_second:,.2f} pictures and {found.requests_per_second:,.2f} requests a second.",
        markup=False,
    )


def _rounded(value: float, digits: int) -> str:
    """To three figures: no more are known."""
    figures = 3 - len(f"{abs(value):.0f}")
    return f"{round(value, min(figures, digits)):,.{digits}f}"


def _table(found: Forecast) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    for name in ("about", "from", "to"):
        table.add_column(name, justify="right")

    def row(name: str, estimate: Estimate, digits: int = 0, style: str | None = None) -> None:
        values = (estimate.value, estimate.low, estimate.high)
        table.add_row(Text(printable(name)), *(_rounded(value, digits) for value in values), style=style)

    row("pictures", found.pictures)
    for name, stage in found.stages.items():
        row(f"{name}: requests to {stage.by}", stage.requests)
        row(f"{name}: tokens read", stage.prompt_tokens)
        row(f"{name}: tokens written", stage.completion_tokens)
    if found.seconds is not None:
        row("hours", found.seconds.times(1 / 3600), 1, "bold")
    if found.gpu_hours is not None:
        row("hours of a GPU", found.gpu_hours, 1)
    table.add_row("gigabytes without pictures", f"{found.disk / 1e9:,.1f}", "", "")
    for name, estimate in found.cost.items():
        row("cost" if name == "total" else f"cost: {name}", estimate, 2, "bold" if name == "total" else None)
    return table
