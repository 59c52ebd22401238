"""Every prompt that the pocket model is taught or examined with goes where it belongs, in every wording there is."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest

from twist_scout.routing import GROUNDING, UNDERSTANDING, default_router
from twist_scout.toyworld import questions, tasks
from twist_scout.toyworld.lots import Lots
from twist_scout.toyworld.scene import Scene, sample_scene


@cache
def scenes() -> tuple[Scene, ...]:
    return tuple(sample_scene(seed) for seed in range(80))


def all_lots() -> Iterator[Lots]:
    """With the wordings of training, and with those that training never shows."""
    for unseen in (False, True):
        for seed in range(2):
            yield Lots(np.random.default_rng(seed), unseen)


def routed(texts: set[str], mode: str) -> list[str]:
    """Those that do not go to ``mode``."""
    found = sorted(texts)
    decisions = default_router().decide(found)
    return [text for text, decision in zip(found, decisions, strict=True) if decision.mode != mode]


@pytest.mark.parametrize("kind", questions.WORDINGS)
def test_questions_stay_with_the_base(kind: str) -> None:
    asked = [q for lots in all_lots() for s in scenes() if (q := questions.ask(s, kind, lots))]
    assert len(asked) > 20
    assert routed({q.prompt for q in asked} | {q.in_a_sentence.prompt for q in asked}, UNDERSTANDING) == []


@pytest.mark.parametrize("kind", tasks.KINDS)
def test_tasks_go_to_grounding(kind: str) -> None:
    made = {t.prompt for lots in all_lots() for s in scenes() if (t := tasks.make_task(s, kind, lots))}
    assert len(made) > 5  # a caption is asked for in few ways
    assert routed(made, GROUNDING) == []
