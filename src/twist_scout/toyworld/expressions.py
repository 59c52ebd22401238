"""Referring to the objects of a scene: names, attributes, spatial relations, and phrases that only one object satisfies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from twist_scout.toyworld.drawing import CATEGORIES
from twist_scout.toyworld.scene import Scene, SceneObject

#: Spatial relations: (sign, axis) of the displacement from the anchor to the object, in picture coordinates (y grows downwards).
RELATIONS: dict[str, tuple[int, int]] = {
    "left of": (-1, 0),
    "right of": (1, 0),
    "above": (-1, 1),
    "below": (1, 1),
}
NUMBER_WORDS = ("zero", "one", "two", "three", "four", "five", "six")


def with_article(phrase: str) -> str:
    """``red car`` -> ``a red car``, ``apple`` -> ``an apple``."""
    return ("an " if phrase[0] in "aeiou" else "a ") + phrase


def plural(category: str) -> str:
    """Plural of a category name."""
    return CATEGORIES[category].plural


@dataclass(frozen=True, slots=True)
class Description:
    """Attributes that may be said of an object; ``None`` says nothing.

    ``relation`` is (relation, anchor): "left of", and the index of the object that it is left of.
    """

    category: str
    color: str | None = None
    size: str | None = None
    relation: tuple[str, int] | None = None

    def text(self, scene: Scene) -> str:
        """The description without an article: ``small red car left of the dog``."""
        words = " ".join(w for w in (self.size, self.color, self.category) if w)
        if self.relation:
            name, anchor = self.relation
            words += f" {name} the {shortest(scene, anchor).text(scene)}"
        return words

    def fits(self, scene: Scene, index: int, *, generously: bool = False) -> bool:
        """Whether object ``index`` answers to this description (``generously``: also where people would waver)."""
        o = scene.objects[index]
        return (
            o.category == self.category
            and self.color in (None, o.color)
            and self.size in (None, o.size)
            and (self.relation is None or related(scene, index, *self.relation, generously=generously))
        )

    def unique(self, scene: Scene, index: int) -> bool:
        """Whether ``index`` fits and no other object does, not even generously."""
        others = (i for i in range(len(scene.objects)) if i != index)
        return self.fits(scene, index) and not any(self.fits(scene, i, generously=True) for i in others)


def related(scene: Scene, index: int, relation: str, anchor: int, *, generously: bool = False) -> bool:
    """Whether object ``index`` stands in ``relation`` to ``anchor``.

    The displacement of the centres must be mainly along the relation's axis and at least 0.12 of the picture; generously,
    0.04 and a little off axis: between the two lies what people would argue about, so no question is asked there.
    """
    if index == anchor:
        return False
    sign, axis = RELATIONS[relation]
    a, b = _center(scene.objects[index]), _center(scene.objects[anchor])
    along, across = sign * (a[axis] - b[axis]), abs(a[1 - axis] - b[1 - axis])
    if generously:
        return along >= 0.04 and along >= 0.75 * across
    return along >= 0.12 and along >= 1.25 * across


def shortest(scene: Scene, index: int) -> Description:
    """The plainest unique description: by name, else by colour and name (always unique: no pair occurs twice)."""
    o = scene.objects[index]
    plain = Description(o.category)
    return plain if plain.unique(scene, index) else Description(o.category, o.color)


def descriptions(scene: Scene, index: int) -> Iterator[Description]:
    """All unique descriptions of an object that the world's grammar can form."""
    o = scene.objects[index]
    sizes = (None,) if o.size == "medium" else (None, o.size)
    relations = [
        (name, anchor)
        for anchor in range(len(scene.objects))
        if anchor != index and scene.objects[anchor].category != o.category
        for name in RELATIONS
        if related(scene, index, name, anchor)
    ]
    for relation in (None, *relations):
        for size in sizes:
            for color in (None, o.color):
                if relation and size and color:
                    continue
                found = Description(o.category, color, size, relation)
                if found.unique(scene, index):
                    yield found


def refer(scene: Scene, index: int, rng: np.random.Generator) -> str:
    """A phrase with article that only object ``index`` satisfies, e.g. ``the red car left of the dog``."""
    options = list(descriptions(scene, index))
    weights = np.array([0.6 if d.relation else 1.0 for d in options])
    chosen = options[int(rng.choice(len(options), p=weights / weights.sum()))]
    return "the " + chosen.text(scene)


def _center(o: SceneObject) -> tuple[float, float]:
    return o.box.center
