from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from twist_scout.data.records import box_references
from twist_scout.data.tasks.localization import localization_examples
from twist_scout.data.tasks.templates import LOCALIZATION_ANY, LOCALIZATION_MANY, LOCALIZATION_ONE

Make = Callable[..., Any]


def test_every_class_is_asked_for_with_all_its_boxes(picture: Make) -> None:
    scene = picture(dog=1, person=3, skis=1, broccoli=2, wine_glass=2)
    found = {example.meta["name"]: example for example in localization_examples(scene, image="a.jpg")}
    answers = {name: example.messages[-1].content for name, example in found.items()}
    assert answers == {
        "dog": "The dog <box:0>.",
        "person": "The people <box:0,1,2>.",
        "skis": "The skis <box:0>.",
        "broccoli": "The broccoli <box:0,1>.",
        "wine glass": "The wine glasses <box:0,1>.",
    }
    assert found["person"].boxes == [scene.boxes[1], scene.boxes[2], scene.boxes[3]]
    assert len({example.id for example in found.values()}) == 5
    assert all(example.task == "localization" for example in found.values())


def test_an_answer_that_would_lack_a_box_is_not_given(picture: Make) -> None:
    """Crowds, classes that are not annotated in full, and more boxes than wanted."""
    assert not list(localization_examples(picture(person=2, crowds=("person",)), image="a.jpg"))
    assert not list(localization_examples(replace(picture(dog=1), complete=()), image="a.jpg"))
    assert not list(localization_examples(picture(dog=4), image="a.jpg", most_boxes=3))


def test_at_most_so_many_classes_the_same_every_time(picture: Make) -> None:
    scenes = [replace(picture(dog=1, cat=1, car=1, cake=1), id=str(n)) for n in range(40)]

    def names(seed: int) -> list[list[str]]:
        return [
            [e.meta["name"] for e in localization_examples(scene, image="a", per_picture=2, seed=seed)]
            for scene in scenes
        ]

    first = names(0)
    assert all(len(of_one) == 2 for of_one in first)
    assert first == names(0) != names(1)
    assert {name for of_one in first for name in of_one} == {"dog", "cat", "car", "cake"}


def test_all_ways_of_asking_are_used_and_are_english(picture: Make) -> None:
    one = [replace(picture(orange=1), id=str(n)) for n in range(300)]
    asked = {e.messages[0].content for scene in one for e in localization_examples(scene, image="a")}
    filled = [
        t.format(name="orange", a_name="an orange", plural="oranges") for t in (*LOCALIZATION_ONE, *LOCALIZATION_ANY)
    ]
    assert asked == set(filled)
    many = [replace(picture(person=2), id=str(n)) for n in range(300)]
    asked = {e.messages[0].content for scene in many for e in localization_examples(scene, image="a")}
    assert "Where are the people?" in asked
    assert len(asked) == len(LOCALIZATION_MANY) + len(LOCALIZATION_ANY)
    skis = [replace(picture(skis=1), id=str(n)) for n in range(300)]
    asked = {e.messages[0].content for scene in skis for e in localization_examples(scene, image="a")}
    assert "Where are the skis?" in asked
    assert "Detect every pair of skis." in asked


def test_boxes_come_in_reading_order(picture: Make) -> None:
    scene = replace(picture(dog=2), boxes=((300.0, 5, 310, 20), (10.0, 15, 20, 30)))
    (example,) = localization_examples(scene, image="a.jpg")
    assert example.boxes == [scene.boxes[1], scene.boxes[0]]
    assert box_references(example.messages[-1].content) == [(0, 1)]
