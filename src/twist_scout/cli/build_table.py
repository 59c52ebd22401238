"""What a run of the SCOUT engine gave, for people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from twist_scout.cli import console

if TYPE_CHECKING:
    from rich.table import Table

    from twist_scout.scout.build_report import BuildReport


def show(report: BuildReport, out: Path) -> None:
    """The table of a run, what its models used, what its reader met, and where its files are."""
    screen = console.out()
    asked = report.counts.get("questions", 0)
    made = f"{_several(report.records, 'record')} ({report.negatives:,} negative)"
    screen.print(f"{_several(report.items, 'picture')}, {_several(asked, 'question')}, {made}", style="bold")
    screen.print(_table(report))
    stages = {name: stage for name, stage in report.stages.items() if stage.requests}
    for name, stage in stages.items():
        screen.print(
            f"{name}: {stage.requests:,} requests, {stage.prompt_tokens:,} tokens read and "
            f"{stage.completion_tokens:,} written",
            markup=False,
        )
    events = ((report.source.get("tally") or {}).get("events") or {}).items()
    if events:
        screen.print(f"The source: {', '.join(f'{count:,} {event}' for event, count in events)}", markup=False)
    screen.print(f"Written to {out / 'train.jsonl'}, {out / 'rejects.jsonl'} and {out / 'report.json'}", markup=False)


def _table(report: BuildReport) -> Table:
    """The yield by reason."""
    from rich import box
    from rich.table import Table

    total = max(1, report.records + report.rejected)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("stage", "reason", "number", "share"):
        table.add_column(name, justify="right" if name in ("number", "share") else "left")
    table.add_row("kept", "", f"{report.records:,}", f"{report.records / total:.1%}", style="bold")
    for row in report.rejected_by:
        style = "red" if row.check == "engine" else None
        table.add_row(row.stage, row.check, f"{row.count:,}", f"{row.count / total:.1%}", style=style)
    return table


def tell_how_to_go_on(report: BuildReport, out: Path) -> None:
    """What the user should know and can do, on stderr."""
    screen = console.err()
    if report.stopped is not None:
        screen.print(
            f"Stopped ({report.stopped.rstrip('.')}): {report.items:,} pictures are done and kept in {out}. Run the same "
            "command again to go on.",
            markup=False,
        )
    faults = sum(row.count for row in report.rejected_by if row.check == "engine")
    if faults:
        screen.print(
            f"{faults:,} pictures failed by a fault of this program: see 'engine' in rejects.jsonl, and report it.",
            markup=False,
        )
    if report.to_retry:
        screen.print(
            f"{report.to_retry:,} pictures lack a model's reply: run the command with --retry-failed to ask again.",
            markup=False,
        )


def _several(count: int, name: str) -> str:
    return f"{count:,} {name}" if count == 1 else f"{count:,} {name}s"
