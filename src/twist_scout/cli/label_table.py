"""The result of ``twist-scout label`` as a table, and what else the user should know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twist_scout.cli.printable import printable

if TYPE_CHECKING:
    from rich.table import Table

    from twist_scout.labelling.report import Report

REPORT = "report.json"
_NAMED = 5


def table(report: Report) -> Table:
    """What was found of each class."""
    from rich.table import Table
    from rich.text import Text

    title = f"{report.boxes:,} boxes in {report.pictures - report.empty:,} of {report.pictures:,} pictures"
    found = Table(title=title, title_justify="left")
    found.add_column("class")
    failed = any(one.failed for one in report.classes)
    for name in ("boxes", "pictures", "refused", "no box", *(["not asked"] if failed else [])):
        found.add_column(name, justify="right")
    for one in report.classes:
        numbers = [one.boxes, one.pictures, one.refused, one.nothing, *([one.failed] if failed else [])]
        found.add_row(Text(printable(one.label)), *(f"{number:,}" for number in numbers))
    return found


def remarks(report: Report) -> list[str]:
    """What the user should know beside the numbers of the classes."""
    left_out = [
        (report.merged, "merged with one in the same place"),
        (report.another, "left out that the model called something else"),
        (report.small, "left out as too small"),
        (report.unsure, "left out as too unsure"),
        (report.reviewed, "left out as you marked them wrong"),
    ]
    lines = [f"{count:,} boxes were {what}." for count, what in left_out if count]
    if report.contested:
        lines.append(f"{report.contested:,} boxes are in the place of another class: look at them first.")
    if report.unread:
        lines.append(
            f"{report.unread:,} pieces of answers look like boxes and could not be read: is the --dialect right?"
        )
    for name, reason in sorted(report.unreadable.items())[:_NAMED]:
        lines.append(f"Not labelled: {reason}" if name in reason else f"Not labelled: {name}: {reason}")
    if len(report.unreadable) > _NAMED:
        lines.append(f"{len(report.unreadable):,} pictures were not labelled; {REPORT} names all.")
    if report.foreign:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in report.foreign.items())
        lines.append(f"Files of kinds that cannot be read were passed over ({kinds}): convert them to JPEG or PNG.")
    return lines
