"""One line of the result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about one thing.

    Attributes:
        name: the thing.
        status: ``ok``; ``warning``: something optional does not work; ``problem``: the core does not.
        detail: what was found.
        remedy: what to do about it; empty where nothing need be done.
    """

    name: str
    status: Status
    detail: str
    remedy: str = ""
