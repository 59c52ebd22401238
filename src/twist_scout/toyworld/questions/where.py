"""Questions about where things are, in words: relations, order, parts of the picture. Not one coordinate."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from twist_scout.toyworld.expressions import RELATIONS, refer, related, shortest, with_article
from twist_scout.toyworld.questions.question import Question, Rng, fill, join, pick
from twist_scout.toyworld.questions.what import mention, reading_order
from twist_scout.toyworld.scene import Scene


def area_name(center: tuple[float, float]) -> str | None:
    """One of nine names such as ``top left``; ``None`` near a border between two."""
    words = []
    for value, names in ((center[1], ("top", "middle", "bottom")), (center[0], ("left", "center", "right"))):
        if min(abs(value - 1 / 3), abs(value - 2 / 3)) < 0.05:
            return None
        words.append(names[0 if value < 1 / 3 else 1 if value < 2 / 3 else 2])
    return " ".join(words)


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
    prompt = fill("relation", rng, ref=ref, relation=name, anchor=other)
    sentence = f"Yes, {ref} is {name} {other}." if wanted else f"No, {ref} is not {name} {other}."
    return Question("relation", prompt, "yes" if wanted else "no", sentence=sentence)


def _related(scene: Scene, rng: Rng) -> Question | None:
    found = unique_relations(scene)
    if not found:
        return None
    index, name, anchor = found[rng.integers(len(found))]
    other, what = "the " + shortest(scene, anchor).text(scene), _thing(scene, index)
    prompt = fill("related", rng, relation=name, anchor=other)
    sentence = f"{what.capitalize()} is {name} {other}."
    return Question("related", prompt, what, scene.objects[index].held_out, sentence)


def _direction(scene: Scene, rng: Rng) -> Question | None:
    found = [
        (i, name, a)
        for a in range(len(scene.objects))
        for i in range(len(scene.objects))
        for name in RELATIONS
        if related(scene, i, name, a)
    ]
    if not found:
        return None
    index, name, anchor = found[rng.integers(len(found))]
    ref, other = ("the " + shortest(scene, i).text(scene) for i in (index, anchor))
    sentence = f"{ref.capitalize()} is {name} {other}."
    held_out = scene.objects[index].held_out
    return Question("direction", fill("direction", rng, ref=ref, anchor=other), f"{name} it", held_out, sentence)


#: Where a list of objects may begin and end: (start, end), the axis, and whether the coordinate falls along the list.
_DIRECTIONS: tuple[tuple[str, str, int, bool], ...] = (
    ("left", "right", 0, False),
    ("right", "left", 0, True),
    ("top", "bottom", 1, False),
    ("bottom", "top", 1, True),
)
#: Centres closer than this share of the picture have no order that people would agree on.
_CLEARLY_APART = 0.06


def _ordered(scene: Scene, rng: Rng) -> tuple[str, str, list[int], list[float]] | None:
    """A direction, the objects' indexes along it, and the gaps between neighbours; ``None`` for a single object."""
    if len(scene.objects) < 2:
        return None
    start, end, axis, falling = _DIRECTIONS[rng.integers(len(_DIRECTIONS))]
    centres = [o.box.center[axis] for o in scene.objects]
    order = sorted(range(len(centres)), key=lambda i: centres[i], reverse=falling)
    return start, end, order, [abs(centres[a] - centres[b]) for a, b in pairwise(order)]


def _thing(scene: Scene, index: int) -> str:
    o = scene.objects[index]
    return with_article(f"{o.color} {o.category}")


def _order(scene: Scene, rng: Rng) -> Question | None:
    lot = _ordered(scene, rng)
    if lot is None or min(lot[3]) < _CLEARLY_APART:
        return None
    start, end, order, _ = lot
    answer = join([_thing(scene, i) for i in order])
    return Question("order", fill("order", rng, start=start, end=end), answer, scene.held_out)


def _extreme(scene: Scene, rng: Rng) -> Question | None:
    lot = _ordered(scene, rng)
    if lot is None or lot[3][0] < _CLEARLY_APART:
        return None
    side, _, order, _ = lot
    what = _thing(scene, order[0])
    held_out = scene.objects[order[0]].held_out
    sentence = f"{what.capitalize()} is at the very {side}."
    return Question("extreme", fill("extreme", rng, side=side), what, held_out, sentence)


def _area(scene: Scene, rng: Rng) -> Question | None:
    index = pick(scene, rng)
    o = scene.objects[index]
    name = area_name(o.box.center)
    if name is None:
        return None
    ref = refer(scene, index, rng)
    sentence = f"{ref.capitalize()} is in the {name}."
    return Question("area", fill("area", rng, ref=ref), name, o.held_out, sentence)


def _places(scene: Scene, rng: Rng) -> Question:
    mentions = []
    for i in reading_order(scene):
        name = area_name(scene.objects[i].box.center)
        mentions.append(with_article(mention(scene, i)) + (f" in the {name}" if name else ""))
    return Question("places", fill("places", rng), f"There is {join(mentions)}.", scene.held_out)


def _resident(scene: Scene, rng: Rng) -> Question | None:
    areas = [area_name(o.box.center) for o in scene.objects]
    index = pick(scene, rng)
    name = areas[index]
    if name is None or areas.count(name) > 1 or None in areas:
        return None
    what = _thing(scene, index)
    sentence = f"{what.capitalize()} is in the {name}."
    held_out = scene.objects[index].held_out
    return Question("resident", fill("resident", rng, area=name), what, held_out, sentence)


ASKERS: dict[str, Callable[[Scene, Rng], Question | None]] = {
    "relation": _relation,
    "related": _related,
    "direction": _direction,
    "area": _area,
    "places": _places,
    "order": _order,
    "extreme": _extreme,
    "resident": _resident,
}
