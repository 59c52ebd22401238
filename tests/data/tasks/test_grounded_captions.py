from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twist_scout.data.records import box_references
from twist_scout.data.tasks.annotated import instances, reading_order
from twist_scout.data.tasks.grounded_captions import gic_example, list_things
from twist_scout.data.tasks.templates import GIC

Make = Callable[..., Any]


def answer(scene: Any, **options: Any) -> str | None:
    example = gic_example(scene, image="a.jpg", **options)
    return None if example is None else example.messages[-1].content


@pytest.mark.parametrize(
    ("things", "text"),
    [
        ({"dog": 1}, "There is a dog <box:0>."),
        ({"person": 3, "dog": 1}, "There are three people <box:0,1,2> and a dog <box:3>."),
        (
            {"orange": 1, "scissors": 1, "skis": 2, "broccoli": 2},
            "There is an orange <box:0>, a pair of scissors <box:1>, two pairs of skis <box:2,3> and some broccoli <box:4,5>.",
        ),
        ({"giraffe": 12}, "There are twelve giraffes <box:0,1,2,3,4,5,6,7,8,9,10,11>."),
    ],
)
def test_a_list_names_and_counts_everything(picture: Make, things: dict[str, int], text: str) -> None:
    assert list_things(picture(**things)) == text
    assert answer(picture(**things), style="listed") == text


def test_a_crowd_and_what_does_not_fit_are_not_counted(picture: Make) -> None:
    assert list_things(picture(person=2, crowds=("person",))) == "There are several people <box:0,1>."
    assert list_things(picture(person=1, crowds=("person",))) == "There is a person <box:0>."
    assert list_things(picture(person=5), most_boxes=3) == "There are several people <box:0,1,2>."
    assert list_things(picture(person=2, dog=1), most_boxes=2) == "There are two people <box:0,1>."
    assert list_things(picture()) is None


def test_phrases_stay_as_they_are(picture: Make) -> None:
    scene = picture(dog=2)
    scene = replace(scene, entities=(replace(scene.entities[0], name="a red minivan"), scene.entities[1]), complete=())
    assert list_things(scene) == "There is a red minivan <box:0> and a dog <box:1>."


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(counts=st.lists(st.integers(0, 9), min_size=3, max_size=3), most=st.integers(1, 12))
def test_a_list_has_each_box_once_and_no_more_than_fit(picture: Make, counts: list[int], most: int) -> None:
    scene = picture(person=counts[0], dog=counts[1], skis=counts[2])
    text = list_things(scene, most_boxes=most)
    boxes = [index for group in box_references(text or "") for index in group]
    assert len(boxes) == len(set(boxes)) == min(most, sum(counts))


def test_the_best_way_there_is(picture: Make) -> None:
    things = {"dog": 1, "couch": 1}
    given_caption = "A brown dog <box:0> sleeps ."
    aligned = "a dog on a couch"
    scene = picture("nothing to see", aligned, given_caption, **things)
    assert answer(scene) == "A brown dog <box:0> sleeps."
    assert answer(scene, style="aligned") == "A dog <box:0> on a couch <box:1>."
    assert answer(scene, style="listed") == "There is a dog <box:0> and a couch <box:1>."
    assert answer(scene, least_boxes=2) == "A dog <box:0> on a couch <box:1>."
    assert answer(picture("nothing", **things)) == "There is a dog <box:0> and a couch <box:1>."
    assert answer(picture("nothing", **things), style="aligned") is None
    assert answer(picture("nothing")) is None


def test_of_several_captions_the_one_with_the_most_boxes(picture: Make) -> None:
    scene = picture("a couch", "a dog on a couch", "a dog by a couch", dog=1, couch=1)
    assert answer(scene) == "A dog <box:0> on a couch <box:1>."


def test_boxes_are_numbered_as_they_are_mentioned(picture: Make) -> None:
    scene = picture("Cars <box:3,2> and a dog <box:0>, the dog <box:0>.", dog=2, car=2)
    example = gic_example(scene, image="a.jpg")
    assert example is not None
    assert example.messages[-1].content == "Cars <box:0,1> and a dog <box:2>, the dog <box:2>."
    assert example.boxes == [scene.boxes[3], scene.boxes[2], scene.boxes[0]]
    assert (example.task, example.meta["style"], example.image) == ("gic", "given", "a.jpg")


def test_a_phrase_with_too_many_boxes_is_not_taken(picture: Make) -> None:
    scene = picture(f"People <box:{','.join(map(str, range(15)))}>.", person=15)
    assert answer(scene, style="given") is None
    assert answer(scene) == "There are several people <box:0,1,2,3,4,5,6,7,8,9,10,11>."


def test_how_it_is_asked_for_depends_on_seed_and_id_alone(picture: Make) -> None:
    def asked(scene: Any, seed: int) -> str:
        example = gic_example(scene, image="a.jpg", seed=seed)
        assert example is not None
        return example.messages[0].content

    scenes = [replace(picture(dog=1), id=str(n)) for n in range(200)]
    prompts = [asked(scene, 0) for scene in scenes]
    assert prompts == [asked(scene, 0) for scene in reversed(scenes)][::-1]
    assert set(prompts) == set(GIC)
    assert prompts != [asked(scene, 1) for scene in scenes]


def test_the_reading_order_goes_line_by_line(picture: Make) -> None:
    scene = picture(dog=4)
    boxes = ((300.0, 5, 310, 20), (10.0, 15, 20, 30), (200.0, 300, 210, 320), (5.0, 310, 9, 320))
    scene = replace(scene, boxes=boxes)
    assert reading_order(scene, range(4)) == [1, 0, 3, 2]
    assert reading_order(scene, [2, 0, 0]) == [0, 2]
    assert instances(scene) == {"dog": [0, 1, 2, 3]}
