"""Dialects by name."""

from __future__ import annotations

from twist_scout.boxes.dialects.protocol import Dialect
from twist_scout.errors import BadConfig

_DIALECTS: dict[str, Dialect] = {}


def register_dialect(dialect: Dialect) -> Dialect:
    """Make a dialect known under its name.

    Raises:
        ValueError: another dialect already has that name.
    """
    if _DIALECTS.get(dialect.name, dialect) is not dialect:
        raise ValueError(f"a dialect named {dialect.name!r} is already registered")
    _DIALECTS[dialect.name] = dialect
    return dialect


def known_dialects() -> tuple[str, ...]:
    """The names of all dialects, sorted."""
    return tuple(sorted(_DIALECTS))


def get_dialect(name: str | Dialect) -> Dialect:
    """The dialect of that name; a dialect object is handed back as it is.

    Raises:
        BadConfig: there is no dialect of that name; the message lists those there are.
    """
    if not isinstance(name, str):
        return name
    try:
        return _DIALECTS[name]
    except KeyError:
        known = ", ".join(known_dialects())
        raise BadConfig(f"there is no box dialect {name!r}; choose one of: {known}") from None
