"""From words of the command line to settings of ``twist-scout scout build``."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from twist_scout.errors import BadConfig

if TYPE_CHECKING:
    from twist_scout.scout.checks import CheckSettings


def chosen_checks(names: str, iou: float) -> CheckSettings:
    """Settings from ``all``, ``none``, names, or ``all,-name``.

    Raises:
        BadConfig: there is no such check.
    """
    from twist_scout.scout.checks import CHECKS, CheckSettings

    parts = [part.strip() for part in names.split(",") if part.strip()]
    known = {"all", "none", *CHECKS}
    unknown = [part for part in parts if part.removeprefix("-") not in known]
    if unknown or not parts:
        raise BadConfig(f"--checks {names!r}: give all, none, or names among {', '.join(CHECKS)}.")
    left_out = {part.removeprefix("-") for part in parts if part.startswith("-")}
    named = {part for part in parts if not part.startswith("-")}
    made = set(CHECKS) if "all" in named or not named else named & set(CHECKS)
    return CheckSettings(iou=iou, skip=frozenset(set(CHECKS) - (made - left_out)))


def contents_mark(folder: Path | None) -> str | None:
    """A mark of the user's own prompts, so that a run does not go on with others."""
    if folder is None:
        return None
    mark = hashlib.blake2b(digest_size=8)
    for path in sorted(folder.glob("*.yaml")):
        mark.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return mark.hexdigest()
