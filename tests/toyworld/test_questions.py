"""Questions have the answer that the scene says, and none of them holds a coordinate."""

from __future__ import annotations

import re

import numpy as np
import pytest

from twist_scout.toyworld.drawing import COLORS, PEOPLE
from twist_scout.toyworld.expressions import NUMBER_WORDS, RELATIONS, plain, related
from twist_scout.toyworld.lots import Lots
from twist_scout.toyworld.questions import EXAM_KINDS, WORDINGS, area_name, ask, ask_each, unique_relations
from twist_scout.toyworld.scene import sample_scene
from twist_scout.toyworld.staging import VERBS

SCENES = [sample_scene(s) for s in range(200)]


def asked(kind, unseen=False):
    lots = Lots(np.random.default_rng(1), unseen)
    return [(s, q) for s in SCENES for _ in range(3) if (q := ask(s, kind, lots)) is not None]


@pytest.mark.parametrize("kind", WORDINGS)
def test_every_kind_is_asked_and_holds_no_number_in_digits(kind) -> None:
    found = asked(kind)
    assert len(found) > 30
    for _, q in found:
        assert q.kind == kind
        assert not re.search(r"\d|\[|\{", q.prompt + q.answer + q.sentence)


def test_unseen_wordings_are_never_drawn_for_training() -> None:
    for kind, wordings in WORDINGS.items():
        assert not set(wordings.known) & set(wordings.unseen)
        shapes = [re.compile(re.sub(r"\\\{\w+\\\}", ".+", re.escape(text)) + "$") for text in wordings.unseen]
        assert not any(shape.match(q.prompt) for _, q in asked(kind) for shape in shapes)
        assert all(any(shape.match(q.prompt) for shape in shapes) for _, q in asked(kind, unseen=True))


def test_no_two_kinds_share_a_prompt() -> None:
    prompts = {kind: {q.prompt for _, q in asked(kind)} for kind in WORDINGS}
    for a in prompts:
        for b in prompts:
            assert a == b or "missing" in (a, b) or not prompts[a] & prompts[b], (a, b)


def test_colors_names_and_garments_are_true() -> None:
    for scene, q in asked("color"):
        assert any(o.color == q.answer and o.kind in q.prompt for o in scene.objects)
    for scene, q in asked("name"):
        assert any(o.color and o.kind in q.answer and o.color in q.prompt for o in scene.objects)
    for scene, q in asked("garment"):
        named = [g for g in ("hat", "shirt", "dress", "trousers") if g in q.prompt]
        assert any(o.wears(g) == q.answer and o.kind in q.prompt for o in scene.objects for g in named)


@pytest.mark.parametrize("verb", VERBS)
def test_who_does_what_with_what_is_true(verb) -> None:
    for scene, q in asked(verb):
        partners = [[plain(scene, k) for k in scene.partner(i, verb)] for i in range(len(scene.objects))]
        assert any(found and all(p in q.answer for p in found) for found in partners)
    for scene, q in asked("who"):
        assert q.answer.removeprefix("the ") in PEOPLE
        assert any(scene.objects[it.subject].kind == q.answer[4:] and it.verb in q.prompt for it in scene.interactions)


def test_the_kinds_of_the_papers_figure_occur() -> None:
    prompts = [q.prompt for kind in WORDINGS for _, q in asked(kind)]
    for pattern in (
        r"What is the color of the hat the (man|woman|boy|girl) is wearing\?",
        r"What is the (man|woman|boy|girl) sitting on\?",
        r"What is the (man|woman|boy|girl) playing with on the beach\?",
        r"What is the dog doing in the kitchen\?",
    ):
        assert any(re.fullmatch(pattern, p) for p in prompts), pattern


def test_two_playmates_are_both_named() -> None:
    scenes = [
        s
        for s in (sample_scene(n) for n in range(600))
        if any(len(s.partner(i, "playing with")) == 2 for i in range(len(s.objects)))
    ]
    answers = [q.answer for s in scenes if (q := ask(s, "playing with", Lots(np.random.default_rng(0))))]
    assert answers
    assert sum(" and " in a for a in answers) > 0.6 * len(answers)


def test_yes_and_no_are_both_common() -> None:
    for kind in ("exists", "relation"):
        answers = [q.answer for _, q in asked(kind)]
        assert set(answers) == {"yes", "no"}
        assert 0.3 < answers.count("yes") / len(answers) < 0.7


def test_what_is_missing_is_missing() -> None:
    for scene, q in asked("missing"):
        name = q.answer.removeprefix("There is no ").rstrip(".")
        assert name in q.prompt
        assert name not in {o.kind for o in scene.objects}


def test_counts() -> None:
    for scene, q in asked("count"):
        people = [o for o in scene.objects if o.person]
        if "people" in q.prompt:
            assert q.answer == NUMBER_WORDS[len(people)]


def test_unique_relations_hold_for_that_object_alone() -> None:
    for scene in SCENES:
        for index, name, anchor in unique_relations(scene):
            assert name in RELATIONS
            assert [i for i in range(len(scene.objects)) if related(scene, i, name, anchor)] == [index]


def test_a_sentence_says_the_answer() -> None:
    for kind in WORDINGS:
        for _, q in asked(kind):
            if q.sentence and q.answer not in ("yes", "no"):
                core = q.answer.removeprefix("the ").removesuffix(" it")
                core = core.split(" ", 1)[1] if core.startswith(("a ", "an ")) else core
                assert core in q.sentence or core.capitalize() in q.sentence
            assert q.in_a_sentence.answer == (q.sentence or q.answer)


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
        assert ask_each(scene, Lots(np.random.default_rng(5))) == ask_each(scene, Lots(np.random.default_rng(5)))


def test_colours_never_name_a_kind() -> None:
    assert not set(COLORS) & {w for kind in EXAM_KINDS for w in kind.split()} - {"color"}
