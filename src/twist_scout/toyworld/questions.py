"""What can be asked about a scene: image-understanding questions with exact short answers.

These train and examine the *pocket base*. Not one of them, and none of their answers, holds a box or a coordinate.
The grounding tasks are in :mod:`twist_scout.toyworld.grounding_tasks`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from twist_scout.toyworld.drawing import CATEGORIES, COLORS
from twist_scout.toyworld.expressions import (
    NUMBER_WORDS,
    RELATIONS,
    Description,
    plural,
    refer,
    related,
    shortest,
    with_article,
)
from twist_scout.toyworld.scene import HELD_OUT_PAIRS, Scene

Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt and its exact answer.

    Attributes:
        kind: question type, e.g. ``color``; accuracy is reported per kind.
        prompt: what the user types.
        answer: the one right answer.
        sentence: the same answer as a whole sentence, for prompts that ask for one; empty where there is none.
        held_out: whether it is about an object whose (category, colour) pair no training picture has.
    """

    kind: str
    prompt: str
    answer: str
    held_out: bool = False
    sentence: str = ""

    @property
    def in_a_sentence(self) -> Question:
        """The question that asks for a whole sentence, with that answer; itself where there is none."""
        if not self.sentence:
            return self
        return replace(self, prompt=f"{self.prompt} {IN_A_SENTENCE}", answer=self.sentence)


IN_A_SENTENCE = "Answer in a sentence."

TEMPLATES: dict[str, tuple[str, ...]] = {
    "color": (
        "What color is {ref}?",
        "What is the color of {ref}?",
        "Which color does {ref} have?",
        "Tell me the color of {ref}.",
    ),
    "name": (
        "What is the {color} object?",
        "What kind of thing is the {color} one?",
        "Name the {color} object.",
    ),
    "exists": (
        "Is there {what} in the picture?",
        "Is there {what}?",
        "Can you see {what}?",
        "Does the picture show {what}?",
    ),
    "count": (
        "How many {plural} are there?",
        "How many {plural} can you see?",
        "Count the {plural}.",
    ),
    "total": (
        "How many objects are there?",
        "How many things can you see?",
        "Count the objects in the picture.",
    ),
    "relation": (
        "Is {ref} {relation} {anchor}?",
        "Would you say that {ref} is {relation} {anchor}?",
    ),
    "related": (
        "What is {relation} {anchor}?",
        "Which object is {relation} {anchor}?",
    ),
    "size": (
        "How big is {ref}?",
        "Is {ref} small, medium or large?",
        "What size is {ref}?",
    ),
    "area": (
        "Which part of the picture is {ref} in?",
        "In which part of the picture can {ref} be seen?",
    ),
    "places": (
        "Describe the picture and name the part that each object is in.",
        "What is in the picture, and in which part of it?",
        "Describe the picture part by part.",
    ),
    "caption": (
        "Describe the picture.",
        "What can you see?",
        "What is in the picture?",
        "Write a caption for this picture.",
        "Describe the image in one sentence.",
    ),
}


#: The kinds that have exactly one right answer. "places" is for training only: near a border between two parts of the picture
#: its answer leaves the part out, and a model that names one there is not wrong.
EXAM_KINDS: tuple[str, ...] = tuple(kind for kind in TEMPLATES if kind != "places")


def ask(scene: Scene, kind: str, rng: Rng) -> Question | None:
    """One question of a kind about a scene, or ``None`` where the scene admits none.

    Raises:
        KeyError: there is no such kind; the kinds are those of :data:`TEMPLATES`.
    """
    return _ASKERS[kind](scene, rng)


def ask_each(scene: Scene, rng: Rng, kinds: Sequence[str] = tuple(TEMPLATES)) -> list[Question]:
    """One question of every kind that the scene admits."""
    return [q for kind in kinds if (q := ask(scene, kind, rng)) is not None]


def caption(scene: Scene) -> str:
    """The scene in one sentence, objects from left to right."""
    return f"There is {join([with_article(mention(scene, i)) for i in reading_order(scene)])}."


