from __future__ import annotations

import pytest

from twist_scout.labelling.phrases import exclude, names_another


@pytest.mark.parametrize(
    ("said", "asked", "others", "expected"),
    [
        ("the dog", "apple", ["dog"], True),
        ("the bus", "puppy", [], True),  # two everyday words that never mean the same
        ("the blue car", "red car", ["blue car"], True),
        ("the dog", "puppy", ["cat"], False),  # a puppy is one
        ("the puppy", "dog", ["cat"], False),
        ("the car", "red car", ["car"], False),
        ("the red car", "car", ["red car"], False),
        ("the red car on the left", "red car", ["blue car"], False),
        ("the thingamajig", "gizmo", ["dog"], False),  # nobody knows what that is
        ("the number plate", "license plate", ["dog"], False),
        ("", "dog", ["cat"], False),
        ("the dogs", "dog", ["cat"], False),
    ],
)
def test_whether_a_phrase_is_about_another_thing(said: str, asked: str, others: list[str], expected: bool) -> None:
    assert names_another(said, asked, others) is expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("dog", "cat", True),
        ("red car", "blue car", True),
        ("gizmo", "widget", True),
        ("red car", "car", False),
        ("car", "red cars", False),
        ("puppy", "dog", False),
        ("brown puppy", "animal", False),
        ("dog", "dog", False),
    ],
)
def test_whether_a_thing_cannot_be_both(one: str, other: str, expected: bool) -> None:
    assert exclude(one, other) is exclude(other, one) is expected
