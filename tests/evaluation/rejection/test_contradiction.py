from __future__ import annotations

import pytest

from twist_scout.boxes import Box
from twist_scout.boxes.grounded import GroundedText
from twist_scout.evaluation.rejection import ClassNames, judge

CLASSES = ("person", "dog", "dining table", "teddy bear", "car")
OBJECTS = (
    ("person", Box(0.1, 0.1, 0.5, 0.5)),
    ("person", Box(0.5, 0.5, 0.9, 0.9)),
    ("dining table", Box(0, 0.8, 1, 1)),
)


@pytest.mark.parametrize(
    ("phrase", "classes"),
    [
        ("a little girl", {"person"}),
        ("two young men", {"person"}),
        ("the small red cars", {"car"}),
        ("a dining table", {"dining table"}),
        ("the table", {"dining table"}),
        ("an animal", {"dog"}),
        ("a puppy", {"dog"}),
        ("a bear", {"teddy bear"}),
        ("an olive sweater", set()),
        ("", set()),
    ],
)
def test_a_phrase_names_the_classes_that_it_may_mean(phrase: str, classes: set[str]) -> None:
    assert ClassNames(CLASSES).named(phrase) >= classes
    assert bool(ClassNames(CLASSES).named(phrase)) is bool(classes)


@pytest.mark.parametrize(
    ("answer", "kind", "counts"),
    [
        ("There is a woman [[10,10,50,50]] in the image, not a dog.", "grounded", (1, 0, 0)),
        ("There are two men [[10,10,50,50]], [[50,50,90,90]] in the image.", "grounded", (2, 0, 0)),
        ("There is a woman [[10,10,50,50]] in a sweater [[10,20,50,50]], not a dog.", "grounded", (1, 0, 1)),
        ("There is a woman [[10,10,50,50]] and a car [[60,60,90,90]], not a dog.", "partly grounded", (1, 1, 0)),
        ("There is a dog [[10,10,50,50]] in the image, not a cat.", "wrong", (0, 1, 0)),
        ("There is a woman [[60,0,90,20]] in the image, not a dog.", "wrong", (0, 1, 0)),
        ("There is a sweater [[10,20,50,50]] in the image, not a dog.", "not annotated", (0, 0, 1)),
        ("This question is invalid.", "without a box", (0, 0, 0)),
    ],
)
def test_the_boxes_of_a_refusal_are_held_against_the_annotation(
    answer: str, kind: str, counts: tuple[int, int, int]
) -> None:
    found = judge(GroundedText.parse(answer), OBJECTS, ClassNames(CLASSES))
    assert (found.real, found.wrong, found.not_annotated) == counts
    assert found.kind == kind


def test_an_overlap_of_exactly_a_half_is_real() -> None:
    names = ClassNames(CLASSES)
    truth = (("dog", Box(0, 0, 0.5, 1)),)
    assert judge(GroundedText.parse("a dog [[0,0,100,100]]"), truth, names).real == 1
    assert judge(GroundedText.parse("a dog [[0,0,100,100]]"), (("dog", Box(0, 0, 0.49, 1)),), names).wrong == 1
