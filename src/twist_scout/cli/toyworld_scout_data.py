"""``twist-scout toyworld scout-data``: SCOUT-style training data with exact truth."""

from __future__ import annotations

from typing import Annotated

import typer

from twist_scout.cli import console, options
from twist_scout.cli.toyworld_sample import Split


def scout_data(
    out: options.Out,
    scenes: Annotated[int, typer.Option(min=1, help="How many pictures.")] = 1000,
    first_seed: Annotated[int, typer.Option(min=0, help="Seed of the first picture.")] = 0,
    per_scene: Annotated[int, typer.Option(min=1, help="At most this many conversations about each picture.")] = 6,
    size: Annotated[int, typer.Option(min=32, max=4096, help="Width and height in pixels.")] = 240,
    split: Annotated[Split, typer.Option(help="Which stream of scenes.")] = Split.train,
) -> None:
    """Draw scenes and write example records about them: pictures and examples.jsonl.

    Referring expressions, localisation, grounded captions, step-by-step questions, and negatives.
    """
    from twist_scout.toyworld.examples import write_dataset

    console.make_folder(out)
    seeds = range(first_seed, first_seed + scenes)
    with console.progress() as bar:
        drawn = bar.track(seeds, description="Drawing scenes")
        path = write_dataset(out, drawn, split=split.value, size=size, per_scene=per_scene)
    console.err().print(f"Written to {path}", markup=False)
