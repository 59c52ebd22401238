"""Things that captions name and pictures do not hold, after CHAIR (Rohrbach et al., "Object Hallucination in Image
Captioning", 2018).

A caption mentions a class by a phrase with boxes that is mapped to it, or by a noun without boxes that the list of
names knows. It is hallucinated if nothing in the picture's annotation, crowds included, may be called by that name or
that class (`twist_scout.data.kinds`: a puppy is a dog, a teddy bear may be called a bear). Classes count once per
caption. What is denied ("no people") is not mentioned.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from twist_scout.boxes import words
from twist_scout.boxes.grounded import GroundedText
from twist_scout.data.kinds import may_be
from twist_scout.evaluation.captioning.name_list import NameList
from twist_scout.evaluation.captioning.object_names import object_name

_STOPS = words.FUNCTION_WORDS | words.VERBS | words.DETERMINERS | words.PRONOUNS
_DENIALS = frozenset(("no", "not", "without", "neither", "nor", "never"))
_TOKEN = re.compile(r"[^\W_][\w'’-]*+|[^\w\s]++")
_LONGEST = 4  # words of a name
_MOST_TEXT = 20_000
"""Characters without boxes that are looked through; what goes on longer is no caption."""


@dataclass
class Hallucination:
    """Counts over all captions.

    Attributes:
        captions: that were there.
        with_hallucination: captions that name at least one class that is not there.
        mentions: classes named, once per caption.
        hallucinated: of them, not there.
        by_class: hallucinated mentions of each class.
    """

    captions: int = 0
    with_hallucination: int = 0
    mentions: int = 0
    hallucinated: int = 0
    by_class: Counter[str] = field(default_factory=Counter)

    @property
    def per_mention(self) -> float:
        """CHAIR_i: the share of the mentions that are hallucinated; NaN without mentions."""
        return self.hallucinated / self.mentions if self.mentions else float("nan")

    @property
    def per_caption(self) -> float:
        """CHAIR_s: the share of the captions with a hallucinated mention; NaN without captions."""
        return self.with_hallucination / self.captions if self.captions else float("nan")

    def add(self, named: dict[str, str], there: Collection[str]) -> None:
        """Count a caption.

        Args:
            named: classes that it mentions, each with the name it is called by.
            there: classes that are annotated.
        """
        absent = [label for label, name in named.items() if not is_there(label, name, there)]
        self.captions += 1
        self.mentions += len(named)
        self.hallucinated += len(absent)
        self.with_hallucination += bool(absent)
        self.by_class.update(absent)


def is_there(label: str, name: str, there: Collection[str]) -> bool:
    """Whether something annotated may be meant by a mention of a class under a name."""
    return label in there or any(_related(label, one) or _related(name, one) for one in there)


@lru_cache(maxsize=65536)
def _related(a: str, b: str) -> bool:
    return may_be(a, b) or may_be(b, a)


def named_without_boxes(caption: GroundedText, names: NameList) -> Iterator[tuple[str, str]]:
    """(class, name) of the nouns of a caption that have no boxes, as far as the list knows them.

    Args:
        caption: what a model wrote, read.
        names: the classes' names.
    """
    left = _MOST_TEXT
    for stretch in _without_boxes(caption):
        yield from _named(stretch[:left], names)
        left -= len(stretch)
        if left <= 0:
            return


def _without_boxes(caption: GroundedText) -> Iterator[str]:
    """The text between phrases with boxes."""
    spans = [phrase.item or (phrase.start, phrase.boxes_end) for phrase in caption.phrases]
    spans += [(piece.start, piece.start + len(piece.text)) for piece in caption.unread]
    done = 0
    for start, end in sorted(spans):
        if start > done:
            yield caption.text[done:start]
        done = max(done, end)
    yield caption.text[done:]


def _named(stretch: str, names: NameList) -> Iterator[tuple[str, str]]:
    run: list[str] = []
    before: list[str] = []
    for match in _TOKEN.finditer(stretch):
        word = match[0].lower()
        if word in _STOPS or not word[0].isalnum():
            yield from _head(run, before, names)
            before = [*before[-1:], *run[-1:], word][-2:]
            run = []
        else:
            run = [*run, word][-_LONGEST:]
    yield from _head(run, before, names)


def _head(run: Sequence[str], before: Sequence[str], names: NameList) -> Iterator[tuple[str, str]]:
    """The class that the last words of a run of nouns and adjectives name."""
    if not run or not _DENIALS.isdisjoint(before):
        return
    if run[-1] in words.COLORS and before[-1:] == ["in"]:
        return  # "dressed in orange"
    name = object_name(" ".join(run))
    _, label = names.look_up(name)
    if label is not None:
        yield label, name
