"""A record as the checks read it: its steps, and which words each box was given to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from twist_scout.boxes.noun_phrase import noun_phrase_before
from twist_scout.boxes.steps import StepSpan, find_steps
from twist_scout.boxes.verdict import extract_answer, says_question_is_invalid
from twist_scout.boxes.words import ADJECTIVES
from twist_scout.data.names import head_words
from twist_scout.data.nouns import singular
from twist_scout.data.records import Example, reference_spans
from twist_scout.scout.references import without_references

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
#: Words that say nothing about what is seen.
EMPTY = frozenset(
    """a an the this that these those of in on at to from by with and or is are was were be been being it its there here
    so answer step find found look see got get what who whose where which how many color colour image picture photo
    question invalid not no do does doing""".split()
)


@dataclass(frozen=True, slots=True)
class Mention:
    """A phrase with its boxes.

    Attributes:
        phrase: the words, in lower case; empty where the boxes follow no noun phrase.
        head: the head noun, singular.
        adjectives: words before the head, and colours after it that are said of the phrase (``The dog <box:0> is red``).
        boxes: indexes into the record's boxes.
        step: number of its step; 0 before the first.
        said: a word that is said of it right behind the boxes: ``is red``.
    """

    phrase: str
    head: str
    adjectives: tuple[str, ...]
    boxes: tuple[int, ...]
    step: int
    said: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What the checks look at.

    Attributes:
        question: the bare question.
        text: the answer with references.
        plain: the answer without.
        steps: where its steps are in ``text``.
        bodies: the plain words of each step.
        mentions: phrases with boxes, in order.
        final: what it concludes; empty where nothing is concluded.
        refuses: whether it says that the question does not fit the picture.
    """

    question: str
    text: str
    plain: str
    steps: list[StepSpan]
    bodies: list[str]
    mentions: list[Mention]
    final: str
    refuses: bool


_SAID = re.compile(r"\s*(?:is|are|looks|look)\s+(?:a\s+|an\s+|very\s+)?([a-z]+)", re.IGNORECASE)


def read_record(example: Example) -> Reading:
    """Read the last exchange of a record."""
    text = example.messages[-1].content
    asked = example.messages[-2].content if len(example.messages) > 1 else ""
    question = str(example.meta.get("question") or asked)
    steps = find_steps(text)
    plain = without_references(text)
    answer = extract_answer(plain)
    return Reading(
        question=question,
        text=text,
        plain=plain,
        steps=steps,
        bodies=[without_references(text[step.body_start : step.end]) for step in steps],
        mentions=_mentions(text, steps),
        final="" if answer == plain else answer,
        refuses=says_question_is_invalid(plain),
    )


def _mentions(text: str, steps: list[StepSpan]) -> list[Mention]:
    mentions = []
    earliest, number = 0, 0
    upcoming = list(steps)
    for start, end, boxes in reference_spans(text):
        while upcoming and upcoming[0].body_start <= start:
            step = upcoming.pop(0)
            number, earliest = step.number, max(earliest, step.body_start)
        first, last = noun_phrase_before(text, earliest, start)
        phrase = text[first:last].lower()
        head, adjectives = describe(phrase)
        said = _SAID.match(text, end)
        mentions.append(Mention(phrase, head, adjectives, boxes, number, said[1].lower() if said else ""))
        earliest = end
    return mentions


@lru_cache(maxsize=65536)
def describe(phrase: str) -> tuple[str, tuple[str, ...]]:
    """Head noun (singular) and adjectives of a noun phrase."""
    words = head_words(phrase)
    if not words:
        return "", ()
    return singular(words[-1]), tuple(word for word in words[:-1] if word in ADJECTIVES)


@lru_cache(maxsize=65536)
def content_words(text: str) -> frozenset[str]:
    """The words that carry meaning, singular, in lower case."""
    return frozenset(singular(word) for word in _WORD.findall(text.lower()) if word not in EMPTY)
