"""Tasks whose whole answer is a box or a grounded caption: expressions, parts, names, captions, and what is absent."""

from __future__ import annotations

from twist_scout.toyworld.expressions import PERSON, plural, refer, with_article
from twist_scout.toyworld.lots import Lots
from twist_scout.toyworld.questions.deeds import person_phrase
from twist_scout.toyworld.scene import Scene
from twist_scout.toyworld.tasks.steps import box_keys, refusal
from twist_scout.toyworld.tasks.task import TASK_WORDINGS, GroundingTask
from twist_scout.toyworld.telling import absent, capital, caption, mention, reading_order


def rec(scene: Scene, lots: Lots) -> GroundingTask | None:
    """Referring expression comprehension."""
    index = int(lots.rng.integers(len(scene.objects)))
    expression = refer(scene, index, lots)
    return None if expression is None else referring_task(scene, index, expression, lots)


def referring_task(scene: Scene, index: int, expression: str, lots: Lots) -> GroundingTask:
    """Ask for ``expression`` (with article) of box ``index``."""
    prompt = lots.words(TASK_WORDINGS, "rec", ref=expression)
    held_out = scene.objects[box_keys(scene)[index][0]].held_out
    return GroundingTask("rec", "rec", prompt, f"{capital(expression)} <box:{index}>.", target=index, held_out=held_out)


def part(scene: Scene, lots: Lots) -> GroundingTask | None:
    """Where is the hat of the man?"""
    keys = box_keys(scene)
    options = []
    for n, (index, name) in enumerate(keys):
        if name in ("", "hand"):
            continue
        ref = person_phrase(scene, index, without=name)
        if ref is not None:
            options.append((n, f"the {name} of {ref}"))
    if not options:
        return None
    n, expression = lots.one(options)
    task = referring_task(scene, n, expression, lots)
    return GroundingTask("rec", "part", task.prompt, task.answer, target=n, held_out=task.held_out)


def localization(scene: Scene, lots: Lots) -> GroundingTask:
    """Localisation by name: all objects of a kind."""
    index = int(lots.rng.integers(len(scene.objects)))
    name = scene.objects[index].kind
    if scene.objects[index].person and lots.chance(0.25):
        name = PERSON
    return localization_task(scene, name, lots)


def localization_task(scene: Scene, name: str, lots: Lots) -> GroundingTask:
    """All objects of a kind, or all people, from left to right."""
    found = [
        i for i in reading_order(scene) if name == scene.objects[i].kind or (name == PERSON and scene.objects[i].person)
    ]
    what = f"the {name}" if len(found) == 1 else f"the {plural(name)}"
    return GroundingTask(
        "localization",
        "localization",
        lots.words(TASK_WORDINGS, "localization", name=name, a_name=with_article(name), plural=plural(name)),
        f"{capital(what)} <box:{','.join(map(str, found))}>.",
        target=found[0] if len(found) == 1 else None,
        held_out=any(scene.objects[i].held_out for i in found),
    )


def gic(scene: Scene, lots: Lots) -> GroundingTask:
    """Grounded caption: the plain caption, with the box of each object."""
    text = caption(scene, lambda i: f"{with_article(mention(scene, i))} <box:{i}>")
    return GroundingTask("gic", "gic", lots.words(TASK_WORDINGS, "gic"), text, held_out=scene.held_out)


def absent_rec(scene: Scene, lots: Lots) -> GroundingTask:
    """A request for something that is not there."""
    return absent_task(scene, absent(scene, lots), lots)


def absent_task(scene: Scene, what: str, lots: Lots) -> GroundingTask:
    """A request for ``what`` (without article), and its contradiction in real boxes (Figure A.2)."""
    prompt = lots.words(TASK_WORDINGS, "rec", ref=f"the {what}")
    return GroundingTask("rec", "absent", prompt, refusal(scene, what), negative=True)
