"""Errors that a user can act on.

Every message is one sentence that says what is wrong, where, and what to do about it. The command line prints it
without a traceback and exits with status 2.
"""

from __future__ import annotations

from pathlib import Path


class TwistScoutError(Exception):
    """Base of all errors that this package raises on purpose."""


class BadInput(TwistScoutError):
    """Something the user handed over cannot be used."""


class BadImage(BadInput):
    """A file or object that should be a picture is not one that can be read."""


class BadConfig(BadInput):
    """A configuration key or value that does not exist or does not fit."""


class BadModel(BadInput):
    """A model or adapter folder that is not one, or a model that TWIST cannot wrap."""


class BadRecord(BadInput):
    """A line of a data file that cannot be read.

    Args:
        file: the data file.
        line: 1-based line number.
        problem: what is wrong with that line, and the remedy.
    """

    def __init__(self, file: str | Path, line: int, problem: str) -> None:
        super().__init__(f"{file}, line {line}: {problem}")
        self.file = Path(file)
        self.line = line


def first_line(error: BaseException) -> str:
    """What an error of another library says, in one line of at most 160 characters without a full stop."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[0].rstrip(".") if lines else type(error).__name__
    return text if len(text) <= 160 else text[:157] + "..."
