"""Questions about where things are, in words: relations, order, parts of the picture. Not one coordinate."""

from __future__ import annotations

from itertools import pairwise

from twist_scout.toyworld.expressions import RELATIONS, named, plain, refer, related, the, with_article
from twist_scout.toyworld.lots import Lots
from twist_scout.toyworld.questions.question import Asker, Question
from twist_scout.toyworld.questions.wordings import WORDINGS
from twist_scout.toyworld.scene import Scene
from twist_scout.toyworld.telling import capital, join, mention, reading_order

_MANY = 4


def area_name(center: tuple[float, float]) -> str | None:
    """One of nine names such as ``top left``; ``None`` near a border between two."""
    words = []
    for value, names in ((center[1], ("top", "middle", "bottom")), (center[0], ("left", "center", "right"))):
        if min(abs(value - 1 / 3), abs(value - 2 / 3)) < 0.05:
            return None
        words.append(names[0 if value < 1 / 3 else 1 if value < 2 / 3 else 2])
    return " ".join(words)


def joined(scene: Scene, a: int, b: int) -> bool:
    """Whether two objects touch in an interaction; where one is to the other is then no question that people would ask."""
    return any({a, b} == {it.subject, it.object} for it in scene.interactions)


def unique_relations(scene: Scene) -> list[tuple[int, str, int]]:
    """All (object, relation, anchor) where that object alone stands in the relation, beyond argument."""
    indexes = range(len(scene.objects))
    return [
        (index, name, anchor)
        for anchor in indexes
        if named(scene, anchor)
        for name in RELATIONS
        for index in indexes
        if related(scene, index, name, anchor)
        and not joined(scene, index, anchor)
        and not any(
            related(scene, other, name, anchor, generously=True) for other in indexes if other not in (index, anchor)
        )
    ]


def _relation(scene: Scene, lots: Lots) -> Question | None:
    pool = [i for i in range(len(scene.objects)) if named(scene, i)]
    if len(pool) < 2:
        return None
    index, anchor = lots.shuffled(pool)[:2]
    if joined(scene, index, anchor):
        return None
    wanted = lots.chance(0.5)
    options = [
        name
        for name in RELATIONS
        if (related(scene, index, name, anchor) if wanted else not related(scene, index, name, anchor, generously=True))
    ]
    if not options:
        return None
    ref, other = the(scene, index), the(scene, anchor)
    name = lots.one(options)
    prompt = lots.words(WORDINGS, "relation", ref=ref, relation=name, anchor=other)
    sentence = f"Yes, {ref} is {name} {other}." if wanted else f"No, {ref} is not {name} {other}."
    return Question("relation", prompt, "yes" if wanted else "no", sentence)


def _thing(scene: Scene, index: int) -> str:
    return with_article(plain(scene, index))


def _related(scene: Scene, lots: Lots) -> Question | None:
    found = unique_relations(scene)
    if not found:
        return None
    index, name, anchor = lots.one(found)
    other, what = the(scene, anchor), _thing(scene, index)
    prompt = lots.words(WORDINGS, "related", relation=name, anchor=other)
    return Question(
        "related", prompt, what, f"{capital(what)} is {name} {other}.", held_out=scene.objects[index].held_out
    )


def _direction(scene: Scene, lots: Lots) -> Question | None:
    pool = [i for i in range(len(scene.objects)) if named(scene, i)]
    found = [
        (i, name, a)
        for a in pool
        for i in pool
        if i != a and not joined(scene, i, a)
        for name in RELATIONS
        if related(scene, i, name, a)
    ]
    if not found:
        return None
    index, name, anchor = lots.one(found)
    ref, other = the(scene, index), the(scene, anchor)
    prompt = lots.words(WORDINGS, "direction", ref=ref, anchor=other)
    return Question(
        "direction", prompt, f"{name} it", f"{capital(ref)} is {name} {other}.", held_out=scene.objects[index].held_out
    )


#: Where a list of objects may begin and end: (start, end), the axis, and whether the coordinate falls along the list.
_DIRECTIONS: tuple[tuple[str, str, int, bool], ...] = (
    ("left", "right", 0, False),
    ("right", "left", 0, True),
    ("top", "bottom", 1, False),
    ("bottom", "top", 1, True),
)
#: Centres closer than this share of the picture have no order that people would agree on.
_CLEARLY_APART = 0.06


def _ordered(scene: Scene, lots: Lots) -> tuple[str, str, list[int], list[float]] | None:
    """A direction, the objects' indexes along it, and the gaps between neighbours; ``None`` for a single object."""
    if len(scene.objects) < 2:
        return None
    start, end, axis, falling = lots.one(_DIRECTIONS)
    centres = [o.box.center[axis] for o in scene.objects]
    order = sorted(range(len(centres)), key=lambda i: centres[i], reverse=falling)
    return start, end, order, [abs(centres[a] - centres[b]) for a, b in pairwise(order)]


def _order(scene: Scene, lots: Lots) -> Question | None:
    lot = _ordered(scene, lots)
    if lot is None or min(lot[3]) < _CLEARLY_APART or len(scene.objects) > _MANY:
        return None
    start, end, order, _ = lot
    answer = join([_thing(scene, i) for i in order])
    return Question("order", lots.words(WORDINGS, "order", start=start, end=end), answer, held_out=scene.held_out)


def _extreme(scene: Scene, lots: Lots) -> Question | None:
    lot = _ordered(scene, lots)
    if lot is None or lot[3][0] < _CLEARLY_APART:
        return None
    side, _, order, _ = lot
    what = _thing(scene, order[0])
    held_out = scene.objects[order[0]].held_out
    prompt = lots.words(WORDINGS, "extreme", side=side)
    return Question("extreme", prompt, what, f"{capital(what)} is at the very {side}.", held_out=held_out)


def _area(scene: Scene, lots: Lots) -> Question | None:
    options = [(i, name) for i, o in enumerate(scene.objects) if (name := area_name(o.box.center)) is not None]
    if not options:
        return None
    index, name = lots.one(options)
    ref = refer(scene, index, lots)
    if ref is None:
        return None
    prompt = lots.words(WORDINGS, "area", ref=ref)
    return Question("area", prompt, name, f"{capital(ref)} is in the {name}.", held_out=scene.objects[index].held_out)


def _places(scene: Scene, lots: Lots) -> Question | None:
    if len(scene.objects) > _MANY:
        return None
    mentions = []
    for i in reading_order(scene):
        name = area_name(scene.objects[i].box.center)
        mentions.append(with_article(mention(scene, i)) + (f" in the {name}" if name else ""))
    return Question("places", lots.words(WORDINGS, "places"), f"There is {join(mentions)}.", held_out=scene.held_out)


ASKERS: dict[str, Asker] = {
    "relation": _relation,
    "related": _related,
    "direction": _direction,
    "order": _order,
    "extreme": _extreme,
    "area": _area,
    "places": _places,
}
