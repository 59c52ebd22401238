"""``twist-scout quickstart``: watch a small model learn to point, with proof that it forgot
nothing.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from twist_scout.cli import console


def quickstart(
    out: Annotated[Path, typer.Option("--out", help="Folder for data, adapter and report; it is made.")] = Path(
        "quickstart"
    ),
    steps: Annotated[int | None, typer.Option(min=1, help="Training steps; more steps reach more.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of scenes and training.")] = 0,
) -> None:
    """Draw scenes, build a small SCOUT set, watch the base fail to point, train TWIST, compare.

    Writes the data, the adapter with its certificate, and report.html with pictures. A run that was
    stopped goes on where its last checkpoint is.
    """
    from twist_scout.experiments.quickstart import Recipe, run_quickstart

    console.quiet_libraries()
    console.make_folder(out)
    recipe = replace(Recipe(), steps=steps) if steps else Recipe()
    run_quickstart(out, recipe=recipe, seed=seed, console=console.out())
