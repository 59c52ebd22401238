"""What TWIST learns in the toy world: SCOUT-style tasks whose answers hold boxes (§4, Figures A.1 and A.2).

Answers refer to boxes as ``<box:0,2>``: indexes into the scene's objects, independent of any model's way of writing a box.
The exact truth of a scene makes every answer right by construction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from twist_scout.toyworld.drawing import CATEGORIES
from twist_scout.toyworld.expressions import Description, plural, refer, shortest, with_article
from twist_scout.toyworld.questions import (
    absent_description,
    join,
    mention,
    reading_order,
    unique_relations,
)
from twist_scout.toyworld.scene import Scene

Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class GroundingTask:
    """A prompt and its grounded answer.

    Attributes:
        task: ``rec``, ``localization``, ``gic`` or ``scout``, as in ``Example.task``.
        prompt: what the user types.
        answer: with box references ``<box:i,j>``.
        target: the object asked for, where there is exactly one.
        negative: whether the asked-for thing is absent.
        final: the final answer of a step-by-step task, without boxes.
        held_out: whether it is about a held-out (category, colour) pair.
    """

    task: str
    prompt: str
    answer: str
    target: int | None = None
    negative: bool = False
    final: str = ""
    held_out: bool = False


TEMPLATES: dict[str, tuple[str, ...]] = {
    "rec": (
        "Where is {ref}?",
        "Where is {ref}? Give its box.",
        "Find {ref}.",
        "Point to {ref}.",
        "Show me {ref}.",
        "Give the bounding box of {ref}.",
        "Please provide the bounding box of {ref}.",
        "Give me the coordinates of {ref}.",
        "In which box is {ref}?",
        "Can you point to {ref} in the picture?",
        "Where in the image is {ref}?",
        "Draw a box around {ref}.",
    ),
    "localization": (
        "Locate the {name}.",
        "Locate {a_name} in the picture.",
        "Detect the {name}.",
        "In the image is {a_name} located at",
        "Box every {name}.",
        "Locate all {plural}.",
        "Find every {name} and give the boxes.",
    ),
    "gic": (
        "Describe the picture and give a box for each object.",
        "Describe the image with boxes.",
        "Write a grounded caption.",
        "Give a grounded caption of this picture.",
        "Describe the picture and point to every object.",
        "What is in the picture? Give boxes.",
    ),
    "color": ("What color is {ref}?", "What is the color of {ref}?"),
    "related": ("What is {relation} {anchor}?", "Which object is {relation} {anchor}?"),
    "size": ("How big is {ref}?",),
    "step": (
        "{question} Answer step by step.",
        "{question} Think step by step.",
        "{question} Explain step by step with boxes.",
        "{question} Reason step by step and give boxes.",
    ),
}

#: The phrase that closes a refusal (Figure A.2).
INVALID = "This question is invalid."


def make_task(scene: Scene, kind: str, rng: Rng) -> GroundingTask | None:
    """One task of a kind, or ``None`` where the scene has none.

    Kinds are ``rec``, ``localization``, ``gic``, ``color``, ``related``, ``size``, ``absent`` and ``absent_step``.
    """
    return _MAKERS[kind](scene, rng)


def _choose(kind: str, rng: Rng, **words: str) -> str:
    options = TEMPLATES[kind]
    return options[rng.integers(len(options))].format(**words)


def _pick(scene: Scene, rng: Rng) -> int:
    return int(rng.integers(len(scene.objects)))


def _rec(scene: Scene, rng: Rng) -> GroundingTask:
    index = _pick(scene, rng)
    return referring_task(scene, index, refer(scene, index, rng), rng)


def referring_task(scene: Scene, index: int, expression: str, rng: Rng) -> GroundingTask:
    """Referring expression comprehension: ``expression`` (with article) of object ``index`` -> its box."""
    return GroundingTask(
        "rec",
        _choose("rec", rng, ref=expression),
        f"{_capital(expression)} <box:{index}>.",
        target=index,
        held_out=scene.objects[index].held_out,
    )


def _localization(scene: Scene, rng: Rng) -> GroundingTask:
    index = _pick(scene, rng)
    return localization_task(scene, scene.objects[index].category, rng)


def localization_task(scene: Scene, name: str, rng: Rng) -> GroundingTask:
    """Localisation by name: all objects of a category, from left to right."""
    found = [i for i in reading_order(scene) if scene.objects[i].category == name]
    what = f"the {name}" if len(found) == 1 else f"the {plural(name)}"
    return GroundingTask(
        "localization",
        _choose("localization", rng, name=name, a_name=with_article(name), plural=plural(name)),
        f"{_capital(what)} <box:{','.join(map(str, found))}>.",
        target=found[0] if len(found) == 1 else None,
        held_out=any(scene.objects[i].held_out for i in found),
    )


def _gic(scene: Scene, rng: Rng) -> GroundingTask:
    return GroundingTask("gic", _choose("gic", rng), f"There is {_grounded_list(scene)}.", held_out=scene.held_out)


def _stepwise(rng: Rng, question: str) -> str:
    return _choose("step", rng, question=question)


def _color(scene: Scene, rng: Rng) -> GroundingTask | None:
    index = _pick(scene, rng)
    o = scene.objects[index]
    plain = Description(o.category)
    if not plain.unique(scene, index):
        return None
    name = f"the {o.category}"
    steps = (
        f"Step 1: Find {name} <box:{index}>. "
        f"Step 2: {_capital(name)} <box:{index}> is {o.color}. "
        f"Step 3: So the answer is {o.color}."
    )
    prompt = _stepwise(rng, _choose("color", rng, ref=name))
    return GroundingTask("scout", prompt, steps, index, final=o.color, held_out=o.held_out)


def _size(scene: Scene, rng: Rng) -> GroundingTask | None:
    index = _pick(scene, rng)
    o = scene.objects[index]
    if o.visible < 0.9:
        return None
    ref = "the " + shortest(scene, index).text(scene)
    steps = (
        f"Step 1: Find {ref} <box:{index}>. "
        f"Step 2: {_capital(ref)} <box:{index}> is {o.size}. "
        f"Step 3: So the answer is {o.size}."
    )
    prompt = _stepwise(rng, _choose("size", rng, ref=ref))
    return GroundingTask("scout", prompt, steps, index, final=o.size, held_out=o.held_out)


def _related(scene: Scene, rng: Rng) -> GroundingTask | None:
    found = unique_relations(scene)
    if not found:
        return None
    index, name, anchor = found[rng.integers(len(found))]
    o = scene.objects[index]
    ref, what = "the " + shortest(scene, anchor).text(scene), f"{o.color} {o.category}"
    steps = (
        f"Step 1: Find {ref} <box:{anchor}>. "
        f"Step 2: Look {name} it, got the {what} <box:{index}>. "
        f"Step 3: So the answer is {what}."
    )
    prompt = _stepwise(rng, _choose("related", rng, relation=name, anchor=ref))
    return GroundingTask("scout", prompt, steps, index, final=what, held_out=o.held_out)


def _absent(scene: Scene, rng: Rng) -> GroundingTask:
    return absent_task(scene, absent_description(scene, rng), rng)


def absent_task(scene: Scene, what: str, rng: Rng) -> GroundingTask:
    """A request for something that is not there, and its contradiction in real boxes (Figure A.2)."""
    return GroundingTask("rec", _choose("rec", rng, ref=f"the {what}"), _refusal(scene, what), negative=True)


def _absent_step(scene: Scene, rng: Rng) -> GroundingTask:
    what = absent_description(scene, rng)
    if what in CATEGORIES and rng.random() < 0.7:
        question = _choose("color", rng, ref=f"the {what}")
    else:
        question = _choose("size", rng, ref=f"the {what}")
    return GroundingTask("scout", _stepwise(rng, question), _refusal(scene, what), negative=True)


def _refusal(scene: Scene, what: str) -> str:
    return (
        f"Step 1: Find the {what}. Step 2: There is {_grounded_list(scene)} in the image, "
        f"not {with_article(what)}. {INVALID}"
    )


def _grounded_list(scene: Scene) -> str:
    return join([f"{with_article(mention(scene, i))} <box:{i}>" for i in reading_order(scene)])


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


_MAKERS: dict[str, Callable[[Scene, Rng], GroundingTask | None]] = {
    "rec": _rec,
    "localization": _localization,
    "gic": _gic,
    "color": _color,
    "related": _related,
    "size": _size,
    "absent": _absent,
    "absent_step": _absent_step,
}
KINDS: tuple[str, ...] = tuple(_MAKERS)
