"""Near-duplicates: the same question about the same picture, in the same words or almost."""

from __future__ import annotations

import hashlib
import re

from twist_scout.data.nouns import singular
from twist_scout.data.records import Example

# Beside these every word counts, question words too: where the dog is and what color it is are two questions.
_EMPTY = frozenset("a an the this that these those is are was were be of in on at to do does did please".split())
_SPELLINGS = {"colour": "color", "colours": "color"}


class DuplicateGuard:
    """Remembers what was asked; say the records in a fixed order, then what it says is fixed too.

    Of every record a hash is kept (8 bytes and the set's own), so that the same question about a picture is found in the
    whole run. Similar questions are looked for among those of a picture whose records follow one another.

    Args:
        similar: share of common content words (Jaccard) from which two questions are near-duplicates.
    """

    def __init__(self, similar: float = 0.8) -> None:
        self.similar = similar
        self._asked: set[bytes] = set()
        self._picture = ""
        self._questions: list[tuple[str, frozenset[str]]] = []

    def repeats(self, example: Example) -> str | None:
        """The id of an earlier record, or of the same question in words, that this one repeats; None, and it is
        remembered, if there is none.
        """
        question = str(example.meta.get("question") or example.messages[0].content)
        words = _words(question)
        key = hashlib.blake2b(f"{example.image}\0{' '.join(question.lower().split())}".encode(), digest_size=8).digest()
        if example.image != self._picture:
            self._picture, self._questions = example.image, []
        for id, other in self._questions:
            union = len(words | other)
            if union and len(words & other) >= self.similar * union and _asks_the_same(words, other):
                return id
        if key in self._asked:
            return "an earlier record with the same question"
        self._asked.add(key)
        self._questions.append((example.id, words))
        return None


def _words(question: str) -> frozenset[str]:
    words = (_SPELLINGS.get(word, word) for word in re.findall(r"\w+", question.lower()))
    return frozenset(singular(word) for word in words if word not in _EMPTY)


def _asks_the_same(one: frozenset[str], other: frozenset[str]) -> bool:
    """Not where each names something of its own: the red dog and the blue dog."""
    return one <= other or other <= one
