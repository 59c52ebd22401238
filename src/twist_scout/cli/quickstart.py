"""``twist-scout quickstart``: watch a small model learn to point, with proof that it forgot nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from twist_scout.cli import console


def quickstart(
    out: Annotated[Path, typer.Option("--out", help="Folder for data, adapter and report; it is made.")] = Path(
        "quickstart"
    ),
    minutes: Annotated[
        float, typer.Option(min=0.1, help="How long to train; a longer training reaches more.")
    ] = 4.0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of scenes and training.")] = 0,
) -> None:
    """Draw scenes, build a small SCOUT set, watch the base fail to point, train TWIST for a few minutes, and compare.

    Writes the data, the adapter with its certificate, and report.html with pictures.
    """
    from twist_scout.experiments.quickstart import run_quickstart

    console.quiet_libraries()
    console.make_folder(out)
    run_quickstart(out, minutes=minutes, seed=seed, console=console.out())
