"""Options that the ``eval`` commands share, and how they show a result."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twist_scout.cli import console, options
from twist_scout.cli.printable import printable

if TYPE_CHECKING:
    from twist_scout.evaluation.pages import Case
    from twist_scout.evaluation.predictions import Predictions as PredictionFile
    from twist_scout.evaluation.result import EvaluationResult, ResultTable

_LONGEST_NUMBER = 24  # characters: a longer cell is a sentence

Predictions = Annotated[
    Path,
    typer.Option(
        "--predictions",
        "-p",
        metavar="FILE",
        help='JSONL, one {"id", "text"} a line ("image" and "score" may stand there too).',
        show_default=False,
    ),
]
Truth = Annotated[
    Path, typer.Option("--truth", "-t", metavar="FILE", help="The annotations to score against.", show_default=False)
]
Dialect = Annotated[
    str,
    typer.Option(
        "--dialect",
        "-d",
        metavar="NAME",
        help="How boxes are written: scout, cogvlm, shikra, llava, ferret, kosmos-2, florence-2, paligemma, qwen-vl, "
        "qwen2-vl, qwen2.5-vl, qwen3-vl, internvl, pin or pixels.",
    ),
]
DialectOrSidecar = Annotated[
    str | None,
    typer.Option(
        "--dialect",
        "-d",
        metavar="NAME",
        help="How boxes are written: scout, cogvlm, shikra, llava, ferret, kosmos-2, florence-2, paligemma, qwen-vl, "
        "qwen2-vl, qwen2.5-vl, qwen3-vl, internvl, pin or pixels. Without it, as the sidecar of `predict` says, else scout.",
    ),
]
Frame = Annotated[
    str | None,
    typer.Option(
        "--frame",
        metavar="NAME",
        help="How the model saw pictures: stretched, padded or smart_resized. Without it, as the models of the dialect do.",
    ),
]
MaxPixels = Annotated[
    int | None,
    typer.Option("--max-pixels", min=1, help="Largest area of a smart-resized picture, if not the usual one."),
]
Images = Annotated[
    Path | None,
    typer.Option(
        "--images", metavar="FOLDER", help="Where the pictures are, for --html and for sizes that the truth leaves out."
    ),
]
SkipBad = Annotated[
    bool,
    typer.Option(
        "--skip-bad", help="Leave out, and count, lines that cannot be used, instead of stopping at the first."
    ),
]
Json = options.Json
Html = Annotated[
    Path | None,
    typer.Option("--html", metavar="FILE", help="Also write a page with pictures of the best and worst cases."),
]


def read_predictions(path: Path, *, skip_bad: bool = False) -> PredictionFile:
    """The predictions of a file; what was left out is said on stderr.

    Raises:
        BadInput: the file, or a line of it, cannot be used.
    """
    from twist_scout.evaluation.predictions import read_predictions

    found = read_predictions(path, skip_bad=skip_bad)
    if found.left_out:
        remark = f"{found.left_out:,} lines of {path} were left out; the first: {found.first_problem}"
        console.err().print(printable(remark), style="yellow", markup=False, soft_wrap=True)
    return found


def checked_html(path: Path | None) -> Path | None:
    """A page that can be written; its folder is made. To be called before anything long is begun.

    Raises:
        BadInput: it is a folder, or its folder cannot be made.
    """
    from twist_scout.errors import BadInput

    if path is not None:
        if path.is_dir():
            raise BadInput(f"{path} is a folder: give the name of a page to write.")
        console.make_folder(path.parent)
    return path


def show(
    result: EvaluationResult,
    *,
    json: bool = False,
    html: Path | None = None,
    title: str = "",
    cases: Callable[[], Iterable[Case]] = tuple,
) -> None:
    """Print a result on stdout, as JSON or for readers, and write its page.

    Args:
        result: the numbers.
        json: print ``{"protocol": ..., ...}`` and nothing else.
        html: the page to write.
        title: of the page.
        cases: makes the cases to draw on the page; not called without one.
    """
    if html is not None:
        from twist_scout.evaluation.pages import write_report

        write_report(html, title or result.protocol, result, list(cases()))
        console.err().print(f"The page is {printable(html)}.", markup=False, soft_wrap=True)
    if json:
        console.print_json({"protocol": result.protocol, **result.to_dict()})
        return
    screen = console.out()
    screen.print(printable(str(result)), style="bold", markup=False, soft_wrap=True)
    for table in result.tables():
        show_table(table)


def show_table(table: ResultTable) -> None:
    """Print one table: names to the left, everything else to the right."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    shown = Table(
        title=Text(printable(table.title), style="bold"),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    for number, column in enumerate(table.columns):
        short = all(len(row[number]) <= _LONGEST_NUMBER for row in table.rows)
        shown.add_column(
            Text(printable(column)), justify="right" if number and short else "left", overflow="fold", no_wrap=short
        )
    for row in table.rows:
        shown.add_row(*(Text(printable(cell)) for cell in row))
    screen = console.out()
    screen.print()
    screen.print(shown)
    if table.note:
        screen.print(printable(table.note), style="dim", markup=False)