def mention(scene: Scene, index: int) -> str:
    """How a caption names an object: size if it is striking, colour, name."""
    o = scene.objects[index]
    return " ".join(w for w in ("" if o.size == "medium" else o.size, o.color, o.category) if w)


def reading_order(scene: Scene) -> list[int]:
    """Indexes of the objects from left to right."""
    return sorted(range(len(scene.objects)), key=lambda i: scene.objects[i].box.center[0])


def join(phrases: Sequence[str]) -> str:
    """``a, b and c``."""
    return phrases[0] if len(phrases) == 1 else f"{', '.join(phrases[:-1])} and {phrases[-1]}"


def area_name(center: tuple[float, float]) -> str | None:
    """One of nine names such as ``top left``; ``None`` near a border between two."""
    words = []
    for value, names in ((center[1], ("top", "middle", "bottom")), (center[0], ("left", "center", "right"))):
        if min(abs(value - 1 / 3), abs(value - 2 / 3)) < 0.05:
            return None
        words.append(names[0 if value < 1 / 3 else 1 if value < 2 / 3 else 2])
    return " ".join(words)


def absent_description(scene: Scene, rng: Rng) -> str:
    """Something that is not in the scene, without article: a missing kind, or a present kind in a colour it does not have."""
    present = {o.category for o in scene.objects}
    if rng.random() < 0.5:
        missing = [c for c in CATEGORIES if c not in present]
        name = missing[rng.integers(len(missing))]
        if rng.random() < 0.5:
            return name
        color = list(COLORS)[rng.integers(len(COLORS))]
        return f"{color} {name}"
    name = scene.objects[rng.integers(len(scene.objects))].category
    used = {o.color for o in scene.objects if o.category == name}
    others = [c for c in COLORS if c not in used]
    # A colour that another object of the picture has is the hard case: it cannot be refused from the colour alone.
    near = [c for c in others if any(o.color == c for o in scene.objects)]
    pool = near if near and rng.random() < 0.6 else others
    return f"{pool[rng.integers(len(pool))]} {name}"


def _fill(kind: str, rng: Rng, **words: str) -> str:
    options = TEMPLATES[kind]
    return options[rng.integers(len(options))].format(**words)


def _pick(scene: Scene, rng: Rng) -> int:
    return int(rng.integers(len(scene.objects)))


def _color(scene: Scene, rng: Rng) -> Question | None:
    index = _pick(scene, rng)
    o = scene.objects[index]
    options = [
        d
        for d in (Description(o.category), Description(o.category, size=o.size))
        if d.unique(scene, index) and d.size != "medium"
    ]
    if not options:
        return None
    ref = options[rng.integers(len(options))].text(scene)
    prompt = _fill("color", rng, ref=f"the {ref}")
    return Question("color", prompt, o.color, o.pair in HELD_OUT_PAIRS, f"The {ref} is {o.color}.")


def _name(scene: Scene, rng: Rng) -> Question | None:
    index = _pick(scene, rng)
    o = scene.objects[index]
    if sum(x.color == o.color for x in scene.objects) > 1:
        return None
    return Question("name", _fill("name", rng, color=o.color), with_article(o.category), o.pair in HELD_OUT_PAIRS)


def _exists(scene: Scene, rng: Rng) -> Question | None:
    if rng.random() < 0.5:
        what = absent_description(scene, rng)
        prompt = _fill("exists", rng, what=with_article(what))
        return Question("exists", prompt, "no", sentence=f"No, there is no {what}.")
    o = scene.objects[_pick(scene, rng)]
    what = o.category if rng.random() < 0.4 else f"{o.color} {o.category}"
    prompt = _fill("exists", rng, what=with_article(what))
    return Question("exists", prompt, "yes", o.pair in HELD_OUT_PAIRS, f"Yes, there is {with_article(what)}.")


