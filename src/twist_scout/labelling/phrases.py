"""Whether two phrases can be about one thing: what a model says against what it was asked for, and two classes in one place."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from twist_scout.data.kinds import kinds_of, may_be
from twist_scout.data.names import head_words
from twist_scout.data.nouns import singular

_REMEMBERED = 65536


def names_another(said: str, asked: str, others: Sequence[str]) -> bool:
    """Whether a phrase names another thing than was asked for: "the dog" in an answer about apples.

    Of one noun, it does so if it holds all words of another phrase that is asked for, and not those of this one: "the blue
    car" for "red car". Of different nouns that never mean the same thing, if its noun is asked for elsewhere, or if both are
    everyday words; a word that is not known may be another name of anything.

    Args:
        said: the phrase before a box.
        asked: what was asked for.
        others: what else is asked for, under other labels.
    """
    head, wanted = _head(said), _head(asked)
    if not head or not wanted:
        return False
    told, own = _words(said), _words(asked)
    if head == wanted:
        claimed = (_words(other) for other in others if _head(other) == head)
        return not own <= told and any(words <= told and not words <= own for words in claimed)
    if head in own or wanted in told or may_be(head, wanted) or may_be(wanted, head):
        return False
    everyday = len(kinds_of(head)) > 1 and len(kinds_of(wanted)) > 1
    return everyday or head in map(_head, others)


@lru_cache(maxsize=_REMEMBERED)
def exclude(one: str, other: str) -> bool:
    """Whether a thing cannot be both: a dog is no cat and a red car no blue one, but a red car is a car, and a puppy a dog."""
    a, b = _words(one), _words(other)
    if a <= b or b <= a:
        return False
    first, second = _head(one), _head(other)
    return first == second or not (may_be(first, second) or may_be(second, first))


@lru_cache(maxsize=_REMEMBERED)
def _words(phrase: str) -> frozenset[str]:
    return frozenset(singular(word) for word in phrase.lower().split())


@lru_cache(maxsize=_REMEMBERED)
def _head(phrase: str) -> str:
    words = head_words(phrase)
    return singular(words[-1]) if words else ""
