"""Referring to people and things: names, colours, clothes, deeds, places, and phrases that only one of them satisfies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from twist_scout.toyworld.drawing import CATEGORIES
from twist_scout.toyworld.lots import Lots
from twist_scout.toyworld.scene import Scene, SceneObject
from twist_scout.toyworld.staging import HOLDING

#: Spatial relations: (sign, axis) of the displacement from the anchor to the object, in picture coordinates (y grows downwards).
RELATIONS: dict[str, tuple[int, int]] = {
    "left of": (-1, 0),
    "right of": (1, 0),
    "above": (-1, 1),
    "below": (1, 1),
}
NUMBER_WORDS = ("zero", "one", "two", "three", "four", "five", "six")
ORDINALS = ("first", "second", "third", "fourth")
GARMENTS = ("hat", "shirt", "dress", "trousers")
PERSON, PEOPLE_WORD = "person", "people"
_PLURAL_GARMENTS = frozenset({"trousers"})


def with_article(phrase: str) -> str:
    """``red car`` -> ``a red car``, ``apple`` -> ``an apple``, ``blue trousers`` as it is."""
    if phrase.split()[-1] in _PLURAL_GARMENTS:
        return phrase
    return ("an " if phrase[0] in "aeiou" else "a ") + phrase


def plural(kind: str) -> str:
    """Plural of a kind's name."""
    return PEOPLE_WORD if kind == PERSON else CATEGORIES[kind].plural


@dataclass(frozen=True, slots=True)
class Description:
    """What may be said of an object; ``None`` says nothing.

    Attributes:
        kind: its name, or ``person``.
        color: of a thing.
        size: ``small`` or ``large``.
        clothes: (garment, colour) of a person, at most two.
        deed: (index into the scene's interactions, whether the object is the one who acts there).
        relation: (relation, anchor): "left of", and the index of the object that it is left of.
        ordinal: (number from 0, side): the n-th of its kind from that side.
    """

    kind: str
    color: str | None = None
    size: str | None = None
    clothes: tuple[tuple[str, str], ...] = ()
    deed: tuple[int, bool] | None = None
    relation: tuple[str, int] | None = None
    ordinal: tuple[int, str] | None = None

    def text(self, scene: Scene) -> str:
        """The description without an article: ``girl in the red dress``, ``small blue car left of the dog``."""
        first = ORDINALS[self.ordinal[0]] if self.ordinal else None
        words = " ".join(w for w in (first, self.size, self.color, self.kind) if w)
        if self.clothes:
            words += " in the " + " and ".join(f"{color} {garment}" for garment, color in self.clothes)
        if self.deed is not None:
            words += " " + _deed_text(scene, self.deed)
        if self.relation:
            name, anchor = self.relation
            words += f" {name} {the(scene, anchor)}"
        if self.ordinal:
            words += f" from the {self.ordinal[1]}"
        return words

    def fits(self, scene: Scene, index: int, *, generously: bool = False) -> bool:
        """Whether object ``index`` answers to this description (``generously``: also where people would waver)."""
        o = scene.objects[index]
        return (
            self.kind in ((o.kind, PERSON) if o.person else (o.kind,))
            and self.color in (None, o.color)
            and (self.size in (None, o.size) or (generously and o.size == ""))
            and all(_wears(o, garment, color, generously) for garment, color in self.clothes)
            and (self.deed is None or _does(scene, self.deed, index))
            and (self.relation is None or related(scene, index, *self.relation, generously=generously))
            and (self.ordinal is None or in_line(scene, o.kind, self.ordinal[1])[self.ordinal[0] :][:1] == [index])
        )

    def unique(self, scene: Scene, index: int) -> bool:
        """Whether ``index`` fits and no other object does, not even generously."""
        others = (i for i in range(len(scene.objects)) if i != index)
        return self.fits(scene, index) and not any(self.fits(scene, i, generously=True) for i in others)


def _wears(o: SceneObject, garment: str, color: str, generously: bool) -> bool:
    worn = o.placed.colors.get(garment) if generously else o.wears(garment)
    return worn == color


def _does(scene: Scene, deed: tuple[int, bool], index: int) -> bool:
    """Whether object ``index`` has that part in an interaction that would be told in the same words."""
    meant, acts = scene.interactions[deed[0]], deed[1]
    for other in scene.interactions:
        if other.verb != meant.verb:
            continue
        if acts and index == other.subject and plain(scene, other.object) == plain(scene, meant.object):
            return True
        same = scene.objects[other.subject].kind == scene.objects[meant.subject].kind
        if not acts and index == other.object and same:
            return True
    return False


def _deed_text(scene: Scene, deed: tuple[int, bool]) -> str:
    """``riding the brown horse``, or of the horse ``that the girl is riding``."""
    it, acts = scene.interactions[deed[0]], deed[1]
    if acts:
        return f"{'with' if it.verb == HOLDING else it.verb} the {plain(scene, it.object)}"
    return f"that the {scene.objects[it.subject].kind} is {it.verb}"


