from __future__ import annotations

import math

import pytest

from twist_scout.boxes.grounded import GroundedText
from twist_scout.evaluation.captioning.hallucination import Hallucination, is_there, named_without_boxes
from twist_scout.evaluation.captioning.name_list import coco_names

from .test_name_list import COCO


def named(text: str) -> list[str]:
    return [label for label, _ in named_without_boxes(GroundedText.parse(text), coco_names(COCO))]


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("A man rides a horse.", ["person", "horse"]),
        ("A man [[1,2,3,4]] rides a horse.", ["horse"]),  # those with boxes are counted by their mapping
        ("Two dogs and several hot dogs on the table", ["dog", "hot dog", "dining table"]),
        ("There are no people, and not a single dog.", []),
        ("a street without cars", []),
        ("An orange cat beside an orange", ["cat", "orange"]),
        ("dressed in orange", []),
        ("the train station and the baseball field", []),
        ("a tall tree under the sky", []),
        ("a stop sign, fire hydrant and the parking meter", ["stop sign", "fire hydrant", "parking meter"]),
        ("", []),
    ],
)
def test_nouns_without_boxes(text: str, labels: list[str]) -> None:
    assert named(text) == labels


@pytest.mark.parametrize(
    ("label", "name", "there", "found"),
    [
        ("dog", "puppy", {"dog"}, True),
        ("dog", "puppy", {"cat"}, False),
        ("bear", "bear", {"teddy bear"}, True),  # may be called so
        ("handbag", "bag", {"backpack"}, True),
        ("person", "man", set(), False),
    ],
)
def test_what_may_be_meant(label: str, name: str, there: set[str], found: bool) -> None:
    assert is_there(label, name, there) == found


def test_rates_by_hand() -> None:
    told = Hallucination()
    assert math.isnan(told.per_mention)
    told.add({"dog": "puppy", "person": "man"}, {"dog", "person", "car"})
    told.add({"dog": "dog", "cat": "cat"}, {"dog"})
    told.add({}, {"dog"})
    assert (told.captions, told.mentions, told.hallucinated) == (3, 4, 1)
    assert told.per_mention == 0.25
    assert told.per_caption == pytest.approx(1 / 3)
    assert dict(told.by_class) == {"cat": 1}
