"""Exact questions and answers from annotations, without any model: the offline default of both steps.

A rule asks only what the source settles: an attribute of a thing that has one name, a relation in which exactly one
thing stands, where a thing is next to another, and things of which the source says that it annotates all, and that are
not there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from twist_scout.scout.contradiction import contradiction, indefinite, is_plural
from twist_scout.scout.items import Entity, SourceItem
from twist_scout.scout.questions import Question, Written

Rng = np.random.Generator

_ATTRIBUTE = {
    "color": ("What color {be} {the}?", "What is the color of {the}?"),
    "size": ("How big {be} {the}?", "What size {be} {the}?"),
    "material": ("What {be} {the} made of?",),
}
_PEOPLE = frozenset(("person", "man", "woman", "boy", "girl", "child"))
_ABSENT = ("Where {be} {the}?", "What color {be} {the}?", "What is next to {the}?", "What {be} {the} doing?")


@dataclass(frozen=True)
class _Draft:
    kind: str
    question: str
    answer: str
    reply: str


class RuleQuestions:
    """Writes questions, and their whole answers, from what a source annotates.

    Args:
        positives: at most so many about things that are there.
        negatives: at most so many about things that are not.
    """

    name = "rules"

    def __init__(self, *, positives: int = 4, negatives: int = 1) -> None:
        self.positives, self.negatives = positives, negatives
        self.prompts: dict[str, str] = {}

    async def questions(self, item: SourceItem, *, seed: int) -> Written:
        """Questions about an item, drawn from all that its annotations settle."""
        rng = np.random.default_rng([seed, *item.id.encode()])
        drafts = _one_of_each([*_attributes(item, rng), *_relations(item, rng)], rng)
        chosen = [drafts[i] for i in rng.permutation(len(drafts))[: self.positives]]
        missing = _absent(item, rng)[: self.negatives]
        asked = [
            Question(
                id=number,
                prompt=draft.question,
                answer=draft.answer,
                kind=draft.kind,
                reply=draft.reply,
                by=self.name,
            )
            for number, draft in enumerate(chosen)
        ]
        for name in missing:
            question = _draw(rng, _ABSENT, f"the {name}")
            reply = contradiction(item, name)
            if reply is not None:
                asked.append(
                    Question(
                        id=len(asked),
                        prompt=question,
                        negative=True,
                        missing=name,
                        kind="absent",
                        reply=reply,
                        by=self.name,
                    )
                )
        return Written(questions=asked)


def _one_of_each(drafts: Sequence[_Draft], rng: Rng) -> list[_Draft]:
    """One draft of each question: where a thing is can be said from many others, and is to be asked once."""
    alike: dict[str, list[_Draft]] = {}
    for draft in drafts:
        alike.setdefault(draft.question, []).append(draft)
    return [group[int(rng.integers(len(group)))] for group in alike.values()]


def _attributes(item: SourceItem, rng: Rng) -> Iterator[_Draft]:
    """``Step 1: Find the dog. Step 2: The dog is red. Step 3: So the answer is red.``"""
    for index, entity in enumerate(item.entities):
        for attribute, value in entity.attributes.items():
            the = _definite(item.entities, index, without=attribute)
            if the is None or not entity.boxes or attribute not in _ATTRIBUTE:
                continue
            box = _reference(entity)
            found = f"Step 1: Find {the} {box}. Step 2: {_capital(the)} {box} {_be(the)} {value}."
            reply = f"{found} Step 3: So the answer is {value}."
            yield _Draft("attribute", _draw(rng, _ATTRIBUTE[attribute], the), value, reply)


def _relations(item: SourceItem, rng: Rng) -> Iterator[_Draft]:
    """What stands in a relation to a thing, if it is one thing alone; and where that thing is."""
    relations = item.relations or tuple(_seen_relations(item))
    alone = Counter((words, anchor) for _, words, anchor in relations)
    for subject, words, anchor in relations:
        the, it = _definite(item.entities, anchor), _definite(item.entities, subject)
        entity = item.entities[subject]
        if the is None or not entity.boxes or not item.entities[anchor].boxes:
            continue
        found, mark, box = _described(entity), _reference(item.entities[anchor]), _reference(entity)
        # what stands there that the source does not annotate? Only one that tells relations has looked
        if item.relations and alone[words, anchor] == 1:
            who = "Who" if entity.name.split()[-1] in _PEOPLE else "What"
            reply = (
                f"Step 1: Find {the} {mark}. Step 2: Look for {who.lower()} is {words} it, got {indefinite(found)} {box}. "
                f"Step 3: So the answer is {found}."
            )
            yield _Draft("who" if who == "Who" else "relation", f"{who} is {words} {the}?", found, reply)
        if it is not None:
            answer = f"{words} {the}"
            reply = (
                f"Step 1: Find {it} {box}. Step 2: Look around it, got {the} {mark}. "
                f"Step 3: {_capital(it)} {box} {_be(it)} {answer}. Step 4: So the answer is {answer}."
            )
            yield _Draft("where", f"Where {_be(it)} {it}?", answer, reply)


def _seen_relations(item: SourceItem) -> Iterator[tuple[int, str, int]]:
    """Left, right, above and below, read off the boxes of a source that says nothing about it.

    Only beyond argument: the boxes are apart in one direction, and in the other they share half of the smaller side.
    """
    single = [(number, item.boxes[e.boxes[0]]) for number, e in enumerate(item.entities) if len(e.boxes) == 1]
    for number, (x1, y1, x2, y2) in single:
        for other, (u1, v1, u2, v2) in single:
            if number == other:
                continue
            beside = min(y2, v2) - max(y1, v1) >= min(y2 - y1, v2 - v1) / 2
            stacked = min(x2, u2) - max(x1, u1) >= min(x2 - x1, u2 - u1) / 2
            if beside and x2 <= u1:
                yield number, "left of", other
                yield other, "right of", number
            if stacked and y2 <= v1:
                yield number, "above", other
                yield other, "below", number


def _absent(item: SourceItem, rng: Rng) -> list[str]:
    """Names of which the source annotates every instance, and of which there is none; in random order."""
    here = {entity.name for entity in item.entities}
    names = [name for name in item.complete if name not in here]
    return [names[i] for i in rng.permutation(len(names))]


def _definite(entities: Sequence[Entity], index: int, *, without: str = "") -> str | None:
    """``the dog`` or ``the red dog``: the shortest that only this thing answers to; an attribute may be left out."""
    entity = entities[index]
    if _alone(entities, lambda other: other.name == entity.name):
        return f"the {entity.name}"
    for attribute in ("color", "size"):
        value = entity.attributes.get(attribute)
        if (
            value is not None
            and attribute != without
            and _alone(entities, lambda o, a=attribute, v=value: o.name == entity.name and o.attributes.get(a) == v)  # type: ignore[misc]
        ):
            return f"the {value} {entity.name}"
    return None


def _alone(entities: Sequence[Entity], fits: Callable[[Entity], bool]) -> bool:
    return sum(map(fits, entities)) == 1


def _described(entity: Entity) -> str:
    color = entity.attributes.get("color")
    return f"{color} {entity.name}" if color else entity.name


def _reference(entity: Entity) -> str:
    return f"<box:{','.join(map(str, entity.boxes))}>"


def _draw(rng: Rng, templates: Sequence[str], the: str) -> str:
    return templates[int(rng.integers(len(templates)))].format(the=the, be=_be(the))


def _be(the: str) -> str:
    return "are" if is_plural(the) else "is"


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
