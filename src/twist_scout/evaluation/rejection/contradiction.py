"""Whether a refusal contradicts the question with things that are really there.

``Step 1: Find the dog. Step 2: There is a woman [[15,22,68,74]] in the image, not a dog.`` (Figure A.2). The woman's box
is real if it overlaps an annotated object (IoU at least 0.5) of the class that her phrase names.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from twist_scout.boxes.box import Box, iou_matrix
from twist_scout.boxes.grounded import GroundedText
from twist_scout.boxes.noun_phrase import noun_phrase_before
from twist_scout.data.kinds import may_be
from twist_scout.data.names import NameMap, head_words
from twist_scout.data.nouns import singular

IOU = 0.5
"""Overlap from which a box is that of an annotated object."""

#: Characters of a phrase that are looked at, from its end.
_LONGEST = 200

Kind = Literal["grounded", "partly grounded", "wrong", "not annotated", "without a box"]
KINDS: tuple[Kind, ...] = ("grounded", "partly grounded", "wrong", "not annotated", "without a box")

Objects = Sequence[tuple[str, Box]]


@dataclass(frozen=True, slots=True)
class Contradiction:
    """The boxes of a refusal, held against the annotation.

    Attributes:
        real: boxes that overlap an annotated object of the class that their phrase names.
        wrong: boxes whose phrase names an annotated class, and that overlap no object of it.
        not_annotated: boxes whose phrase names no class that is annotated; nothing can be said about them.
    """

    real: int
    wrong: int
    not_annotated: int

    @property
    def kind(self) -> Kind:
        """``grounded``: some boxes are real, and none is wrong."""
        if self.real:
            return "partly grounded" if self.wrong else "grounded"
        if self.wrong:
            return "wrong"
        return "not annotated" if self.not_annotated else "without a box"


class ClassNames:
    """From a phrase to the annotated classes that it may name.

    ``a little girl`` names ``person`` where persons are annotated and girls are not: what a phrase may be, or may be
    called, is looked up in `twist_scout.data.kinds`.

    Args:
        classes: the names of the annotation.
    """

    def __init__(self, classes: Iterable[str]) -> None:
        self.classes = tuple(dict.fromkeys(name.lower() for name in classes))
        self._map = NameMap(self.classes)
        self._named = lru_cache(maxsize=65536)(self._find)

    def named(self, phrase: str) -> frozenset[str]:
        """The classes that a phrase may name; empty where it names none of them."""
        return self._named(phrase[-_LONGEST:].lower())

    def _find(self, words_before: str) -> frozenset[str]:
        # Some dialects tie a whole clause to a box ("There is the dog"): its last noun phrase names the thing.
        start, end = noun_phrase_before(words_before, 0, len(words_before))
        phrase = words_before[start:end] or words_before
        exact = self._map(phrase)
        words = head_words(phrase)
        if exact is None and not words:
            return frozenset()
        head = exact if exact is not None else singular(words[-1])
        alike = {name for name in self.classes if may_be(head, name) or may_be(name, head)}
        return frozenset(alike | ({exact} if exact is not None else set()))


def judge(answer: GroundedText, objects: Objects, names: ClassNames) -> Contradiction:
    """Hold the boxes of an answer against the objects of its picture.

    Args:
        answer: its boxes are fractions of the original picture.
        objects: class and box of every annotated object.
        names: of the whole annotation, those of other pictures too.
    """
    real = wrong = not_annotated = 0
    for phrase in answer.phrases:
        classes = names.named(phrase.text)
        if not classes:
            not_annotated += len(phrase.boxes)
            continue
        there = [box for name, box in objects if name.lower() in classes]
        best = iou_matrix(phrase.boxes, there).max(axis=1, initial=0.0)
        found = int((best >= IOU).sum())
        real += found
        wrong += len(phrase.boxes) - found
    return Contradiction(real, wrong, not_annotated)
