"""``twist-scout route evaluate``: how well a router decides, on prompts whose modes are known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twist_scout.cli import console, options
from twist_scout.cli.printable import printable

if TYPE_CHECKING:
    from twist_scout.routing.evaluation import Report


def evaluate(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE.jsonl", help='One {"prompt": ..., "mode": ...} a line.', show_default=False),
    ],
    router: Annotated[
        Path | None,
        typer.Option("--router", help="Folder of a router; without it the one that ships with the package."),
    ] = None,
    engine: Annotated[
        str | None, typer.Option("--engine", help="onnxruntime or torch; without it the first installed.")
    ] = None,
    confidence: Annotated[
        float | None,
        typer.Option(min=0.0, max=1.0, help="How likely grounding must be; below that the router abstains."),
    ] = None,
    show: Annotated[int, typer.Option(min=0, help="Print so many of the prompts that went wrong.")] = 10,
    json: options.Json = False,
) -> None:
    """Measure a router: accuracy, leaks in both directions, calibration, latency.

    An understanding prompt that leaks into grounding is the harmful case, since
    only there can an answer differ from the base model's. A grounding prompt
    that leaks into understanding misses its boxes and loses nothing else.
    """
    from twist_scout.routing.evaluation import evaluate as measured
    from twist_scout.routing.examples import read_prompts
    from twist_scout.routing.router import Router

    opened = Router(router, engine=engine, confidence=confidence)
    report = measured(opened, read_prompts(file, opened.modes))
    if json:
        console.print_json(report.to_dict())
    else:
        _print(report, show)


def _print(report: Report, show: int) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_header=False, pad_edge=False)
    rows = [
        ("prompts", f"{report.prompts:,}"),
        ("accuracy", f"{report.accuracy:.2%}"),
        ("understanding leaking into grounding (harmful)", f"{report.leaked_to_skill:.2%}"),
        ("grounding leaking into understanding", f"{report.leaked_to_understanding:.2%}"),
        ("one skill taken for another", f"{report.confused_skills:.2%}"),
        ("abstained", f"{report.abstained:.2%}"),
        ("expected calibration error", f"{report.calibration_error:.4f}"),
        (f"latency of one prompt ({report.engine})", f"{report.latency_ms:.2f} ms"),
        ("time for each prompt of a batch", f"{report.batch_ms:.2f} ms"),
    ]
    for name, value in rows:
        table.add_row(name, Text(value, justify="right"))
    screen = console.out()
    screen.print(table)
    for one in report.wrong[:show]:
        words = f"{one.mode} -> {one.decided}, p({one.mode}) {one.probability:.2f}: {printable(one.prompt)}"
        screen.print(words, style="dim", markup=False, soft_wrap=True)
    if len(report.wrong) > show > 0:
        screen.print(
            f"{len(report.wrong) - show:,} more went wrong: --show {len(report.wrong)} lists them all.", style="dim"
        )
