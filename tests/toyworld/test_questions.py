"""Questions have the answer that the scene says, and none of them holds a coordinate."""

from __future__ import annotations

import re

import numpy as np
import pytest

from twist_scout.toyworld.expressions import NUMBER_WORDS, RELATIONS, related
from twist_scout.toyworld.questions import (
    TEMPLATES,
    absent_description,
    area_name,
    ask,
    ask_each,
    caption,
    reading_order,
    unique_relations,
)
from twist_scout.toyworld.scene import sample_scene

SCENES = [sample_scene(s) for s in range(150)]


def asked(kind):
    rng = np.random.default_rng(1)
    return [(s, q) for s in SCENES for _ in range(3) if (q := ask(s, kind, rng)) is not None]


@pytest.mark.parametrize("kind", TEMPLATES)
def test_every_kind_is_asked_and_holds_no_number_in_digits(kind) -> None:
    found = asked(kind)
    assert len(found) > 30
    for _, q in found:
        assert q.kind == kind
        assert not re.search(r"\d|\[", q.prompt + q.answer)


def test_no_two_kinds_share_a_prompt() -> None:
    prompts = {kind: {q.prompt for _, q in asked(kind)} for kind in TEMPLATES}
    for a in prompts:
        for b in prompts:
            assert a == b or not prompts[a] & prompts[b]


def test_colors_and_names_are_true() -> None:
    for scene, q in asked("color"):
        assert any(o.color == q.answer and o.category in q.prompt for o in scene.objects)
    for scene, q in asked("name"):
        assert any(o.category in q.answer and o.color in q.prompt for o in scene.objects)


def test_yes_and_no_are_both_common() -> None:
    for kind in ("exists", "relation"):
        answers = [q.answer for _, q in asked(kind)]
        assert set(answers) == {"yes", "no"}
        assert 0.3 < answers.count("yes") / len(answers) < 0.7


def test_absent_things_are_absent() -> None:
    rng = np.random.default_rng(2)
    for scene in SCENES:
        for _ in range(10):
            *color, name = absent_description(scene, rng).split()
            assert not any(o.category == name and (not color or o.color == color[0]) for o in scene.objects)


def test_counts() -> None:
    for scene, q in asked("total"):
        assert q.answer == NUMBER_WORDS[len(scene.objects)]


def test_unique_relations_hold_for_that_object_alone() -> None:
    for scene in SCENES:
        for index, name, anchor in unique_relations(scene):
            assert name in RELATIONS
            assert [i for i in range(len(scene.objects)) if related(scene, i, name, anchor)] == [index]


def test_captions_name_everything_from_left_to_right() -> None:
    for scene in SCENES:
        text = caption(scene)
        places = [text.index(f"{scene.objects[i].color} {scene.objects[i].category}") for i in reading_order(scene)]
        assert places == sorted(places)


@pytest.mark.parametrize(
    ("center", "name"),
    [
        ((0.1, 0.1), "top left"),
        ((0.5, 0.5), "middle center"),
        ((0.9, 0.5), "middle right"),
        ((0.1, 0.9), "bottom left"),
        ((0.34, 0.1), None),  # too near the border between left and centre
        ((0.1, 0.65), None),
    ],
)
def test_areas(center, name) -> None:
    assert area_name(center) == name


def test_asking_is_deterministic() -> None:
    for scene in SCENES[:20]:
        assert ask_each(scene, np.random.default_rng(5)) == ask_each(scene, np.random.default_rng(5))
