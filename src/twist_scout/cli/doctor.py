"""``twist-scout doctor``: what works on this machine, and the remedy for what does not."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from twist_scout.cli import console, options
from twist_scout.cli.printable import printable

if TYPE_CHECKING:
    from rich.console import Console

    from twist_scout.machine import Finding

_STYLES = {"ok": "green", "warning": "yellow", "problem": "bold red"}


def doctor(
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask the hub whether it is there.")] = False,
    json: options.Json = False,
) -> None:
    """Look at what this machine has: libraries, the shipped model, GPU, compiler, hub, extras.

    Each line is ok, a warning (something optional does not work) or a problem
    (the core does not), with its remedy. The exit status is 1 where there is a
    problem.

    Examples:
      twist-scout doctor
      twist-scout doctor --offline --json
    """
    from twist_scout.machine.checks import check_machine

    screen = console.out()
    findings: list[Finding] = []
    for finding in check_machine(offline=offline):
        findings.append(finding)
        if finding.name in ("torch", "libraries"):
            _quiet()
        if not json:
            _print(screen, finding)
    problems = sum(one.status == "problem" for one in findings)
    warnings = sum(one.status == "warning" for one in findings)
    if json:
        console.print_json({"works": problems == 0, "findings": [asdict(one) for one in findings]})
    elif problems:
        screen.print(f"{_counted(problems, 'problem')} to be mended first.", style=_STYLES["problem"])
    else:
        optional = f"; {_counted(warnings, 'warning')} about what is optional" if warnings else ""
        screen.print(f"The core works{optional}.", style=_STYLES["ok"])
    raise typer.Exit(1 if problems else 0)


def _quiet() -> None:
    """Keep libraries from talking in between, where they can be imported at all."""
    from contextlib import suppress

    with suppress(Exception):
        console.quiet_libraries()


def _print(screen: Console, finding: Finding) -> None:
    from rich.text import Text

    line = Text.assemble(
        (f"{finding.status:8}", _STYLES[finding.status]),
        (f"{finding.name:14} ", "bold"),
        printable(finding.detail),
    )
    screen.print(line, soft_wrap=True)
    if finding.remedy:
        screen.print(Text(f"{'':23}{printable(finding.remedy)}", style="dim"), soft_wrap=True)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" + ("s" if number != 1 else "")
