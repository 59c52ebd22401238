"""What TWIST learns in the toy world: SCOUT-style tasks whose answers hold boxes (§4, Figures A.1 and A.2).

Answers refer to boxes as ``<box:0,2>``: indexes into :func:`box_keys`, independent of any model's way of writing a box.
The exact truth of a scene makes every answer right by construction.
"""

from __future__ import annotations

from collections.abc import Callable

from twist_scout.toyworld.lots import Lots
from twist_scout.toyworld.scene import Scene
from twist_scout.toyworld.tasks import pointing, steps
from twist_scout.toyworld.tasks.pointing import absent_task, localization_task, referring_task
from twist_scout.toyworld.tasks.steps import box_keys
from twist_scout.toyworld.tasks.task import INVALID, TASK_WORDINGS, GroundingTask

__all__ = [
    "INVALID",
    "KINDS",
    "STEP_KINDS",
    "TASK_WORDINGS",
    "GroundingTask",
    "absent_task",
    "box_keys",
    "localization_task",
    "make_task",
    "referring_task",
]

_MAKERS: dict[str, Callable[[Scene, Lots], GroundingTask | None]] = {
    "rec": pointing.rec,
    "part": pointing.part,
    "localization": pointing.localization,
    "gic": pointing.gic,
    "absent": pointing.absent_rec,
    "color": steps.color,
    "garment": steps.garment,
    "partner": steps.partner,
    "who": steps.who,
    "size": steps.size,
    "related": steps.related,
    "absent_step": steps.absent_step,
}
KINDS: tuple[str, ...] = tuple(_MAKERS)
#: Kinds that are answered step by step and have a final answer.
STEP_KINDS: tuple[str, ...] = ("color", "garment", "partner", "who", "size", "related")


def make_task(scene: Scene, kind: str, lots: Lots) -> GroundingTask | None:
    """One task of a kind, or ``None`` where the scene has none.

    Raises:
        KeyError: there is no such kind.
    """
    return _MAKERS[kind](scene, lots)
