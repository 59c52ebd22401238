"""``twist-scout toyworld sample``: draw scenes and write their truth."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from twist_scout.cli import console, options


class Split(StrEnum):
    """Two streams of scenes that never meet."""

    train = "train"
    test = "test"


def sample(
    out: options.Out,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the first picture; the next ones count on.")] = 0,
    count: Annotated[int, typer.Option(min=1, help="How many pictures.")] = 16,
    size: Annotated[int, typer.Option(min=32, max=4096, help="Width and height in pixels.")] = 240,
    split: Annotated[Split, typer.Option(help="Which stream of scenes.")] = Split.test,
    held_out: Annotated[
        bool,
        typer.Option("--held-out", help="One object of a (category, colour) pair that no training scene has."),
    ] = False,
) -> None:
    """Draw scenes, and write their exact truth to truth.jsonl.

    One line a picture: image, width, height, caption, objects (name, color, box in pixels,
    expression, ...) and relations. The same seed, size and split give the same files.
    """
    import json

    from twist_scout.errors import BadInput
    from twist_scout.toyworld import render, sample_scene, truth_record

    if held_out and split is Split.train:
        raise BadInput("Held-out pairs are never sampled for training: use --split test with --held-out.")
    console.make_folder(out)
    lines = []
    with console.progress() as bar:
        for number in bar.track(range(seed, seed + count), description="Drawing"):
            scene = sample_scene(number, split=split.value, held_out=held_out)
            rendered = render(scene, size)
            name = f"{split.value}-{number:08d}.png"
            rendered.image.save(out / name)
            lines.append(json.dumps(truth_record(scene, rendered, name), ensure_ascii=False))
    console.write_whole(out / "truth.jsonl", "".join(f"{line}\n" for line in lines))
    console.err().print(f"{count} pictures and truth.jsonl are in {out}", markup=False)