def _count(scene: Scene, rng: Rng) -> Question | None:
    options = list(CATEGORIES) if rng.random() < 0.2 else [o.category for o in scene.objects]
    name = options[rng.integers(len(options))]
    number = sum(o.category == name for o in scene.objects)
    return Question("count", _fill("count", rng, plural=plural(name)), NUMBER_WORDS[number])


def _total(scene: Scene, rng: Rng) -> Question | None:
    return Question("total", _fill("total", rng), NUMBER_WORDS[len(scene.objects)])


def _relation(scene: Scene, rng: Rng) -> Question | None:
    if len(scene.objects) < 2:
        return None
    index, anchor = (int(i) for i in rng.permutation(len(scene.objects))[:2])
    wanted = bool(rng.random() < 0.5)
    options = [
        name
        for name in RELATIONS
        if (related(scene, index, name, anchor) if wanted else not related(scene, index, name, anchor, generously=True))
    ]
    if not options:
        return None
    ref, other = ("the " + shortest(scene, i).text(scene) for i in (index, anchor))
    name = options[rng.integers(len(options))]
    prompt = _fill("relation", rng, ref=ref, relation=name, anchor=other)
    sentence = f"Yes, {ref} is {name} {other}." if wanted else f"No, {ref} is not {name} {other}."
    return Question("relation", prompt, "yes" if wanted else "no", sentence=sentence)


def _related(scene: Scene, rng: Rng) -> Question | None:
    found = unique_relations(scene)
    if not found:
        return None
    index, name, anchor = found[rng.integers(len(found))]
    o = scene.objects[index]
    other, what = "the " + shortest(scene, anchor).text(scene), with_article(f"{o.color} {o.category}")
    prompt = _fill("related", rng, relation=name, anchor=other)
    sentence = f"{what.capitalize()} is {name} {other}."
    return Question("related", prompt, what, o.pair in HELD_OUT_PAIRS, sentence)


def unique_relations(scene: Scene) -> list[tuple[int, str, int]]:
    """All (object, relation, anchor) where that object alone stands in the relation, beyond argument."""
    indexes = range(len(scene.objects))
    return [
        (index, name, anchor)
        for anchor in indexes
        for name in RELATIONS
        for index in indexes
        if related(scene, index, name, anchor)
        and not any(
            related(scene, other, name, anchor, generously=True) for other in indexes if other not in (index, anchor)
        )
    ]


def _size(scene: Scene, rng: Rng) -> Question | None:
    index = _pick(scene, rng)
    o = scene.objects[index]
    if o.visible < 0.9:
        return None
    ref = shortest(scene, index).text(scene)
    prompt = _fill("size", rng, ref="the " + ref)
    return Question("size", prompt, o.size, o.pair in HELD_OUT_PAIRS, f"The {ref} is {o.size}.")


def _area(scene: Scene, rng: Rng) -> Question | None:
    index = _pick(scene, rng)
    o = scene.objects[index]
    name = area_name(o.box.center)
    if name is None:
        return None
    ref = refer(scene, index, rng)
    sentence = f"{ref.capitalize()} is in the {name}."
    return Question("area", _fill("area", rng, ref=ref), name, o.pair in HELD_OUT_PAIRS, sentence)


def _places(scene: Scene, rng: Rng) -> Question:
    mentions = []
    for i in reading_order(scene):
        name = area_name(scene.objects[i].box.center)
        mentions.append(with_article(mention(scene, i)) + (f" in the {name}" if name else ""))
    return Question("places", _fill("places", rng), f"There is {join(mentions)}.", scene.held_out)


def _caption(scene: Scene, rng: Rng) -> Question | None:
    return Question("caption", _fill("caption", rng), caption(scene), scene.held_out)


_ASKERS: dict[str, Callable[[Scene, Rng], Question | None]] = {
    "color": _color,
    "name": _name,
    "exists": _exists,
    "count": _count,
    "total": _total,
    "relation": _relation,
    "related": _related,
    "size": _size,
    "area": _area,
    "places": _places,
    "caption": _caption,
}
