"""``twist-scout models``: which model families TWIST works on, tried one by one."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twist_scout.cli import console, options

if TYPE_CHECKING:
    from rich.table import Table

    from twist_scout.families.matrix import Trial
    from twist_scout.families.report import Report


def models(
    families: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FAMILY]...",
            help="Families by their name in transformers, such as qwen3_vl. Without one, all of them.",
            show_default=False,
        ),
    ] = None,
    json: options.Json = False,
    markdown: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a page with the laws and the result to this file.")
    ] = None,
) -> None:
    """Say which model families TWIST works on, by trying them.

    Every family that the installed transformers knows for pictures and text is
    built in miniature, with random weights: nothing is downloaded. It is
    wrapped, trained, saved and generated with, and has to keep a list of laws.
    The exit status is 1 where one is broken.

    Examples:
      twist-scout models qwen3_vl llava
      twist-scout models --markdown models.md
    """
    from twist_scout.families.matrix import check_families
    from twist_scout.families.report import Report

    console.quiet_libraries()
    names = check_families(families or [])
    page = None if markdown is None else _checked_page(markdown)
    report = Report(_try_all(names))
    if page is not None:
        command = ["twist-scout", "models", *(families or []), "--markdown", str(markdown)]
        console.write_whole(page, report.to_markdown(command))
        console.err().print(f"Written to {page}", markup=False)
    if json:
        console.print_json(report.to_dict())
    else:
        console.out().print(_table(report))
        console.out().print(report.summary, style="red" if report.broken else "green", markup=False, soft_wrap=True)
    raise typer.Exit(1 if report.broken else 0)


def _checked_page(path: Path) -> Path:
    """A file that a page can be written to; its folder is made."""
    from twist_scout.errors import BadInput

    if path.is_dir():
        raise BadInput(f"{path} is a folder: give the name of a Markdown file to write.")
    console.make_folder(path.parent)
    return path


def _try_all(names: list[str]) -> list[Trial]:
    import torch

    from twist_scout.families.matrix import try_family

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # models this small are fastest so
    trials = []
    try:
        with console.progress() as bar, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            task = bar.add_task("", total=len(names))
            for name in names:
                bar.update(task, description=name)
                trials.append(try_family(name))
                bar.advance(task)
    finally:
        torch.set_num_threads(threads)
    return trials


def _table(report: Report) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from twist_scout.families.report import result_of

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("family", no_wrap=True)
    for name in ("class", "twinned", "laws"):
        table.add_column(name, overflow="fold")
    for trial in report.trials:
        style = "green" if trial.passed else "red" if trial.broken else "yellow"
        table.add_row(trial.family, trial.model or "", trial.twins, Text(result_of(trial), style=style))
    return table
