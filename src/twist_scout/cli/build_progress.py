"""How far a run of the SCOUT engine is: a bar on a terminal, a line now and then in a log file."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from twist_scout.cli import console

if TYPE_CHECKING:
    from twist_scout.scout.pipeline import Progress as State

LOG_SECONDS = 30.0


class BuildProgress:
    """Shows each state of a run on stderr.

    Args:
        log_seconds: where stderr is no terminal, one line in so many seconds.
    """

    def __init__(self, log_seconds: float = LOG_SECONDS) -> None:
        self._screen = console.err()
        self._bar = Progress(
            TextColumn("Items"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[kept]:,} kept"),
            TextColumn("({task.fields[share]:.0%})"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self._screen,
            disable=not self._screen.is_terminal,
        )
        self._task = self._bar.add_task("", total=None, kept=0, share=0.0)
        self._log_seconds, self._logged = log_seconds, time.monotonic()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def __call__(self, state: State) -> None:
        """Show a state."""
        share = state.kept / max(1, state.kept + state.rejected)
        self._bar.update(self._task, completed=state.done, total=state.total, kept=state.kept, share=share)
        if state.note:
            self.note(state.note)
        if not self._screen.is_terminal and time.monotonic() - self._logged >= self._log_seconds:
            self._logged = time.monotonic()
            of = f" of {state.total:,}" if state.total is not None else ""
            self._screen.print(f"{state.done:,}{of} items, {state.kept:,} records kept ({share:.0%})", markup=False)

    def note(self, text: str) -> None:
        """Show a sentence."""
        self._screen.print(text, markup=False)
