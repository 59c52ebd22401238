"""``twist-scout toyworld train-base``: train the pocket base from nothing, or go on with it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from twist_scout.cli import console, options


def train_base(
    out: options.Out,
    work: Annotated[
        Path | None,
        typer.Option(help="Folder of checkpoints and curves.jsonl; without it OUT/work."),
    ] = None,
    stage: Annotated[
        list[str] | None,
        typer.Option(help="Run this stage only; may be repeated. It starts from the earlier checkpoints."),
    ] = None,
    compiled: Annotated[
        bool,
        typer.Option(
            "--compile/--no-compile",
            help="Use torch.compile (twice as fast; needs a C++ compiler).",
        ),
    ] = True,
) -> None:
    """Train the pocket base on image understanding only: no box, no coordinate.

    The recipe has ten stages and writes checkpoints as it goes; started again, it continues where
    it was.
    """
    from twist_scout.errors import BadConfig
    from twist_scout.toyworld.pocket.recipe import train_base as run
    from twist_scout.toyworld.pocket.stages import STAGES

    unknown = sorted(set(stage or ()) - set(STAGES))
    if unknown:
        raise BadConfig(f"There is no stage {unknown[0]!r}: choose from {', '.join(STAGES)}.")
    console.quiet_libraries()
    console.make_folder(out)
    chosen = tuple(name for name in STAGES if not stage or name in stage)
    run(out, work=work or out / "work", stages=chosen, compiled=compiled, console=console.err())
    console.err().print(f"Done; see {out}", markup=False)
