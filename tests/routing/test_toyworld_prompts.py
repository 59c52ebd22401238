"""Every prompt that the pocket model is taught or examined with goes where it belongs, filled in every way."""

from __future__ import annotations

from itertools import islice, product

import numpy as np
import pytest

from twist_scout.routing import GROUNDING, UNDERSTANDING, default_router
from twist_scout.toyworld import grounding_tasks, questions
from twist_scout.toyworld.drawing import CATEGORIES, COLORS
from twist_scout.toyworld.expressions import RELATIONS, plural, with_article
from twist_scout.toyworld.questions.question import IN_A_SENTENCE
from twist_scout.toyworld.scene import sample_scene

AREAS = [f"{row} {column}" for row in ("top", "middle", "bottom") for column in ("left", "center", "right")]
SIDES = [("left", "right"), ("right", "left"), ("top", "bottom"), ("bottom", "top")]


def fillings():
    """Words for every slot: each category, colour, size, relation, side and area is used."""
    colors, relations = list(COLORS), list(RELATIONS)
    for number, (category, size) in enumerate(product(CATEGORIES, ("", "small ", "large "))):
        color = colors[number % len(colors)]
        anchor = f"the {colors[(number + 3) % len(colors)]} {list(CATEGORIES)[(number + 5) % len(CATEGORIES)]}"
        relation = relations[number % len(relations)]
        start, end = SIDES[number % len(SIDES)]
        refs = (f"the {size}{category}", f"the {color} {category}", f"the {category} {relation} {anchor}")
        yield {
            "start": start, "end": end, "side": start, "area": AREAS[number % len(AREAS)], "ref": refs[number % 3],
            "name": category, "a_name": with_article(category), "plural": plural(category), "color": color,
            "what": with_article(f"{color} {category}"), "relation": relation, "anchor": anchor,
        }  # fmt: skip


def routed(texts: list[str], mode: str) -> list[str]:
    """Those that do not go to ``mode``."""
    decisions = default_router().decide(texts)
    return [text for text, decision in zip(texts, decisions, strict=True) if decision.mode != mode]


@pytest.mark.parametrize("kind", questions.TEMPLATES)
def test_questions_stay_with_the_base(kind: str) -> None:
    texts = [template.format(**words) for template in questions.TEMPLATES[kind] for words in fillings()]
    texts += [f"{text} {IN_A_SENTENCE}" for text in texts]
    assert routed(sorted(set(texts)), UNDERSTANDING) == []


@pytest.mark.parametrize("kind", ["rec", "localization", "gic"])
def test_grounding_tasks_go_to_grounding(kind: str) -> None:
    texts = {template.format(**words) for template in grounding_tasks.TEMPLATES[kind] for words in fillings()}
    assert routed(sorted(texts), GROUNDING) == []


@pytest.mark.parametrize("kind", ["color", "related", "size"])
def test_step_by_step_questions_go_to_grounding(kind: str) -> None:
    texts = {
        step.format(question=question.format(**words))
        for step in grounding_tasks.TEMPLATES["step"]
        for question in grounding_tasks.TEMPLATES[kind]
        for words in islice(fillings(), 30)
    }
    assert routed(sorted(texts), GROUNDING) == []


def test_scenes_as_they_are_drawn() -> None:
    rng = np.random.default_rng(0)
    scenes = [sample_scene(seed) for seed in range(60)]
    asked = {q.prompt for s in scenes for k in questions.TEMPLATES if (q := questions.ask(s, k, rng))}
    tasks = {t.prompt for s in scenes for k in grounding_tasks.KINDS if (t := grounding_tasks.make_task(s, k, rng))}
    assert routed(sorted(asked), UNDERSTANDING) == []
    assert routed(sorted(tasks), GROUNDING) == []
