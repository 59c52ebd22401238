"""``twist-scout train``: put twin experts on a model and train them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from twist_scout.cli import console


def train(
    config: Annotated[Path, typer.Argument(help="YAML file of the run.", show_default=False)],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KEY=VALUE]...",
            help="Values that replace those of the file.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Train an adapter as CONFIG says; a run that was stopped goes on where its last checkpoint is.

    The resolved config and the parameter counts are printed before training starts.
    """
    from twist_scout.twist.training import train as run
    from twist_scout.twist.training_config import TrainingConfig

    settings = TrainingConfig.load(config, overrides or [])
    console.quiet_libraries()
    run(settings, console=console.out())
