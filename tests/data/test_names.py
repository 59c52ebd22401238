from __future__ import annotations

import pytest

from twist_scout.data.names import NameMap

NAMES = NameMap(
    ["car", "bus", "dog", "person", "dining table", "hot dog", "umbrella", "chair"],
    {"man": "person", "puppy": "dog", "table": "dining table"},
)


@pytest.mark.parametrize(
    ("phrase", "name"),
    [
        ("the small red car", "car"),
        ("Small Red Cars", "car"),
        ("two buses", "bus"),
        ("the bus", "bus"),
        ("people", "person"),
        ("three men", "person"),
        ("a man in a blue robe", "person"),
        ("the dog left of the car", "dog"),
        ("the left dog", "dog"),
        ("a walking dog", "dog"),
        ("a wooden dining table", "dining table"),
        ("tables", "dining table"),
        ("a hot dog", "hot dog"),
        ("a group of people", "person"),
        ("two of the dogs", "dog"),
        ("the person holding an umbrella", "person"),
        ("car park", None),  # the head noun is "park"
        ("the top of the car", None),
        ("a house next to a car", None),
        ("carpet", None),
        ("the", None),
        ("", None),
    ],
)
def test_the_head_noun_decides(phrase: str, name: str | None) -> None:
    assert NAMES(phrase) == name


def test_a_synonym_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="horse"):
        NameMap(["car"], {"pony": "horse"})
