"""Text from strangers on a terminal."""

from __future__ import annotations


def printable(text: object) -> str:
    """A text whose control characters are spelled out: ids and captions must not steer the terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in str(text))
