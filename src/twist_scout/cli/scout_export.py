"""``twist-scout scout export``: a data set in the formats of others, there and back."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from twist_scout.cli import console, options


class FormatName(StrEnum):
    """Formats of data sets."""

    records = "records"
    llava = "llava"
    swift = "swift"
    shikra = "shikra"
    coco = "coco"
    parquet = "parquet"
    webdataset = "webdataset"


def export(
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DIR|FILE", help="A data set's folder, or a file in any of the formats.", show_default=False
        ),
    ],
    to: Annotated[FormatName, typer.Option(help="What to write.")],
    out: Annotated[Path, typer.Option(metavar="PATH", help="File to write; a new folder for parquet and webdataset.")],
    origin: Annotated[
        FormatName | None, typer.Option("--from", help="What DATA is, where that cannot be told.")
    ] = None,
    images: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Where the pictures are, if not beside the data. Pictures that come out of shards are written there.",
        ),
    ] = None,
    dialect: Annotated[
        str | None, typer.Option(help="How boxes are written in LLaVA's texts; llava if not given.")
    ] = None,
    copy_images: Annotated[
        bool, typer.Option("--copy-images", help="Copy the pictures to a folder beside the new file.")
    ] = False,
    embed: Annotated[bool, typer.Option(help="Put the pictures into Parquet shards.")] = True,
    shard_megabytes: Annotated[float, typer.Option(min=0.01, help="About how large a shard may become.")] = 500.0,
    json: options.Json = False,
) -> None:
    """Write a data set in another format, or bring one of another format here (--to records).

    What does not survive the way is said at the end.

    Examples:
      twist-scout scout export data --to swift --out swift.jsonl
      twist-scout scout export data --to parquet --out shards
      twist-scout scout export shikra.jsonl --to records --out mine/train.jsonl --images flickr30k-images
    """
    from twist_scout.scout.exporters import export as run

    console.make_folder(out.parent)
    with console.progress() as bar:
        task = bar.add_task("Writing", total=None)
        done = run(
            data,
            to.value,
            out,
            format=None if origin is None else origin.value,
            images=images,
            dialect=dialect,
            copy_images=copy_images,
            embed=embed,
            shard_bytes=int(shard_megabytes * 1e6),
            progress=lambda count: bar.update(task, completed=count),
        )
    if json:
        console.print_json(
            {
                "path": str(done.path),
                "format": done.format.name,
                "records": done.records,
                "rows": done.rows,
                "loses": done.format.loses,
            }
        )
        return
    screen = console.err()
    screen.print(f"{done.records:,} records, {done.rows:,} rows: {done.path}", markup=False, soft_wrap=True)
    screen.print(f"What reading it back does not give: {done.format.loses}.", markup=False, soft_wrap=True)
