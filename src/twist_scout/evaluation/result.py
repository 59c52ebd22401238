"""What every evaluator returns: numbers that print themselves, and what each sample contributed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class ResultTable:
    """A table for readers: printed on a terminal, shown on a page.

    Attributes:
        title: what it shows.
        columns: headings; the first column names the rows.
        rows: cells as they are to be read, numbers already rounded.
        note: one sentence below it, or nothing.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


@runtime_checkable
class EvaluationResult(Protocol):
    """A score with all it rests on.

    ``str(result)`` is one line: the headline number with its convention, counts and protocol version.
    """

    @property
    def protocol(self) -> str:
        """Name and version, such as ``referring/1``: a new version where the same predictions would score otherwise."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """Every number under the field's name, ready for JSON (no NaN: None)."""
        ...

    def tables(self) -> list[ResultTable]:
        """The same for readers."""
        ...

    def scores(self) -> Mapping[str, float]:
        """What each sample contributed to the headline number, by sample id; what paired comparisons resample."""
        ...
