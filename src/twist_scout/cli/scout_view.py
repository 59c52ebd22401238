"""``twist-scout scout view``: a page of samples with drawn boxes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from twist_scout.cli import console
from twist_scout.errors import BadInput


def view(
    data: Annotated[
        Path,
        typer.Argument(metavar="DIR|FILE", help="A data set's folder, or a JSONL file of records.", show_default=False),
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE.html", help="The page to write; view.html beside the records if not given."),
    ] = None,
    count: Annotated[int, typer.Option(min=1, max=2000, help="How many samples.")] = 50,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draw.")] = 0,
    rejects: Annotated[bool, typer.Option("--rejects", help="Half of them from what was turned down.")] = False,
    side: Annotated[int, typer.Option(min=64, max=4096, help="Longest side of the pictures in pixels.")] = 640,
) -> None:
    """Write one HTML page of random samples: pictures with boxes, questions, steps, checks.

    Point at a step or a phrase and its boxes light up. The page holds all its
    pictures and asks no network, so it can be sent around.

    Examples:
      twist-scout scout view data
      twist-scout scout view data --rejects --count 100 --out look.html
    """
    from twist_scout.scout.files import records_file
    from twist_scout.scout.pages.view import view_page

    file = records_file(data)
    path = out if out is not None else file.with_name("view.html")
    if path.is_dir():
        raise BadInput(f"{path} is a folder: give the name of an HTML file to write.")
    console.make_folder(path.parent)
    page = view_page(file, count=count, seed=seed, rejects=rejects, side=side)
    console.write_whole(path, page)
    console.err().print(f"Written to {path} ({len(page) / 1e6:.1f} MB)", markup=False, soft_wrap=True)
