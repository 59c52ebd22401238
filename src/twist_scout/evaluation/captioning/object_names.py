"""From a noun phrase to the name that is compared with class names."""

from __future__ import annotations

import re
from functools import lru_cache

from twist_scout.boxes import words
from twist_scout.data.names import head_words
from twist_scout.data.nouns import singular

_NUMBERED = re.compile(r"(?<=[^\W\d])[\d]+\Z")  # "person1"
_OWNERS = ("'s", "’s", "s'", "s’")
#: They count what follows them, as their singular does: "five pairs of skis".
_COLLECTIVES = re.compile(
    r"\b(?:pairs|groups|bunches|crowds|herds|flocks|rows|stacks|piles|teams|pieces|slices)\s+of\s+", re.I
)
#: In the plural they are not several of what their singular names.
_OTHER_IN_PLURAL = frozenset(("glasses", "eyeglasses", "sunglasses", "shorts", "clothes"))
_LONGEST = 4
"""Words of a name: what stands before them describes."""
_LONGEST_WORD = 40  # characters: a longer one is none


@lru_cache(maxsize=65536)
def object_name(phrase: str) -> str:
    """The bare name in a noun phrase, singular and in lower case: ``three small red cars`` is ``car``.

    Determiners, numbers, colours, sizes and owners ("the man's hat") go, and what follows the head noun; words that
    specialise it ("police officer", "wine glass") stay.

    Args:
        phrase: a noun phrase.

    Returns:
        At most four words; empty where the phrase names nothing.
    """
    spoken = head_words(_COLLECTIVES.split(phrase)[-1])
    owners = [place for place, word in enumerate(spoken[:-1]) if word.endswith(_OWNERS)]
    own = spoken[owners[-1] + 1 :] if owners else spoken
    bare = (_NUMBERED.sub("", word.strip("'’-_")) for word in own)
    found = [word for word in bare if word and not word.isdigit() and len(word) <= _LONGEST_WORD]
    while len(found) > 1 and _describes(found[0]):
        found = found[1:]
    if not found:
        return ""
    *before, last = found[-_LONGEST:]
    return " ".join([*before, last if last in _OTHER_IN_PLURAL else singular(last)])


def _describes(word: str) -> bool:
    if word in words.ADJECTIVES or word in words.DETERMINERS or word in words.FUNCTION_WORDS:
        return True
    return "-and-" in word or (word in words.PARTICIPLES and word not in words.NOUNS_IN_ING)
