"""Grounding tasks: every box that an answer refers to exists and is the right one, and refusals are grounded."""

from __future__ import annotations

import re

import numpy as np
import pytest

from twist_scout.boxes.grounded import GroundedText
from twist_scout.toyworld.examples import MIXTURE, pixel_boxes, scene_tasks, to_example, write_dataset
from twist_scout.toyworld.expressions import plural
from twist_scout.toyworld.lots import Lots
from twist_scout.toyworld.questions import WORDINGS, ask
from twist_scout.toyworld.scene import render, sample_scene
from twist_scout.toyworld.tasks import INVALID, KINDS, STEP_KINDS, TASK_WORDINGS, box_keys, make_task

SCENES = [sample_scene(s) for s in range(120)]
REFERENCE = re.compile(r"<box:(\d+(?:,\d+)*)>")


def made(kind):
    lots = Lots(np.random.default_rng(4))
    return [(s, t) for s in SCENES for _ in range(2) if (t := make_task(s, kind, lots)) is not None]


@pytest.mark.parametrize("kind", KINDS)
def test_every_box_belongs_to_the_phrase_before_it(kind) -> None:
    found = made(kind)
    assert len(found) > 30
    for scene, task in found:
        keys = box_keys(scene)
        last = ""
        for piece in re.split(r"(<box:[\d,]+>)", task.answer):
            if not piece.startswith("<box:"):
                last = piece.rstrip().rsplit(". ", 1)[-1]
                continue
            for n in piece[5:-1].split(","):
                index, part = keys[int(n)]
                kind_name = scene.objects[index].kind
                names = [part] if part else [kind_name, plural(kind_name), "person", "people"]
                assert any(name in last for name in names), task
        assert REFERENCE.search(task.answer)


def test_the_target_is_the_box_that_the_answer_ends_with() -> None:
    for kind in ("rec", "part"):
        for _, task in made(kind):
            assert task.answer.endswith(f"<box:{task.target}>.")


@pytest.mark.parametrize("kind", STEP_KINDS)
def test_step_by_step_answers_end_in_the_final_answer(kind) -> None:
    for _, task in made(kind):
        read = GroundedText.parse(REFERENCE.sub("[[1,2,3,4]]", task.answer))
        assert read.answer == task.final
        assert [s.number for s in read.steps] == list(range(1, len(read.steps) + 1))
        assert len(read.steps) in (3, 4)


@pytest.mark.parametrize("kind", ["absent", "absent_step"])
def test_refusals_name_what_is_missing_and_box_what_is_there(kind) -> None:
    for scene, task in made(kind):
        assert task.negative
        assert task.answer.endswith(INVALID)
        assert len(REFERENCE.findall(task.answer)) == min(3, len(scene.objects))
        assert GroundedText.parse(REFERENCE.sub("[[1,2,3,4]]", task.answer)).rejected


def test_grounding_prompts_are_not_understanding_prompts() -> None:
    lots = Lots(np.random.default_rng(0))
    understanding = {q.prompt for s in SCENES for k in WORDINGS if (q := ask(s, k, lots))}
    assert not understanding & {t.prompt for k in KINDS for _, t in made(k)}


def test_wordings_kept_for_tests_are_others() -> None:
    for wordings in TASK_WORDINGS.values():
        assert wordings.unseen
        assert not set(wordings.known) & set(wordings.unseen)


def test_a_scene_gets_different_tasks_every_one_from_the_mixture() -> None:
    tasks = list(scene_tasks(SCENES[3], 6, seed=1))
    assert len({t.prompt for t in tasks}) == 6
    assert tasks == list(scene_tasks(SCENES[3], 6, seed=1))
    assert abs(sum(MIXTURE.values()) - 1) < 1e-9
    assert set(MIXTURE) == set(KINDS)


def test_a_data_set_reads_back_and_has_the_scenes_boxes(tmp_path) -> None:
    from twist_scout.data.records import read_examples

    path = write_dataset(tmp_path, iter([3, 4]), per_scene=2, size=120)
    examples = list(read_examples(path))
    assert len(examples) == 4
    assert len({e.id for e in examples}) == 4
    for example in examples:
        assert (tmp_path / example.image).exists()
        scene = sample_scene(int(example.id.split("-")[1]), split="train")
        assert [tuple(b) for b in example.boxes] == pixel_boxes(scene, render(scene, 120))


def test_an_example_keeps_the_final_answer() -> None:
    scene, task = made("garment")[0]
    example = to_example(task, scene, render(scene, 120), id="x", image="x.png")
    assert example.meta["final"] == task.final
    assert example.task == "scout"
