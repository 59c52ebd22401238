"""From a noun phrase of free text to a class name: head noun, singular, synonym table.

The paper maps the names that a model uses to COCO classes before it counts average precision
(Figure 1 (c), §5.2). This map is the transparent, deterministic form of that step: what it cannot
map it says so, and it never guesses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cached_property

from twist_scout.boxes.words import DETERMINERS
from twist_scout.data.nouns import singular

#: What may follow the head noun of an English noun phrase: "the dog *left of* the tree", "a man
#: *in* a blue robe".
_AFTER_HEAD = re.compile(
    r"\b(?:left of|right of|next to|in front of|on top of|to the|that|which|who|"
    r"in|on|at|by|with|without|near|behind|beside|above|below|under|over|between|from|for|"
    r"wearing|holding|carrying|sitting|standing|riding|lying|walking|playing|is|are)\b"
)
#: Heads that only group what comes after "of": "a group of people", "a slice of pizza".
_COLLECTIVES = frozenset(
    {"group", "pair", "couple", "bunch", "row", "crowd", "herd", "flock", "lot", "set", "stack"}
    | {"pile", "team", "piece", "slice", "most"}
)


class NameMap:
    """Maps noun phrases to class names.

    The head noun decides: ``the small red cars`` and ``a car left of the bus`` are both ``car``;
    ``the car park`` is not. Class names of several words (``dining table``) are matched as a whole,
    longest first. A word that only counts or groups hands over to what it counts (``a group of
    people`` is ``person``; ``the top of the car`` is no ``car``).

    Args:
        classes: class names in lower case, singular.
        synonyms: other singular names -> class name, for instance ``{"puppy": "dog"}``.

    Raises:
        ValueError: a synonym points to a class that does not exist.
    """

    def __init__(self, classes: Iterable[str], synonyms: Mapping[str, str] | None = None) -> None:
        self.classes = tuple(dict.fromkeys(classes))
        self._names = {name.lower(): name for name in self.classes}
        for other, name in (synonyms or {}).items():
            if name not in self.classes:
                raise ValueError(f"synonym {other!r} points to {name!r}, which is not a class")
            self._names[other.lower()] = name

    def __call__(self, phrase: str) -> str | None:
        """The class of a phrase, or ``None`` where its head noun names none."""
        words = head_words(phrase)
        for start in range(max(0, len(words) - self._longest), len(words)):
            name = self._singular(words[start:])
            if name is not None:
                return name
        return None

    @cached_property
    def _longest(self) -> int:
        return max((len(name.split()) for name in self._names), default=1)

    def _singular(self, words: list[str]) -> str | None:
        text = " ".join(words)
        if text in self._names:
            return self._names[text]
        return self._names.get(" ".join([*words[:-1], singular(words[-1])]))


def head_words(phrase: str) -> list[str]:
    """The words of a noun phrase up to and with its head noun, in lower case, without determiners."""
    for segment in _AFTER_HEAD.split(phrase.lower()):
        words: list[str] = []
        for part in re.split(r"\bof\b", segment):
            words = [w for w in re.findall(r"[\w'-]+", part) if w not in DETERMINERS]
            if words and words[-1] not in _COLLECTIVES:
                break
        if words:  # "a walking dog": nothing but a determiner stands before the participle
            return words
    return []
