"""``twist-scout scout audit``: people judge random records (the paper's analysis, §4)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twist_scout.cli import console, options
from twist_scout.cli.printable import printable

if TYPE_CHECKING:
    from twist_scout.scout.audit import Audit, AuditResult


def audit(
    data: Annotated[
        Path,
        typer.Argument(metavar="DIR|FILE", help="A data set's folder, or a JSONL file of records.", show_default=False),
    ],
    count: Annotated[int, typer.Option(min=1, max=10_000, help="How many random records to judge.")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draw.")] = 0,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the page; 0 takes any that is free.")] = 0,
    browse: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    report: Annotated[bool, typer.Option("--report", help="Print the result so far and end.")] = False,
    json: options.Json = False,
) -> None:
    """Judge random records on a page: keys y (right), n (wrong), s (skip), left arrow (back).

    A record is right if its boxes overlap their things by an IoU of 0.5 or more
    and what it says about them is so. Answers go to audit.jsonl beside the
    records as they are given; the same command goes on where you stopped, and
    prints the share of right records with a 95 % interval when it ends (Ctrl-C).
    The page is served on 127.0.0.1 alone.

    Examples:
      twist-scout scout audit data
      twist-scout scout audit data --report --json
    """
    from twist_scout.scout.audit import Audit
    from twist_scout.scout.files import records_file

    judged = Audit(records_file(data), count=count, seed=seed)
    if not report:
        _serve(judged, port, browse)
    result = judged.result()
    if json:
        console.print_json({"file": str(judged.file), "seed": seed, **result.to_dict()})
    else:
        _show(result)


def _serve(judged: Audit, port: int, browse: bool) -> None:
    from twist_scout.scout.pages.audit_server import AuditServer

    with AuditServer(judged, port=port) as server:
        screen = console.err()
        screen.print(f"Judge at {server.url}", style="bold", soft_wrap=True)
        screen.print(f"Answers go to {judged.log}. Ctrl-C ends.", markup=False, soft_wrap=True)
        if browse:
            import webbrowser

            webbrowser.open(server.url)
        try:
            server.serve_forever(poll_interval=0.2)
        except KeyboardInterrupt:
            screen.print("")


def _show(result: AuditResult) -> None:
    from twist_scout.scout.audit import PAPER

    screen = console.out()
    if result.share is None:
        screen.print(f"None of {result.records:,} records is judged yet.", markup=False)
        return
    low, high = result.interval
    screen.print(
        f"{result.share:.1%} right: {result.right:,} of {result.judged:,} judged (95 % interval {low:.1%} to {high:.1%})",
        style="bold",
        markup=False,
    )
    rest = [f"{result.skipped:,} skipped" if result.skipped else "", f"{result.left:,} to go" if result.left else ""]
    if any(rest):
        screen.print(f"Of {result.records:,} records {' and '.join(filter(None, rest))}.", markup=False)
    paper = ", ".join(f"{name} {share:.1%}" for name, share in PAPER.items())
    screen.print(f"The paper, on 100 records each: {paper}.", markup=False)
    if result.wrong_ids:
        screen.print(f"Wrong: {printable(', '.join(result.wrong_ids))}", markup=False, soft_wrap=True)
