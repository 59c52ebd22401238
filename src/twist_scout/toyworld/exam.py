"""The toy world's exam paper: which questions are put to a model about unseen scenes, and what the truth is.

Nothing here runs a model; :mod:`twist_scout.experiments.exam` does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from twist_scout.boxes.box import Box
from twist_scout.toyworld import questions, tasks
from twist_scout.toyworld.casting import Variant
from twist_scout.toyworld.examples import pixel_boxes
from twist_scout.toyworld.expressions import refer
from twist_scout.toyworld.lots import Lots
from twist_scout.toyworld.scene import Domain, Rendered, Scene
from twist_scout.toyworld.telling import absent

Part = Literal["understanding", "rec", "localization", "gic", "steps", "absent"]
Split = Literal["plain", "pairs", "relations", "crowded", "wordings", "diagram"]

_REFERENCE = re.compile(r"<box:([\d,]+)>")


@dataclass(frozen=True, slots=True)
class Condition:
    """What is hard about a split: which scenes, in which domain, asked in which words."""

    variant: Variant = "plain"
    domain: Domain = "picture"
    unseen_wordings: bool = False


#: Honest difficulty: each split changes one thing.
SPLITS: dict[Split, Condition] = {
    "plain": Condition(),
    "pairs": Condition(variant="pairs"),
    "relations": Condition(variant="relations"),
    "crowded": Condition(variant="crowded"),
    "wordings": Condition(unseen_wordings=True),
    "diagram": Condition(domain="diagram"),
}


@dataclass(frozen=True, slots=True)
class ExamItem:
    """One question of the exam.

    Attributes:
        id: unique within the exam.
        part: which score it counts for; everything but ``understanding`` is asked in grounding mode.
        prompt: what the model is asked.
        kind: question kind within the part.
        answer: the right answer in words (understanding), the final answer (steps).
        accepted: other answers that are just as right (understanding).
        boxes: the right boxes, [0, 1] of the picture (rec, localization); every box of the steps in order (steps).
        objects: (COCO class, box) of every object in the picture (gic).
        held_out: whether it is about something that training never showed.
    """

    id: str
    part: Part
    prompt: str
    kind: str
    answer: str = ""
    accepted: tuple[str, ...] = ()
    boxes: tuple[Box, ...] = ()
    objects: tuple[tuple[str, Box], ...] = field(default=())
    held_out: bool = False


def exam_items(
    scene: Scene, rendered: Rendered, *, understanding: int = 3, unseen_wordings: bool = False
) -> Iterator[ExamItem]:
    """The questions about one scene.

    ``understanding`` of the question kinds in turn (so that kinds are equally frequent over many scenes), one referring
    expression, one localisation by name where a name is single, one grounded caption, one question to be answered in steps, one
    request for something absent. Deterministic by the scene's seed. Colours cannot be asked about in a diagram; whoever draws one
    leaves those questions out (:func:`colorless`).
    """
    lots = Lots(np.random.default_rng([0xE8A3, *scene.variant.encode(), scene.seed]), unseen_wordings)
    width, height = rendered.image.size
    boxes = [Box.from_pixels(*b, width=width, height=height) for b in pixel_boxes(scene, rendered)]
    prefix = f"{scene.variant}-{scene.seed:06d}"
    kinds, asked = questions.EXAM_KINDS, 0
    for step in range(len(kinds)):
        kind = kinds[(scene.seed * understanding + step) % len(kinds)]
        question = questions.ask(scene, kind, lots)
        if question is not None and asked < understanding:
            yield ExamItem(
                f"{prefix}-u{asked}",
                "understanding",
                question.prompt,
                kind,
                answer=question.answer,
                accepted=question.accepted,
                held_out=question.held_out,
            )
            asked += 1
    index = _subject(scene, lots)
    expression = refer(scene, index, lots)
    if expression is not None:
        task = tasks.referring_task(scene, index, expression, lots)
        yield ExamItem(f"{prefix}-r", "rec", task.prompt, "rec", boxes=(boxes[index],), held_out=task.held_out)
    single = [i for i, o in enumerate(scene.objects) if sum(o.kind == x.kind for x in scene.objects) == 1]
    if single:
        index = lots.one(single)
        task = tasks.localization_task(scene, scene.objects[index].kind, lots)
        yield ExamItem(
            f"{prefix}-l", "localization", task.prompt, "localization", boxes=(boxes[index],), held_out=task.held_out
        )
    caption = tasks.make_task(scene, "gic", lots)
    if caption is not None:
        found = tuple((o.category, b) for o, b in zip(scene.objects, boxes, strict=False))
        yield ExamItem(f"{prefix}-g", "gic", caption.prompt, "gic", objects=found, held_out=scene.held_out)
    for kind in lots.shuffled(tasks.STEP_KINDS):
        stepwise = tasks.make_task(scene, kind, lots)
        if stepwise is not None:
            meant = tuple(boxes[int(n)] for m in _REFERENCE.finditer(stepwise.answer) for n in m[1].split(","))
            yield ExamItem(
                f"{prefix}-s",
                "steps",
                stepwise.prompt,
                kind,
                answer=stepwise.final,
                boxes=meant,
                held_out=stepwise.held_out,
            )
            break
    missing = tasks.absent_task(scene, absent(scene, lots), lots)
    yield ExamItem(f"{prefix}-a", "absent", missing.prompt, "absent")


def colorless(item: ExamItem) -> bool:
    """Whether a question can be asked about a picture without colours: neither it nor its answer speaks of one."""
    from twist_scout.toyworld.drawing import COLORS

    words = set(re.findall(r"[a-z]+", f"{item.prompt} {item.answer}".lower()))
    return not words & {*COLORS, "color", "clothes", "wearing"}


def _subject(scene: Scene, lots: Lots) -> int:
    """Which object a referring expression is about: the held-out one, where there is one."""
    unusual = [i for i, o in enumerate(scene.objects) if o.held_out]
    if unusual:
        return unusual[0]
    acting = [it.subject for it in scene.interactions if scene.relation_held_out(it)]
    return acting[0] if acting else int(lots.rng.integers(len(scene.objects)))
