"""Text from strangers on a page."""

from __future__ import annotations

import re

#: Characters that UTF-8 cannot hold (halves of surrogate pairs) or that HTML forbids; tab and line breaks are fine.
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
#: Where the symbols for control characters begin in Unicode.
_SYMBOLS = 0x2400


def legible(text: str) -> str:
    """The text with every character that a page cannot hold made visible: control characters as their symbols (``␀``),
    what is no character at all as ``�``.
    """
    return _FORBIDDEN.sub(_shown, text)


def shortened(text: str, limit: int) -> str:
    """At most ``limit`` characters of a text; a longer one ends in how long it was."""
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text):,} characters)"


def _shown(found: re.Match[str]) -> str:
    number = ord(found[0])
    if number < 0x20:
        return chr(_SYMBOLS + number)
    return "␡" if number == 0x7F else "\ufffd"
