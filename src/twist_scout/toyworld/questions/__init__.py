"""What can be asked about a scene: image-understanding questions with exact short answers.

These train and examine the *pocket base*. Not one of them, and none of their answers, holds a box or a coordinate.
The grounding tasks are in :mod:`twist_scout.toyworld.tasks`.
"""

from __future__ import annotations

from collections.abc import Sequence

from twist_scout.toyworld.lots import Lots
from twist_scout.toyworld.questions import deeds, what, where
from twist_scout.toyworld.questions.question import Question
from twist_scout.toyworld.questions.where import area_name, unique_relations
from twist_scout.toyworld.questions.wordings import EXAM_KINDS, WORDINGS
from twist_scout.toyworld.scene import Scene

__all__ = ["EXAM_KINDS", "WORDINGS", "Question", "area_name", "ask", "ask_each", "unique_relations"]

_ASKERS = what.ASKERS | deeds.ASKERS | where.ASKERS


def ask(scene: Scene, kind: str, lots: Lots) -> Question | None:
    """One question of a kind about a scene, or ``None`` where the scene admits none.

    Raises:
        KeyError: there is no such kind; the kinds are those of :data:`WORDINGS`.
    """
    return _ASKERS[kind](scene, lots)


def ask_each(scene: Scene, lots: Lots, kinds: Sequence[str] = tuple(WORDINGS)) -> list[Question]:
    """One question of every kind that the scene admits."""
    return [q for kind in kinds if (q := ask(scene, kind, lots)) is not None]
