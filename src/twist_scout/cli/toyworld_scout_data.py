"""``twist-scout toyworld scout-data``: SCOUT-style training data with exact truth."""

from __future__ import annotations

from typing import Annotated

import typer

from twist_scout.cli import console, options
from twist_scout.cli.toyworld_sample import Split
from twist_scout.errors import BadInput


def scout_data(
    out: options.Out,
    scenes: Annotated[int, typer.Option(min=1, help="How many pictures.")] = 1000,
    first_seed: Annotated[int, typer.Option(min=0, help="Seed of the first picture.")] = 0,
    per_scene: Annotated[int, typer.Option(min=1, help="At most this many conversations about each picture.")] = 6,
    size: Annotated[int, typer.Option(min=32, max=4096, help="Width and height in pixels.")] = 240,
    split: Annotated[Split, typer.Option(help="Which stream of scenes.")] = Split.train,
    objects: Annotated[
        str | None,
        typer.Option(
            help="How often pictures have 1, 2, 3, 4 and 5 things, e.g. 1,3,3,2,1; the world's own lot if not given."
        ),
    ] = None,
    tasks: Annotated[
        str | None,
        typer.Option(help="Only these kinds of tasks, e.g. rec,part,localization; in the usual proportions."),
    ] = None,
) -> None:
    """Draw scenes and write example records about them: pictures and examples.jsonl.

    Referring expressions, localisation, grounded captions, step-by-step questions, and negatives.
    """
    from twist_scout.toyworld.examples import MIXTURE, write_dataset

    weights = _weights(objects) if objects is not None else None
    mixture = _chosen(tasks) if tasks is not None else MIXTURE
    console.make_folder(out)
    seeds = range(first_seed, first_seed + scenes)
    with console.progress() as bar:
        drawn = bar.track(seeds, description="Drawing scenes")
        path = write_dataset(
            out, drawn, split=split.value, size=size, per_scene=per_scene, mixture=mixture, objects=weights
        )
    console.err().print(f"Written to {path}", markup=False)


def _weights(text: str) -> list[float]:
    from twist_scout.toyworld.casting import MAX_OBJECTS

    most = MAX_OBJECTS - 1  # crowds are for tests
    try:
        weights = [float(part) for part in text.split(",")]
    except ValueError:
        weights = []
    if not 1 <= len(weights) <= most or min(weights) < 0 or not 0 < sum(weights) < float("inf"):
        raise BadInput(f"--objects {text!r}: give up to {most} numbers with commas between them, such as 1,3,3,2.")
    return weights


def _chosen(text: str) -> dict[str, float]:
    from twist_scout.toyworld.examples import MIXTURE

    names = [name.strip() for name in text.split(",")]
    if unknown := [name for name in names if name not in MIXTURE]:
        raise BadInput(f"--tasks: there is no kind {unknown[0]!r}: give some of {', '.join(MIXTURE)}.")
    return {name: MIXTURE[name] for name in names}
