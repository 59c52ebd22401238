"""From the phrases of free captions to the classes of an annotation (§5.2: "maps object names from different MLLMs to
COCO class labels using a sentence transformer").

Four steps, the first that knows a phrase decides:

1. the user's overrides, by phrase or by name;
2. the object's name (`object_names.object_name`) in a list of names, whole, then by its endings (the head noun is the
   last word: a tennis player is a player, a train track is no train);
3. the cosine similarity of the name with every class label, where it reaches the threshold;
4. otherwise no class: the phrase counts neither for nor against average precision, and is counted as unmapped.

Similarity alone, the paper's words, is there by name (``names=None``); why the list stands before it, and where the
threshold comes from, ``benchmarks/eval_captioning.py --mapping`` shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from twist_scout.evaluation.captioning.disk_cache import DiskCache
from twist_scout.evaluation.captioning.embedding import Encoder
from twist_scout.evaluation.captioning.name_list import NameList
from twist_scout.evaluation.captioning.object_names import object_name

THRESHOLD = 0.7
"""Cosine similarity from which a name is taken for a class."""

How = Literal["override", "listed", "similar", "unlike", "unnamed", "given"]
WORDS: dict[How, str] = {
    "override": "your override",
    "listed": "in the list of names",
    "similar": "by similarity",
    "unlike": "like no class",
    "unnamed": "boxes without a name",
    "given": "by the mapping given",
}


@dataclass(frozen=True, slots=True)
class Mapped:
    """What became of a phrase.

    Attributes:
        name: what was compared, the bare object name.
        label: the class, or None.
        how: what decided.
        similarity: cosine with the nearest class label, where it was asked for.
        nearest: that class.
    """

    name: str
    label: str | None
    how: How
    similarity: float | None = None
    nearest: str | None = None


class Mapper(Protocol):
    """Whatever maps phrases to classes."""

    @property
    def description(self) -> str:
        """In a few words, as printed with the score."""

    def map(self, phrases: Iterable[str]) -> dict[str, Mapped]:
        """Every phrase, once."""


class PhraseMapper:
    """Maps phrases to class labels as this module says.

    Args:
        classes: the labels, in lower case, singular.
        encoder: compares names with labels; None for none, so that only overrides and listed names are mapped.
        threshold: similarity from which a name is taken for a class.
        names: the list of names; None for none.
        overrides: phrase or name -> label, or None for no class.
    """

    def __init__(
        self,
        classes: Sequence[str],
        encoder: Encoder | None = None,
        *,
        threshold: float = THRESHOLD,
        names: NameList | None = None,
        overrides: Mapping[str, str | None] | None = None,
    ) -> None:
        self.classes = tuple(classes)
        self._encoder, self._threshold = encoder, threshold
        self._names = names
        self._overrides = {_plain(phrase): label for phrase, label in (overrides or {}).items()}

    @property
    def cache(self) -> DiskCache | None:
        """Where vectors of names are kept, if they are."""
        return getattr(self._encoder, "cache", None)

    @property
    def description(self) -> str:
        """In a few words, as printed with the score."""
        parts = [
            f"{len(self._overrides)} overrides" if self._overrides else "",
            f"names/{self._names.version}" if self._names else "",
            f"{self._encoder.name} >= {self._threshold:g}" if self._encoder else "",
        ]
        return ", ".join(part for part in parts if part) or "nothing"

    def map(self, phrases: Iterable[str]) -> dict[str, Mapped]:
        """Every phrase, once; names that are on no list are compared together."""
        found: dict[str, Mapped] = {}
        open_names: dict[str, str] = {}
        for phrase in dict.fromkeys(phrases):
            known = self._known(phrase)
            if known is None:
                open_names[phrase] = object_name(phrase)
            else:
                found[phrase] = known
        compared = self._compared(sorted(set(open_names.values())))
        found.update((phrase, compared[name]) for phrase, name in open_names.items())
        return found

    def _known(self, phrase: str) -> Mapped | None:
        name = object_name(phrase)
        for key in (_plain(phrase), name):
            if key and key in self._overrides:
                return Mapped(name or key, self._overrides[key], "override")
        if not name:
            return Mapped("", None, "unnamed")
        if self._names is not None:
            listed, label = self._names.look_up(name)
            if listed:
                return Mapped(name, label, "listed")
        return None

    def _compared(self, names: list[str]) -> dict[str, Mapped]:
        if self._encoder is None or not self.classes or not names:
            return {name: Mapped(name, None, "unlike") for name in names}
        labels = self._encoder.encode(self.classes)
        cosine = self._encoder.encode(names) @ labels.T  # (names, classes)
        best = np.argmax(cosine, axis=1)
        found = {}
        for row, (name, place) in enumerate(zip(names, best.tolist(), strict=True)):
            similarity, nearest = round(float(cosine[row, place]), 4), self.classes[place]
            alike = similarity >= self._threshold
            found[name] = Mapped(
                name, nearest if alike else None, "similar" if alike else "unlike", similarity, nearest
            )
        return found


class FunctionMapper:
    """A plain function from phrase to class, such as :class:`twist_scout.data.names.NameMap`.

    Args:
        name_of: phrase -> label or None.
    """

    def __init__(self, name_of: Callable[[str], str | None]) -> None:
        self._name_of = name_of

    @property
    def description(self) -> str:
        """The name of the function, or of its class."""
        return str(getattr(self._name_of, "__name__", type(self._name_of).__name__))

    def map(self, phrases: Iterable[str]) -> dict[str, Mapped]:
        """Every phrase, once."""
        return {
            phrase: Mapped(object_name(phrase), self._name_of(phrase), "given") for phrase in dict.fromkeys(phrases)
        }


def _plain(phrase: str) -> str:
    return " ".join(phrase.lower().split())
