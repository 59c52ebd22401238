"""Dialects by name."""

from __future__ import annotations

from twist_scout.boxes.dialects.codec import Codec
from twist_scout.boxes.dialects.protocol import Dialect
from twist_scout.boxes.frame import Frame, Stretched
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


def get_dialect(name: str | Dialect, frame: Frame | None = None) -> Dialect:
    """The dialect of that name, or the given one, bound to the size of a frame where one is given.

    Args:
        name: one of `known_dialects`, or a dialect.
        frame: how the model sees the picture. A dialect that writes pixels is bound to the size of
            that frame; without one (or where the frame has no size) it can read nothing.

    Raises:
        BadConfig: there is no dialect of that name; the message lists those there are.
    """
    dialect = name if not isinstance(name, str) else _DIALECTS.get(name)
    if dialect is None:
        known = ", ".join(known_dialects())
        raise BadConfig(f"there is no box dialect {name!r}; choose one of: {known}")
    size = frame.model_size if frame is not None else None
    if size is not None and isinstance(dialect, Codec):
        return dialect.for_size(*size)
    return dialect


def dialect_frame(name: str | Dialect, *, width: int, height: int) -> Frame:
    """The frame in which the model family of a dialect sees an image.

    Args:
        name: one of `known_dialects`, or a dialect.
        width: width of the original image in pixels.
        height: height of the original image in pixels.

    Returns:
        What the family's released models use; `Stretched` for a dialect from outside this package.

    Raises:
        BadConfig: there is no dialect of that name.
        BadImage: the family's preprocessing refuses an image of this shape.
    """
    dialect = get_dialect(name)
    return dialect.frame(width, height) if isinstance(dialect, Codec) else Stretched((width, height))
