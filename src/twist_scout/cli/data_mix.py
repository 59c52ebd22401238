"""``twist-scout data mix``: one training set from several."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twist_scout.cli import console
from twist_scout.cli import data_writing as shared
from twist_scout.cli.printable import printable

if TYPE_CHECKING:
    from twist_scout.data.mixture import Mixture
    from twist_scout.data.records import Example


def mix(
    recipe: Annotated[
        Path, typer.Argument(metavar="RECIPE.yaml", help="The parts with their sizes or weights.", show_default=False)
    ],
    out: shared.OutFile,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="Only the first so many records: a smaller set of the same mixture."),
    ] = None,
    copy_images: shared.Copies = False,
) -> None:
    r"""Mix training sets: 128,000 of REC, 108,000 of GIC and 512,000 of SCOUT, unless the recipe says otherwise.

    Parts that are too small repeat, and parts that are too large are drawn from;
    the same recipe and files give the same file. `twist-scout train` takes the
    recipe itself as its data, so the mixture need not be written for that.

    A recipe:
      seed: 0
      parts:
        rec: {data: rec.jsonl}
        gic: {data: gic.jsonl, size: 20000}
        scout: {data: \[a.jsonl, b.jsonl], size: all}
      leakage: {against: \[instances_val2017.json], action: drop}
    """
    from twist_scout.data.mixture_recipe import MixtureRecipe

    shared.checked_out(out)
    mixture = MixtureRecipe.load(recipe).mixture()
    for count in mixture.counts:
        console.err().print(printable(count), markup=False)
    shared.write(
        out, _named(mixture), copy=copy_images, limit=min(limit or len(mixture), len(mixture)), tally=Counter()
    )


def _named(mixture: Mixture) -> Iterator[Example]:
    """The records with ids that no two have: that of the part in front, and how often it came before behind it."""
    for place in range(len(mixture)):
        part, _, repeat = mixture.draw(place)
        example = mixture[place]
        again = f"~{repeat + 1}" if repeat else ""
        yield example.model_copy(update={"id": f"{part}/{example.id}{again}"})
