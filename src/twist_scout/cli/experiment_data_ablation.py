"""``twist-scout experiment data-ablation``: what the checks and the negatives are worth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from twist_scout.cli import console, options


def data_ablation(
    out: Annotated[Path, typer.Option("--out", help="Folder for data, runs and results.json; it is made.")] = Path(
        "data-ablation"
    ),
    annotator: Annotated[
        Path | None,
        typer.Option(help="An imperfect adapter that answers the questions; one is trained if not given."),
    ] = None,
    condition: Annotated[
        list[str] | None,
        typer.Option(help="A data set to train on; repeat it. Four of them if not given; 'raw, fewer' is another."),
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Training steps of each adapter on its data.")] = None,
    start: Annotated[
        str,
        typer.Option(help="Where adapters start from: annotator, plain (exact data without steps), new, or a folder."),
    ] = "plain",
    scenes: Annotated[int | None, typer.Option(min=1, help="Training scenes.")] = None,
    exam_scenes: Annotated[int | None, typer.Option(min=1, help="Unseen scenes in each exam.")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds.")] = 3,
    json: options.Json = False,
) -> None:
    """Train TWIST on raw, checked and negative-free data of one imperfect annotator, and compare.

    All adapters of a seed are trained alike, as long as each other, on data that differs in its checks alone. A run that
    was stopped goes on where it was.
    """
    from twist_scout.experiments.ablation_runs import Recipe
    from twist_scout.experiments.data_ablation import DEFAULT_CONDITIONS, run_data_ablation

    console.quiet_libraries()
    console.make_folder(out)
    given: dict[str, Any] = {"steps": steps, "start": start, "scenes": scenes, "exam_scenes": exam_scenes}
    recipe = replace(
        Recipe(), seeds=tuple(range(seeds)), **{name: value for name, value in given.items() if value is not None}
    )
    result = run_data_ablation(
        out,
        annotator=annotator,
        conditions=tuple(condition or DEFAULT_CONDITIONS),
        recipe=recipe,
        console=console.err() if json else console.out(),
    )
    if json:
        console.print_json(result)
