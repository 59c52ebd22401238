"""``twist-scout data localization``: training records that ask for all boxes of a class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from twist_scout.cli import data_writing as shared

if TYPE_CHECKING:
    from twist_scout.data.records import Example


def localization(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="Annotated pictures in which every thing of a class has a box: COCO's instances, or truth.jsonl of drawn "
            "scenes.",
            show_default=False,
        ),
    ],
    out: shared.OutFile,
    per_picture: Annotated[
        int | None, typer.Option(min=1, help="At most so many classes of a picture; all if not given.")
    ] = None,
    most_boxes: Annotated[
        int, typer.Option(min=1, max=100, help="Leave out classes with more boxes in a picture.")
    ] = 12,
    images: shared.Images = None,
    copy_images: shared.Copies = False,
    against: shared.Against = None,
    hashes: shared.Hashes = False,
    seed: shared.Seed = 0,
    limit: shared.Limit = None,
) -> None:
    """Make localisation training data: "Where are the dogs?", and all boxes of the class.

    Examples:
      twist-scout data localization annotations/instances_train2017.json --out localization.jsonl
    """
    from twist_scout.data.tasks.localization import localization_examples
    from twist_scout.scout.sources import open_source

    shared.checked_out(out)
    guard = shared.guard_against(against, hashes)
    opened = open_source(source, images=images)
    tally: Counter[str] = Counter()

    def made() -> Iterator[Example]:
        for item in opened:
            yield from localization_examples(
                item, image=item.image, seed=seed, per_picture=per_picture, most_boxes=most_boxes
            )
        tally.update(opened.tally.events)

    shared.write(out, shared.without_leaks(made(), guard, tally), copy=copy_images, limit=limit, tally=tally)
