from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twist_scout.evaluation.captioning.object_names import object_name


@pytest.mark.parametrize(
    ("phrase", "name"),
    [
        ("three small red cars", "car"),
        ("the man's hat", "hat"),
        ("the young boy's baseball bat", "baseball bat"),
        ("A black and white dog", "dog"),
        ("a group of people", "person"),
        ("five pairs of skis", "ski"),
        ("two slices of pizza", "pizza"),
        ("wine glasses", "wine glasses"),  # the list of names knows better
        ("glasses", "glasses"),
        ("a walking dog", "dog"),
        ("the man on the left", "man"),
        ("person2", "person"),
        ("2", ""),
        ("the other", "other"),
        ("buses", "bus"),
        ("a bus", "bus"),
        ("police officers", "police officer"),
        ("", ""),
        ("y" * 41, ""),
    ],
)
def test_the_bare_name(phrase: str, name: str) -> None:
    assert object_name(phrase) == name


@given(st.text(max_size=80))
def test_any_text_has_at_most_four_short_words(phrase: str) -> None:
    found = object_name(phrase).split(" ")
    assert len(found) <= 4
    assert all(len(word) <= 42 for word in found)
