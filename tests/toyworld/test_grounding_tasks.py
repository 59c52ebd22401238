"""Grounding tasks: every box that an answer refers to exists and is the right one, and refusals are grounded."""

from __future__ import annotations

import re

import numpy as np
import pytest

from twist_scout.boxes.grounded import GroundedText
from twist_scout.routing import decide
from twist_scout.toyworld.examples import MIXTURE, scene_tasks, to_example, write_dataset
from twist_scout.toyworld.grounding_tasks import INVALID, KINDS, make_task
from twist_scout.toyworld.questions import TEMPLATES as UNDERSTANDING
from twist_scout.toyworld.questions import ask
from twist_scout.toyworld.scene import render, sample_scene

SCENES = [sample_scene(s) for s in range(80)]
REFERENCE = re.compile(r"<box:(\d+(?:,\d+)*)>")


def made(kind):
    rng = np.random.default_rng(4)
    return [(s, t) for s in SCENES for _ in range(2) if (t := make_task(s, kind, rng)) is not None]


@pytest.mark.parametrize("kind", KINDS)
def test_every_box_belongs_to_the_phrase_before_it(kind) -> None:
    found = made(kind)
    assert len(found) > 30
    for scene, task in found:
        indexes = [int(i) for group in REFERENCE.findall(task.answer) for i in group.split(",")]
        assert indexes
        text, marks = "", 0
        for piece in re.split(r"(<box:[\d,]+>)", task.answer):
            if piece.startswith("<box:"):
                for i in piece[5:-1].split(","):
                    name = scene.objects[int(i)].category
                    plural = {"person": "people", "bus": "buses"}.get(name, name + "s")
                    last = text.rstrip().rsplit(". ", 1)[-1]
                    assert name in last or plural in last
                    marks += 1
            else:
                text = piece
        assert marks == len(indexes)


def test_the_target_is_the_object_that_the_answer_boxes() -> None:
    for scene, task in made("rec"):
        assert task.answer.endswith(f"<box:{task.target}>.")
        assert scene.objects[task.target].category in task.prompt


def test_step_by_step_answers_end_in_the_final_answer() -> None:
    for kind in ("color", "size", "related"):
        for _, task in made(kind):
            read = GroundedText.parse(REFERENCE.sub("[[1,2,3,4]]", task.answer))
            assert read.answer == task.final
            assert [s.number for s in read.steps] == [1, 2, 3]


@pytest.mark.parametrize("kind", ["absent", "absent_step"])
def test_refusals_name_what_is_missing_and_box_what_is_there(kind) -> None:
    for scene, task in made(kind):
        assert task.negative
        assert task.answer.endswith(INVALID)
        assert len(REFERENCE.findall(task.answer)) == len(scene.objects)
        assert GroundedText.parse(REFERENCE.sub("[[1,2,3,4]]", task.answer)).rejected


def test_grounding_prompts_are_not_understanding_prompts() -> None:
    rng = np.random.default_rng(0)
    understanding = {q.prompt for s in SCENES for k in UNDERSTANDING if (q := ask(s, k, rng))}
    assert not understanding & {t.prompt for k in KINDS for _, t in made(k)}


def test_the_router_sends_the_worlds_prompts_where_they_belong() -> None:
    rng = np.random.default_rng(0)
    questions = [q.prompt for s in SCENES for k in UNDERSTANDING if (q := ask(s, k, rng))]
    tasks = [t.prompt for k in KINDS for _, t in made(k)]
    assert all(decide(p).mode == "understanding" for p in questions)
    assert all(decide(p).mode == "grounding" for p in tasks)


def test_a_scene_gets_different_tasks_every_one_from_the_mixture() -> None:
    tasks = list(scene_tasks(SCENES[0], 6, seed=1))
    assert len({t.prompt for t in tasks}) == 6
    assert tasks == list(scene_tasks(SCENES[0], 6, seed=1))
    assert abs(sum(MIXTURE.values()) - 1) < 1e-9


def test_a_data_set_reads_back_and_has_the_scenes_boxes(tmp_path) -> None:
    from twist_scout.data.records import read_examples

    path = write_dataset(tmp_path, iter([3, 4]), per_scene=2, size=120)
    examples = list(read_examples(path))
    assert len(examples) == 4
    assert len({e.id for e in examples}) == 4
    for example in examples:
        assert (tmp_path / example.image).exists()
        scene = sample_scene(int(example.id.split("-")[1]), split="train")
        assert [tuple(map(int, b)) for b in example.boxes] == list(render(scene, 120).boxes)


def test_an_example_keeps_the_final_answer(tmp_path) -> None:
    scene, task = made("color")[0]
    example = to_example(task, render(scene, 120), id="x", image="x.png")
    assert example.meta["final"] == task.final
    assert example.task == "scout"
