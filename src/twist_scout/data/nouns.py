"""English nouns: singular, plural, the indefinite article, and numbers in words."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import inflect

# Every word that a model may write passes through here, so the tables are bounded.
_REMEMBERED = 65536
# Beside "-ss", "-us" and "-sis" (a glass, a bus, an oasis): inflect takes these for plurals.
_SINGULAR_IN_S = frozenset(("atlas", "canvas", "christmas", "gas", "iris", "lens", "tennis", "trellis"))


@lru_cache(maxsize=_REMEMBERED)
def singular(noun: str) -> str:
    """Singular of a noun; a noun that is not known to be a plural, or no word at all, comes back as it is."""
    if not noun.strip() or noun.endswith(("ss", "us", "sis")) or noun in _SINGULAR_IN_S:
        return noun
    # inflect's parameter and result types are annotated subclasses of str.
    found: Any = _engine().singular_noun(noun)
    return str(found) if found else noun


@lru_cache(maxsize=_REMEMBERED)
def plural(noun: str) -> str:
    """Plural of a noun phrase by its last word: ``red bus`` -> ``red buses``; nothing stays nothing."""
    if not noun.strip():
        return noun
    engine: Any = _engine()
    return str(engine.plural_noun(noun))


@lru_cache(maxsize=_REMEMBERED)
def with_article(phrase: str) -> str:
    """With "a" or "an", by sound: ``hour`` -> ``an hour``, ``unicycle`` -> ``a unicycle``; nothing stays nothing."""
    if not phrase.strip():
        return phrase
    engine: Any = _engine()
    return str(engine.a(phrase))


@lru_cache(maxsize=_REMEMBERED)
def in_words(number: int) -> str:
    """A whole number in words: ``two``."""
    return str(_engine().number_to_words(number))  # type: ignore[arg-type]


def load_tables() -> None:
    """Load the tables now, for work that is timed: else the first noun waits for them."""
    _engine()


@lru_cache(maxsize=1)
def _engine() -> inflect.engine:
    import inflect

    return inflect.engine()
