"""All commands in one tree."""

from __future__ import annotations

from typing import Annotated

import typer

from twist_scout import __version__
from twist_scout.cli.certify import certify
from twist_scout.cli.ground import ground
from twist_scout.cli.plan import plan
from twist_scout.cli.quickstart import quickstart
from twist_scout.cli.toyworld_evaluate import evaluate
from twist_scout.cli.toyworld_sample import sample
from twist_scout.cli.toyworld_scout_data import scout_data
from twist_scout.cli.toyworld_train_base import train_base
from twist_scout.cli.train import train

app = typer.Typer(
    name="twist-scout",
    help="Teach any vision-language model to point at things, without it forgetting anything.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
toyworld = typer.Typer(help="The toy world: drawn scenes with exact truth, and the pocket model.")
app.add_typer(toyworld, name="toyworld")

app.command()(quickstart)
app.command()(ground)
app.command()(plan)
app.command()(train)
app.command()(certify)
toyworld.command()(sample)
toyworld.command("scout-data")(scout_data)
toyworld.command()(evaluate)
toyworld.command("train-base")(train_base)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"twist-scout {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version),
    ] = False,
) -> None:
    """Options of the program itself."""
