"""What can be asked about a scene: image-understanding questions with exact short answers.

These train and examine the *pocket base*. Not one of them, and none of their answers, holds a box or a coordinate.
The grounding tasks are in :mod:`twist_scout.toyworld.grounding_tasks`.
"""

from __future__ import annotations

from collections.abc import Sequence

from twist_scout.toyworld.questions import what, where
from twist_scout.toyworld.questions.question import EXAM_KINDS, TEMPLATES, Question, Rng, join
from twist_scout.toyworld.questions.what import absent_description, caption, mention, reading_order
from twist_scout.toyworld.questions.where import area_name, unique_relations
from twist_scout.toyworld.scene import Scene

__all__ = [
    "EXAM_KINDS",
    "TEMPLATES",
    "Question",
    "absent_description",
    "area_name",
    "ask",
    "ask_each",
    "caption",
    "join",
    "mention",
    "reading_order",
    "unique_relations",
]

_ASKERS = what.ASKERS | where.ASKERS


def ask(scene: Scene, kind: str, rng: Rng) -> Question | None:
    """One question of a kind about a scene, or ``None`` where the scene admits none.

    Raises:
        KeyError: there is no such kind; the kinds are those of :data:`TEMPLATES`.
    """
    return _ASKERS[kind](scene, rng)


def ask_each(scene: Scene, rng: Rng, kinds: Sequence[str] = tuple(TEMPLATES)) -> list[Question]:
    """One question of every kind that the scene admits."""
    return [q for kind in kinds if (q := ask(scene, kind, rng)) is not None]
