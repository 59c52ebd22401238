"""``twist-scout scout stats``: what a data set consists of (Table A.1 of the paper)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twist_scout.cli import console, options
from twist_scout.cli.printable import printable
from twist_scout.errors import BadConfig

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress
    from rich.table import Table

    from twist_scout.data.records import Example
    from twist_scout.scout.statistics import Statistics


def stats(
    data: Annotated[
        list[Path],
        typer.Argument(
            metavar="DIR|FILE [OTHER]...",
            help="Data sets to set side by side: folders, or files of records, LLaVA conversations, ms-swift rows, Shikra's "
            "GCoT, Parquet or WebDataset shards.",
            show_default=False,
        ),
    ],
    images: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Pictures, for rows that do not say how large theirs are."),
    ] = None,
    json: options.Json = False,
) -> None:
    """Count what a data set consists of: Table A.1 of the paper and more, side by side for several.

    Examples:
      twist-scout scout stats data
      twist-scout scout stats data GPT4GEN_BoxCoT_train.jsonl --images flickr30k-images
    """
    if len(data) > 8:
        raise BadConfig(f"{len(data)} data sets do not fit side by side: give at most 8.")
    names = _names(data)
    with console.progress() as bar:
        found = [_gathered(path, images, bar, name) for path, name in zip(data, names, strict=True)]
    if json:
        console.print_json([{"data": str(path), **one.to_dict()} for path, one in zip(data, found, strict=True)])
        return
    screen = console.out()
    screen.print(_table(names, found))
    estimated = {name for one in found for name in one.to_dict()["estimated"]}
    if estimated:
        screen.print("≈: by estimate; the relative standard error is 0.1 %.", style="dim")


def _gathered(path: Path, images: Path | None, bar: Progress, name: str) -> Statistics:
    from twist_scout.scout.exporters import read
    from twist_scout.scout.statistics import gather

    task = bar.add_task(name, total=None)

    def counted() -> Iterator[Example]:
        for number, example in enumerate(read(path, images=images), start=1):
            yield example
            if number % 500 == 0:
                bar.update(task, completed=number)

    found = gather(counted())
    bar.update(task, completed=found.records, total=found.records)
    return found


def _names(data: list[Path]) -> list[str]:
    """Short names that tell the data sets apart."""
    short = [path.resolve().name for path in data]
    return short if len(set(short)) == len(short) else [str(path) for path in data]


def _table(names: list[str], found: list[Statistics]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from twist_scout.scout.statistics import TABLE_A1

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    for name in names:
        table.add_column(Text(printable(name)), justify="right", overflow="fold")
    columns = [dict(one.table()) for one in found]
    rows = list(dict.fromkeys(row for column in columns for row in column))
    for row in sorted(rows, key=lambda name: _order(name, rows)):
        cells = [column.get(row, "–") for column in columns]
        table.add_row(
            Text(printable(row)), *cells, style="bold" if row in TABLE_A1 else None, end_section=row == TABLE_A1[-1]
        )
    return table


def _order(name: str, rows: list[str]) -> tuple[int, int]:
    """Rows of the breakdowns stay together where one data set has names that the other lacks."""
    groups = ("task ", "kind ", "source ")
    group = next((number for number, start in enumerate(groups, start=1) if name.startswith(start)), 0)
    return group, rows.index(name)
