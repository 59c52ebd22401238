"""Questions about what is in a scene: colours, names, sizes, numbers, presence; its place and its captions."""

from __future__ import annotations

from twist_scout.toyworld.drawing import CATEGORIES, PEOPLE
from twist_scout.toyworld.expressions import (
    NUMBER_WORDS,
    PERSON,
    Description,
    named,
    plural,
    refer,
    the,
    with_article,
)
from twist_scout.toyworld.lots import Lots
from twist_scout.toyworld.questions.question import Asker, Question
from twist_scout.toyworld.questions.wordings import WORDINGS
from twist_scout.toyworld.scene import Scene
from twist_scout.toyworld.telling import PLACES, absent, capital, caption, captions

_MANY = 4  # a list of more than this is more than a sentence


def _color(scene: Scene, lots: Lots) -> Question | None:
    options = []
    for index, o in enumerate(scene.objects):
        if o.color is None:
            continue
        for d in (
            Description(o.kind),
            Description(o.kind, size=o.size) if o.size in ("small", "large") else None,
            *(Description(o.kind, deed=(n, False)) for n, it in enumerate(scene.interactions) if it.object == index),
        ):
            if d is not None and d.unique(scene, index):
                options.append((o, d))
    if not options:
        return None
    o, found = lots.one(options)
    ref = "the " + found.text(scene)
    return Question(
        "color",
        lots.words(WORDINGS, "color", ref=ref),
        str(o.color),
        f"{capital(ref)} is {o.color}.",
        held_out=o.held_out,
    )


def _name(scene: Scene, lots: Lots) -> Question | None:
    things = [o for o in scene.objects if o.color is not None]
    single = [o for o in things if sum(x.color == o.color for x in things) == 1]
    if not single:
        return None
    o = lots.one(single)
    prompt = lots.words(WORDINGS, "name", color=str(o.color))
    return Question("name", prompt, with_article(o.kind), held_out=o.held_out)


def _exists(scene: Scene, lots: Lots) -> Question | None:
    if lots.chance(0.5):
        what = with_article(absent(scene, lots).replace(" in the ", " in a "))
        return Question("exists", lots.words(WORDINGS, "exists", what=what), "no", f"No, there is no {_bare(what)}.")
    o = lots.one(scene.objects)
    worn = [(p.name, p.color) for p in o.parts if p.color and p.name != "trousers"]
    if o.person and worn and lots.chance(0.5):
        garment, color = lots.one(worn)
        what = f"{o.kind} in {with_article(f'{color} {garment}')}"
    else:
        what = o.kind if o.person or lots.chance(0.4) else f"{o.color} {o.kind}"
    prompt = lots.words(WORDINGS, "exists", what=with_article(what))
    return Question("exists", prompt, "yes", f"Yes, there is {with_article(what)}.", held_out=o.held_out)


def _bare(what: str) -> str:
    return what.removeprefix("an ").removeprefix("a ")


def _missing(scene: Scene, lots: Lots) -> Question | None:
    """A question whose premise is false; the honest answer says so."""
    name = lots.one([k for k in CATEGORIES if k not in {o.kind for o in scene.objects}])
    prompt = lots.words(WORDINGS, "missing", what=name, place=PLACES[scene.setting])
    if (
        name not in PEOPLE
        and "color" not in prompt
        and "big" not in prompt
        and name not in ("dog", "cat", "bird", "horse", "cow", "sheep", "elephant")
    ):
        return None  # things do nothing, whether they are there or not
    if name in PEOPLE and "color" in prompt:
        return None
    return Question("missing", prompt, f"There is no {name}.")


def _count(scene: Scene, lots: Lots) -> Question | None:
    people = sum(o.person for o in scene.objects)
    if people and lots.chance(0.25):
        return Question("count", lots.words(WORDINGS, "count", plural=plural(PERSON)), NUMBER_WORDS[people])
    name = lots.one(list(CATEGORIES)) if lots.chance(0.2) else lots.one(scene.objects).kind
    number = sum(o.kind == name for o in scene.objects)
    return Question("count", lots.words(WORDINGS, "count", plural=plural(name)), NUMBER_WORDS[number])


def _size(scene: Scene, lots: Lots) -> Question | None:
    options = [i for i, o in enumerate(scene.objects) if o.visible >= 0.85 and o.size and named(scene, i)]
    if not options:
        return None
    index = lots.one(options)
    o, ref = scene.objects[index], the(scene, index)
    return Question(
        "size", lots.words(WORDINGS, "size", ref=ref), o.size, f"{capital(ref)} is {o.size}.", held_out=o.held_out
    )


def _larger(scene: Scene, lots: Lots) -> Question | None:
    ranks = {"small": 0, "medium": 1, "large": 2}
    options = [
        (i, j)
        for i, a in enumerate(scene.objects)
        for j, b in enumerate(scene.objects)
        if i != j and named(scene, i) and named(scene, j) and a.size and b.size and ranks[a.size] > ranks[b.size]
    ]
    if not options:
        return None
    i, j = lots.one(options)
    first, second = lots.shuffled([the(scene, i), the(scene, j)])
    prompt = lots.words(WORDINGS, "larger", a=first, b=second)
    return Question("larger", prompt, the(scene, i), f"{capital(the(scene, i))} is larger.")


def _setting(scene: Scene, lots: Lots) -> Question | None:
    place = PLACES[scene.setting]
    return Question("setting", lots.words(WORDINGS, "setting"), place, f"This picture was taken {place}.")


def _caption(scene: Scene, lots: Lots) -> Question | None:
    if len(scene.objects) > _MANY:
        return None
    return Question("caption", lots.words(WORDINGS, "caption"), caption(scene), held_out=scene.held_out)


def _story(scene: Scene, lots: Lots) -> Question | None:
    """What people would write below the picture; several captions are as right as any."""
    if len(scene.objects) > _MANY:
        return None
    found = captions(scene)
    told = lots.one(found)
    return Question(
        "story",
        lots.words(WORDINGS, "story"),
        told,
        accepted=tuple(c for c in found if c != told),
        held_out=scene.held_out,
    )


ASKERS: dict[str, Asker] = {
    "color": _color,
    "name": _name,
    "exists": _exists,
    "missing": _missing,
    "count": _count,
    "size": _size,
    "larger": _larger,
    "setting": _setting,
    "caption": _caption,
    "story": _story,
}
__all__ = ["ASKERS", "refer"]
