"""``twist-scout scout check``: whether the lines of a file are records, and what the checks say about them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twist_scout.cli import console, options
from twist_scout.cli.printable import printable

if TYPE_CHECKING:
    from rich.table import Table

    from twist_scout.scout.inspection import Inspection


def check(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="DIR|FILE", help="A data set's folder, or any JSONL file of records.", show_default=False
        ),
    ],
    source: Annotated[
        str | None,
        typer.Option(
            metavar="SPEC",
            help="What the records were made from, a path or KIND:PATH, for the checks against annotations.",
        ),
    ] = None,
    images: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where the source's pictures are, if not where it has them.")
    ] = None,
    iou: Annotated[float, typer.Option(min=0.01, max=1, help="Overlap that a box needs with its annotation.")] = 0.5,
    examples: Annotated[int, typer.Option(min=0, help="Failures of each check to show.")] = 3,
    json: options.Json = False,
) -> None:
    """Check every line of a file; exit status 1 where one is no record or fails a check.

    A bad line does not stop it. With --source, boxes, colours and absences are
    compared with what the source knows; records are matched by the item id of
    their provenance.

    Examples:
      twist-scout scout check data
      twist-scout scout check data --source scenes
    """
    from twist_scout.scout.checks import CheckSettings
    from twist_scout.scout.files import records_file
    from twist_scout.scout.inspection import ItemLookup, inspect
    from twist_scout.scout.sources import open_source

    path = records_file(file)
    items = None if source is None else ItemLookup(open_source(source, images=images))
    with console.progress() as bar:
        task = bar.add_task("Checking", total=path.stat().st_size)
        found = inspect(
            path,
            items=items,
            settings=CheckSettings(iou=iou),
            shown=examples,
            progress=lambda read: bar.update(task, completed=read),
        )
    if json:
        console.print_json(found.to_dict())
    else:
        _show(found)
    raise typer.Exit(0 if found.clean else 1)


def _show(found: Inspection) -> None:
    screen = console.out()
    for bad in found.bad:
        screen.print(printable(f"{found.path}:{bad.line}: {bad.reason}"), style="red", markup=False, soft_wrap=True)
    if found.unreadable > len(found.bad):
        screen.print(f"... and {found.unreadable - len(found.bad):,} more lines that are no records.", style="red")
    screen.print(_table(found))
    for name, findings in found.examples.items():
        for finding in findings:
            text = f"{found.path}:{finding.line}: {name}: {finding.reason} ({finding.id})"
            screen.print(printable(text), markup=False, soft_wrap=True)
    matched = "" if found.matched is None else f", {found.matched:,} of them matched with the source"
    total = f"{found.records:,} records{matched}; {found.failed_records:,} fail a check"
    unreadable = f"; {found.unreadable:,} lines are no records" if found.unreadable else ""
    screen.print(f"{total}{unreadable}.", style="green" if found.clean else "red", markup=False, soft_wrap=True)


def _table(found: Inspection) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("check")
    for name in ("passed", "failed", "skipped"):
        table.add_column(name, justify="right")
    for name, counts in found.outcomes.items():
        cells = [f"{counts[outcome]:,}" if counts[outcome] else "–" for outcome in ("passed", "failed", "skipped")]
        table.add_row(name, *cells, style="red" if counts["failed"] else None)
    return table
