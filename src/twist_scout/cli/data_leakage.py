"""``twist-scout data leakage``: whether pictures of evaluation sets are in training data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twist_scout.cli import console, options
from twist_scout.cli.printable import printable

if TYPE_CHECKING:
    from twist_scout.data.leakage import LeakageReport

_SHOWN = 20


def leakage(
    data: Annotated[
        list[str],
        typer.Argument(
            metavar="TRAIN...",
            help="Training data: records (JSONL), annotations, folders of pictures, lists of ids.",
            show_default=False,
        ),
    ],
    against: Annotated[
        list[str],
        typer.Option(
            metavar="EVAL",
            help="An evaluation set: a folder of pictures; annotations of COCO, LVIS or MDETR; RefCOCO's refs(...).p; rows "
            "that name pictures; a list of ids or names. May be given several times. Of a file with several splits the "
            "training split does not count.",
            show_default=False,
        ),
    ],
    hashes: Annotated[
        bool,
        typer.Option(
            "--hash", help="Compare the pictures too: finds copies under other names, resized or recompressed."
        ),
    ] = False,
    threshold: Annotated[
        int | None, typer.Option(min=0, max=127, help="With --hash: how many of 128 bits may differ; 14 if not given.")
    ] = None,
    images: Annotated[
        list[Path] | None,
        typer.Option(metavar="FOLDER", help="A folder to look for pictures in. May be given several times."),
    ] = None,
    visual_genome: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Visual Genome's image_data.json: half of its pictures are COCO's."),
    ] = None,
    json: options.Json = False,
) -> None:
    """Find pictures of evaluation sets in training data; the exit status is 1 where there are any.

    A photo is known by its id under all its names (COCO_train2014_000000580957.jpg
    is train2017/000000580957.jpg, and Flickr's, where COCO's annotations say so),
    and with --hash by its look.

    Examples:
      twist-scout data leakage train.jsonl --against finetune_refcoco_val.json --against instances_val2017.json
      twist-scout data leakage train.jsonl --against coco/val2017 --hash --json
    """
    from twist_scout.data.leakage import LeakageGuard, find_leaks
    from twist_scout.data.leakage.perceptual import THRESHOLD

    folders = images or []
    guard = LeakageGuard(
        against,
        hashes=hashes,
        threshold=THRESHOLD if threshold is None else threshold,
        images=folders,
        visual_genome=visual_genome,
    )
    with console.progress() as bar:
        report = find_leaks(
            data, guard, images=folders, track=lambda pictures: bar.track(pictures, description="Comparing")
        )
    if json:
        console.print_json(report.to_dict())
    else:
        _show(report)
    if report.leaks:
        raise typer.Exit(1)


def _show(report: LeakageReport) -> None:
    screen = console.out()
    for leak in report.leaks[:_SHOWN]:
        place = f"{leak.file}, line {leak.line}" if leak.line else leak.file
        screen.print(printable(f"{place}: {leak.image} = {leak.match}"), style="red", markup=False, soft_wrap=True)
    if len(report.leaks) > _SHOWN:
        screen.print(f"... and {len(report.leaks) - _SHOWN:,} more; --json lists all", style="red")
    records = sum(leak.records for leak in report.leaks)
    compared = sum(report.against.values())
    how = f"by id and hash ({report.hashed:,} hashed)" if report.hashed is not None else "by id"
    screen.print(
        f"{len(report.leaks):,} of {report.pictures:,} training pictures ({records:,} of {report.records:,} records) are among "
        f"{compared:,} evaluation pictures, compared {how}",
        style="red" if report.leaks else "green",
        soft_wrap=True,
    )
    for side, count in report.unhashed.items():
        screen.print(f"{count:,} {side} pictures could not be hashed: not there, damaged, or too plain", style="yellow")