def in_line(scene: Scene, kind: str, side: str) -> list[int]:
    """Indexes of all objects of a kind, counted from ``left`` or ``right``; empty where they are too close to be counted."""
    found = [i for i, o in enumerate(scene.objects) if o.kind == kind]
    order = sorted(found, key=lambda i: scene.objects[i].box.center[0], reverse=side == "right")
    xs = [scene.objects[i].box.center[0] for i in order]
    if any(abs(a - b) < 0.05 for a, b in pairwise(xs)):
        return []
    return order


def related(scene: Scene, index: int, relation: str, anchor: int, *, generously: bool = False) -> bool:
    """Whether object ``index`` stands in ``relation`` to ``anchor``.

    The displacement of the centres must be mainly along the relation's axis and at least 0.12 of the picture; generously,
    0.04 and a little off axis: between the two lies what people would argue about, so no question is asked there.
    """
    if index == anchor:
        return False
    sign, axis = RELATIONS[relation]
    a, b = scene.objects[index].box.center, scene.objects[anchor].box.center
    along, across = sign * (a[axis] - b[axis]), abs(a[1 - axis] - b[1 - axis])
    if generously:
        return along >= 0.04 and along >= 0.75 * across
    return along >= 0.12 and along >= 1.25 * across


def plain(scene: Scene, index: int) -> str:
    """Kind, with a thing's colour: ``red car``, ``girl``."""
    o = scene.objects[index]
    return " ".join(w for w in (o.color, o.kind) if w)


def shortest(scene: Scene, index: int) -> Description | None:
    """The plainest unique description: by name, else by colour or clothes; ``None`` where these do not settle it."""
    o = scene.objects[index]
    for found in (Description(o.kind), *_attributed(o)):
        if found.unique(scene, index):
            return found
    return None


def the(scene: Scene, index: int) -> str:
    """The plainest unique phrase with its article; the most precise one where none is unique."""
    found = shortest(scene, index)
    if found is None:
        o = scene.objects[index]
        found = [Description(o.kind), *_attributed(o)][-1]
    return "the " + found.text(scene)


def named(scene: Scene, index: int) -> bool:
    """Whether a short phrase tells the object from all others."""
    return shortest(scene, index) is not None


def _attributed(o: SceneObject) -> list[Description]:
    """Descriptions by colour or clothes, plainest first."""
    if not o.person:
        return [Description(o.kind, o.color)]
    worn = [(g, c) for g in GARMENTS if (c := o.wears(g))]
    singles = [Description(o.kind, clothes=(one,)) for one in worn]
    pairs = [Description(o.kind, clothes=(a, b)) for n, a in enumerate(worn) for b in worn[n + 1 :]]
    return singles + pairs


def descriptions(scene: Scene, index: int) -> Iterator[tuple[Description, float]]:
    """All unique descriptions of an object that the world's grammar can form, with how often each is chosen."""
    o = scene.objects[index]
    sizes = (None, o.size) if o.size in ("small", "large") else (None,)
    bases: list[Description] = [Description(o.kind, size=size) for size in sizes]
    if o.person:
        bases += [Description(o.kind, clothes=d.clothes) for d in _attributed(o)]
        bases += [Description(PERSON, clothes=d.clothes) for d in _attributed(o) if len(d.clothes) == 1]
    else:
        bases += [Description(o.kind, o.color, size) for size in sizes]
    for base in bases:
        if base.unique(scene, index):
            yield base, 1.0
    for n, it in enumerate(scene.interactions):
        if index in (it.subject, it.object):
            found = Description(o.kind, deed=(n, index == it.subject))
            if found.unique(scene, index):
                yield found, 1.6
    for anchor, other in enumerate(scene.objects):
        if anchor == index or other.kind == o.kind or not named(scene, anchor):
            continue
        for name in RELATIONS:
            if related(scene, index, name, anchor):
                for color in (None, o.color) if o.color else (None,):
                    found = Description(o.kind, color, relation=(name, anchor))
                    if found.unique(scene, index):
                        yield found, 0.6
    if sum(x.kind == o.kind for x in scene.objects) >= 2:
        for side in ("left", "right"):
            line = in_line(scene, o.kind, side)
            if index in line[: len(ORDINALS)]:
                found = Description(o.kind, ordinal=(line.index(index), side))
                if found.unique(scene, index):
                    yield found, 0.5


def refer(scene: Scene, index: int, lots: Lots) -> str | None:
    """A phrase that only object ``index`` satisfies, e.g. ``the girl with the red kite``; ``None`` if there is none."""
    options = list(descriptions(scene, index))
    if not options:
        return None
    chosen = lots.weighted([d for d, _ in options], [w for _, w in options])
    return "the " + chosen.text(scene)
