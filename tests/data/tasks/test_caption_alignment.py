"""A noun of a caption gets boxes only where there is no doubt which."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twist_scout.data.records import box_references
from twist_scout.data.tasks.caption_alignment import align_caption

Make = Callable[..., Any]


@pytest.mark.parametrize(
    ("caption", "things", "aligned"),
    [
        (
            "A man riding a bicycle next to two dogs.",
            {"person": 1, "bicycle": 1, "dog": 2},
            "A man <box:0> riding a bicycle <box:1> next to two dogs <box:2,3>.",
        ),
        ("a group of people by a table", {"person": 2, "dining_table": 1}, "a group of people <box:0,1> by a table <box:2>"),
        ("3 cars parked on the street", {"car": 3}, "3 cars <box:0,1,2> parked on the street"),
        ("A couple of giraffes by a fence", {"giraffe": 2}, "A couple of giraffes <box:0,1> by a fence"),
        ("two wine glasses, and pizza", {"wine_glass": 2, "pizza": 1}, "two wine glasses <box:0,1>, and pizza <box:2>"),
        ("a dog runs; the dog is old", {"dog": 1}, "a dog <box:0> runs; the dog <box:0> is old"),
        ("A surfer is a man on a surfboard", {"person": 1, "surfboard": 1}, "A surfer <box:0> is a man on a surfboard <box:1>"),
        ("An animal in the road", {"sheep": 1}, "An animal <box:0> in the road"),
        ("his racket at a ball", {"tennis_racket": 1, "sports_ball": 1}, "his racket <box:0> at a ball <box:1>"),
        ("a man on skis", {"person": 1, "skis": 1}, "a man <box:0> on skis <box:1>"),
        ("an orange cat on a couch", {"orange": 1, "cat": 1, "couch": 1}, "an orange cat <box:1> on a couch <box:2>"),
    ],
)  # fmt: skip
def test_what_is_said_and_what_is_annotated_agree(
    picture: Make, caption: str, things: dict[str, int], aligned: str
) -> None:
    assert align_caption(caption, picture(**things)) == aligned


@pytest.mark.parametrize(
    ("caption", "things"),
    [
        ("A man and a woman", {"person": 2}),  # which is which?
        ("The dog looks at the other dog", {"dog": 2}),
        ("One of the dogs sits", {"dog": 2}),
        ("no dog", {"dog": 1}),
        ("Dogs", {"dog": 1}),
        ("a dog", {"dog": 2}),
        ("two dogs", {"dog": 3}),
        ("children playing", {"person": 3}),  # some of the people may be grown up
        ("a dog house", {"dog": 1}),
        ("a dog-friendly place", {"dog": 1}),
        ("a train station", {"train": 1}),
        ("a bathroom", {"toilet": 1}),
        ("a hot dog", {"dog": 1}),
        ("wearing glasses", {"wine_glass": 1}),
        ("an animal", {"mouse": 1}),  # a computer's
        ("Nothing of all that", {"dog": 1}),
        ("", {"dog": 1}),
    ],
)
def test_where_there_is_doubt_there_is_no_box(picture: Make, caption: str, things: dict[str, int]) -> None:
    assert align_caption(caption, picture(**things)) is None


def test_a_class_with_a_crowd_is_not_counted(picture: Make) -> None:
    assert align_caption("two people and a dog", picture(person=2, dog=1, crowds=("person",))) == (
        "two people and a dog <box:2>"
    )


def test_the_largest_is_taken_if_it_is_far_larger(picture: Make) -> None:
    scene = picture(person=3)
    large = replace(scene, boxes=((0, 0, 300, 400), *scene.boxes[1:]))
    assert align_caption("a man", large) is None
    assert align_caption("a man", large, dominance=4) == "a man <box:0>"
    assert align_caption("a man", scene, dominance=4) is None
    assert align_caption("a man and a woman", large, dominance=4) is None


def test_a_caption_with_what_looks_like_a_reference(picture: Make) -> None:
    assert align_caption("a dog <box:7>", picture(dog=1)) == "a dog <box:0> < box:7>"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.lists(st.sampled_from("a two the of one 3 dogs dog man people pair skis , . and - ' é another".split())))
def test_words_stay_and_boxes_exist_whatever_is_written(picture: Make, text: list[str]) -> None:
    scene = picture(person=2, dog=2, skis=1)
    caption = " ".join(text)
    aligned = align_caption(caption, scene)
    if aligned is None:
        return
    bare = aligned
    for boxes in box_references(aligned):
        assert set(boxes) <= set(range(5))
        bare = bare.replace(f" <box:{','.join(map(str, boxes))}>", "", 1)
    assert bare == caption


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(caption=st.text(max_size=60))
def test_any_text_is_read(picture: Make, caption: str) -> None:
    align_caption(caption, picture(person=2, dog=1))
