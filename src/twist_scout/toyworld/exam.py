"""The toy world's exam paper: which questions are put to a model about unseen scenes, and what the truth is.

Nothing here runs a model; :mod:`twist_scout.experiments.exam` does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from twist_scout.boxes.box import Box
from twist_scout.toyworld import grounding_tasks, questions
from twist_scout.toyworld.expressions import refer
from twist_scout.toyworld.scene import Rendered, Scene

Part = Literal["understanding", "rec", "localization", "gic", "absent"]


@dataclass(frozen=True, slots=True)
class ExamItem:
    """One question of the exam.

    Attributes:
        id: unique within the exam.
        part: which score it counts for; everything but ``understanding`` is asked in grounding mode.
        prompt: what the model is asked.
        kind: question kind within the part.
        answer: the right answer in words (understanding only).
        boxes: the right boxes, [0, 1] of the picture (rec, localization).
        objects: (name, box) of every object in the picture (gic).
        held_out: whether it is about a (category, colour) pair that training never showed.
    """

    id: str
    part: Part
    prompt: str
    kind: str
    answer: str = ""
    boxes: tuple[Box, ...] = ()
    objects: tuple[tuple[str, Box], ...] = field(default=())
    held_out: bool = False


def exam_items(scene: Scene, rendered: Rendered, *, understanding: int = 2) -> Iterator[ExamItem]:
    """The questions about one scene.

    ``understanding`` of the question kinds in turn (so that kinds are equally frequent over many scenes), one referring
    expression, one localisation by name where a name is single, one grounded caption, one request for something absent.
    Deterministic by the scene's seed.
    """
    rng = np.random.default_rng([0xE8A3, int(scene.held_out), scene.seed])
    size = rendered.image.size[0]
    boxes = [Box.from_pixels(*b, width=size, height=size) for b in rendered.boxes]
    prefix = f"{'held-' if scene.held_out else ''}{scene.seed:06d}"
    kinds, asked = questions.EXAM_KINDS, 0
    for step in range(len(kinds)):
        kind = kinds[(scene.seed * understanding + step) % len(kinds)]
        question = questions.ask(scene, kind, rng)
        if question is not None and asked < understanding:
            yield ExamItem(
                f"{prefix}-u{asked}",
                "understanding",
                question.prompt,
                kind,
                answer=question.answer,
                held_out=question.held_out,
            )
            asked += 1
    index = _subject(scene, rng)
    task = grounding_tasks.referring_task(scene, index, refer(scene, index, rng), rng)
    yield ExamItem(f"{prefix}-r", "rec", task.prompt, "rec", boxes=(boxes[index],), held_out=task.held_out)
    single = [i for i, o in enumerate(scene.objects) if sum(o.category == x.category for x in scene.objects) == 1]
    if single:
        index = single[rng.integers(len(single))]
        task = grounding_tasks.localization_task(scene, scene.objects[index].category, rng)
        yield ExamItem(
            f"{prefix}-l", "localization", task.prompt, "localization", boxes=(boxes[index],), held_out=task.held_out
        )
    caption = grounding_tasks.make_task(scene, "gic", rng)
    assert caption is not None  # every scene has a caption
    yield ExamItem(
        f"{prefix}-g",
        "gic",
        caption.prompt,
        "gic",
        objects=tuple((o.category, b) for o, b in zip(scene.objects, boxes, strict=True)),
        held_out=scene.held_out,
    )
    absent = grounding_tasks.absent_task(scene, questions.absent_description(scene, rng), rng)
    yield ExamItem(f"{prefix}-a", "absent", absent.prompt, "absent")


def _subject(scene: Scene, rng: np.random.Generator) -> int:
    """Which object a referring expression is about: the held-out one, where there is one."""
    unusual = [i for i, o in enumerate(scene.objects) if o.held_out]
    return unusual[0] if unusual else int(rng.integers(len(scene.objects)))
