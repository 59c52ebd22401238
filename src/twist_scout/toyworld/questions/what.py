"""Questions about what is in a scene: colours, names, sizes, numbers, presence; and its caption."""

from __future__ import annotations

from collections.abc import Callable

from twist_scout.toyworld.drawing import CATEGORIES, COLORS
from twist_scout.toyworld.expressions import NUMBER_WORDS, Description, plural, shortest, with_article
from twist_scout.toyworld.questions.question import Question, Rng, fill, join, pick
from twist_scout.toyworld.scene import Scene


def mention(scene: Scene, index: int) -> str:
    """How a caption names an object: size if it is striking, colour, name."""
    o = scene.objects[index]
    return " ".join(w for w in ("" if o.size == "medium" else o.size, o.color, o.category) if w)


def reading_order(scene: Scene) -> list[int]:
    """Indexes of the objects from left to right."""
    return sorted(range(len(scene.objects)), key=lambda i: scene.objects[i].box.center[0])


def caption(scene: Scene) -> str:
    """The scene in one sentence, objects from left to right."""
    return f"There is {join([with_article(mention(scene, i)) for i in reading_order(scene)])}."


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


def _color(scene: Scene, rng: Rng) -> Question | None:
    index = pick(scene, rng)
    o = scene.objects[index]
    options = [
        d
        for d in (Description(o.category), Description(o.category, size=o.size))
        if d.unique(scene, index) and d.size != "medium"
    ]
    if not options:
        return None
    ref = options[rng.integers(len(options))].text(scene)
    prompt = fill("color", rng, ref=f"the {ref}")
    return Question("color", prompt, o.color, o.held_out, f"The {ref} is {o.color}.")


def _name(scene: Scene, rng: Rng) -> Question | None:
    index = pick(scene, rng)
    o = scene.objects[index]
    if sum(x.color == o.color for x in scene.objects) > 1:
        return None
    return Question("name", fill("name", rng, color=o.color), with_article(o.category), o.held_out)


def _exists(scene: Scene, rng: Rng) -> Question | None:
    if rng.random() < 0.5:
        what = absent_description(scene, rng)
        prompt = fill("exists", rng, what=with_article(what))
        return Question("exists", prompt, "no", sentence=f"No, there is no {what}.")
    o = scene.objects[pick(scene, rng)]
    what = o.category if rng.random() < 0.4 else f"{o.color} {o.category}"
    prompt = fill("exists", rng, what=with_article(what))
    return Question("exists", prompt, "yes", o.held_out, f"Yes, there is {with_article(what)}.")


def _count(scene: Scene, rng: Rng) -> Question | None:
    options = list(CATEGORIES) if rng.random() < 0.2 else [o.category for o in scene.objects]
    name = options[rng.integers(len(options))]
    number = sum(o.category == name for o in scene.objects)
    return Question("count", fill("count", rng, plural=plural(name)), NUMBER_WORDS[number])


def _total(scene: Scene, rng: Rng) -> Question | None:
    return Question("total", fill("total", rng), NUMBER_WORDS[len(scene.objects)])


def _size(scene: Scene, rng: Rng) -> Question | None:
    index = pick(scene, rng)
    o = scene.objects[index]
    if o.visible < 0.9:
        return None
    ref = shortest(scene, index).text(scene)
    prompt = fill("size", rng, ref="the " + ref)
    return Question("size", prompt, o.size, o.held_out, f"The {ref} is {o.size}.")


def _caption(scene: Scene, rng: Rng) -> Question | None:
    return Question("caption", fill("caption", rng), caption(scene), scene.held_out)


ASKERS: dict[str, Callable[[Scene, Rng], Question | None]] = {
    "color": _color,
    "name": _name,
    "exists": _exists,
    "count": _count,
    "total": _total,
    "size": _size,
    "caption": _caption,
}
