"""Telling of a scene: how its people and things are named, listed and described in sentences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from twist_scout.toyworld.drawing import CATEGORIES, COLORS, PEOPLE
from twist_scout.toyworld.expressions import GARMENTS, PERSON, with_article
from twist_scout.toyworld.lots import Lots
from twist_scout.toyworld.scene import Scene
from twist_scout.toyworld.staging import HOLDING, PLAYING, VERBS

#: Where a picture was taken, as one says it.
PLACES: dict[str, str] = {
    "beach": "on the beach",
    "street": "in the street",
    "room": "in a room",
    "kitchen": "in the kitchen",
    "park": "in the park",
    "snow": "in the snow",
    "lake": "by the lake",
}


def join(phrases: Sequence[str]) -> str:
    """``a, b and c``."""
    return phrases[0] if len(phrases) == 1 else f"{', '.join(phrases[:-1])} and {phrases[-1]}"


def capital(text: str) -> str:
    """With a capital first letter."""
    return text[0].upper() + text[1:]


def clothes(scene: Scene, index: int) -> list[tuple[str, str]]:
    """(garment, colour) of what can be seen of a person's clothes, from top to bottom."""
    o = scene.objects[index]
    return [(g, color) for g in GARMENTS if (color := o.wears(g)) is not None]


def mention(scene: Scene, index: int) -> str:
    """How a caption names an object: ``small red car``; of people one garment: ``girl in a yellow dress``."""
    o = scene.objects[index]
    size = o.size if o.size in ("small", "large") and not o.person else ""
    words = " ".join(w for w in (size, o.color, o.kind) if w)
    worn = [(g, c) for g, c in clothes(scene, index) if g in ("shirt", "dress")] or clothes(scene, index)[:1]
    if worn:
        garment, color = worn[0]
        words += f" in {with_article(f'{color} {garment}')}"
    return words


def reading_order(scene: Scene) -> list[int]:
    """Indexes of the objects from left to right."""
    return sorted(range(len(scene.objects)), key=lambda i: scene.objects[i].box.center[0])


@dataclass(frozen=True, slots=True)
class Clause:
    """Somebody and what they do: ``subject``, ``verb``, ``objects``; a thing on its own has no verb."""

    subject: int
    verb: str = ""
    objects: tuple[int, ...] = ()

    @property
    def members(self) -> tuple[int, ...]:
        """All objects that it speaks of, in the order in which it does."""
        return (self.subject, *self.objects)


def clauses(scene: Scene) -> list[Clause]:
    """The scene as clauses, from left to right; every object is spoken of exactly once."""
    told: dict[int, Clause] = {}
    partners: set[int] = set()
    for verb in VERBS:
        for i in range(len(scene.objects)):
            found = scene.partner(i, verb)
            if found:
                order = tuple(sorted(found, key=lambda k: scene.objects[k].box.center[0]))
                told[i] = Clause(i, verb, order)
                partners.update(order)
    return [told.get(i, Clause(i)) for i in reading_order(scene) if i not in partners]


Name = Callable[[int], str]


def clause_text(scene: Scene, clause: Clause, name: Name, *, finite: bool) -> str:
    """``a girl in a red dress (is) riding a brown horse``.

    Args:
        scene: what it is about.
        clause: who does what.
        name: how an object is named, with its article.
        finite: whether it is to be a sentence of its own.
    """
    if not clause.objects:
        return name(clause.subject)
    verb = f"{'is ' if finite else ''}{clause.verb}"
    return f"{name(clause.subject)} {verb} {join([name(k) for k in clause.objects])}"


def caption(scene: Scene, name: Name | None = None) -> str:
    """The plain caption: everything in one sentence, from left to right."""
    name = name or (lambda i: with_article(mention(scene, i)))
    return f"There is {join([clause_text(scene, c, name, finite=False) for c in clauses(scene)])}."


def captions(scene: Scene) -> list[str]:
    """Several captions as people write them: fuller and shorter, with the place or without, each of them true."""

    def full(i: int) -> str:
        return with_article(mention(scene, i))

    def short(i: int) -> str:
        o = scene.objects[i]
        return with_article(" ".join(w for w in (o.color, o.kind) if w))

    place = PLACES[scene.setting]
    told = clauses(scene)
    found = [caption(scene), f"{caption(scene)[:-1]} {place}."]
    for name in (full, short):
        acting = [c for c in told if c.verb]
        others = [c.subject for c in told if not c.verb]
        if acting:
            first = " and ".join(clause_text(scene, c, name, finite=True) for c in acting)
            found.append(capital(f"{first} {place}."))
            if others:
                found.append(capital(f"{first} {place}, with {join([name(i) for i in others])} nearby."))
                found.append(capital(f"{place}, {first}, and there is {join([name(i) for i in others])}."))
        else:
            found.append(capital(f"{join([name(i) for i in others])} {place}."))
            found.append(f"A picture of {join([name(i) for i in others])}.")
    return list(dict.fromkeys(found))


def absent(scene: Scene, lots: Lots) -> str:
    """Something that is not there, without article: a missing kind, or one that is there in colours it does not have."""
    present = {o.kind for o in scene.objects}
    people = [o for o in scene.objects if o.person]
    if lots.chance(0.5):
        name = lots.one([k for k in CATEGORIES if k not in present])
        return name if name in PEOPLE or lots.chance(0.5) else f"{lots.one(list(COLORS))} {name}"
    o = lots.one(scene.objects)
    if o.person:
        garment = lots.one(["shirt", "hat", "dress"] if o.kind in ("woman", "girl") else ["shirt", "hat"])
        worn = {p.placed.colors.get(garment) for p in people if p.kind == o.kind}
        color = lots.one([c for c in COLORS if c not in worn])
        return f"{o.kind} in the {color} {garment}"
    used = {x.color for x in scene.objects if x.kind == o.kind}
    others = [c for c in COLORS if c not in used]
    # A colour that something else in the picture has is the hard case: it cannot be refused from the colour alone.
    near = [c for c in others if any(c in x.placed.colors.values() for x in scene.objects)]
    return f"{lots.one(near if near and lots.chance(0.6) else others)} {o.kind}"


def deed(scene: Scene, subject: int, name: Name) -> str:
    """What somebody does: ``riding a brown horse``; empty for those who just stand there."""
    for clause in clauses(scene):
        if clause.subject == subject and clause.verb:
            return f"{clause.verb} {join([name(k) for k in clause.objects])}"
    return ""


__all__ = [
    "HOLDING",
    "PERSON",
    "PLACES",
    "PLAYING",
    "Clause",
    "absent",
    "capital",
    "caption",
    "captions",
    "clause_text",
    "clauses",
    "clothes",
    "deed",
    "join",
    "mention",
    "reading_order",
]
