from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twist_scout.errors import BadConfig, BadInput
from twist_scout.labelling.classes import read_classes


def asked(text: str) -> list[tuple[str, str]]:
    return [(one.phrase, one.label) for one in read_classes(text).asked]


def test_phrases_and_labels() -> None:
    assert asked("dog, red  car,puppy: dog ,") == [("dog", "dog"), ("red car", "red car"), ("puppy", "dog")]
    assert read_classes("puppy: dog, cat, dog").labels == ("dog", "cat")


@pytest.mark.parametrize(
    ("said", "phrase"),
    [
        ("dogs", "dog"),
        ("the red buses", "red bus"),
        ("an apple", "apple"),
        ("people", "person"),
        ("people wearing jeans", "people wearing jeans"),  # the last word is not the head noun
        ("glasses", "glasses"),  # one of them is a pair
        ("broccoli", "broccoli"),
        ("a", "a"),
        ("Dogs", "Dog"),
    ],
)
def test_a_question_names_one_thing(said: str, phrase: str) -> None:
    assert asked(said) == [(phrase, said)]


def test_a_file_has_one_a_line(tmp_path: Path) -> None:
    file = tmp_path / "classes.txt"
    file.write_text(
        "\ufeff# animals\ndog  # man's friend\n\n puppy : dog\ntraffic light, red: light\n", encoding="utf-8"
    )
    assert asked(f"@{file}") == [("dog", "dog"), ("puppy", "dog"), ("traffic light, red", "light")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (" , ,", "names no class"),
        ("dog: ", "has no name"),
        (": dog", "has no name"),
        ("dog, Dog: animal", "asks for 'Dog' twice|asks for 'dog' twice"),
        ("do\x07g", "is no name"),
        ("x" * 300, "is no name"),
    ],
)
def test_mistakes_are_said(text: str, message: str) -> None:
    with pytest.raises(BadConfig, match=message):
        read_classes(text)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no.txt cannot be read \(No such file"):
        read_classes(f"@{tmp_path / 'no.txt'}")
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9\n")
    with pytest.raises(BadInput, match="not UTF-8"):
        read_classes(f"@{tmp_path / 'latin.txt'}")


@given(st.lists(st.from_regex(r"[a-z]{2,8}( [a-z]{2,8})?", fullmatch=True), min_size=1, max_size=6))
def test_reading_what_was_read_changes_nothing(names: list[str]) -> None:
    once = read_classes(", ".join(names)) if _one_label_each(names) else None
    if once is not None:
        assert read_classes(", ".join(f"{one.phrase}: {one.label}" for one in once.asked)) == once
        assert set(once.labels) == {one.label for one in once.asked}


def _one_label_each(names: list[str]) -> bool:
    try:
        read_classes(", ".join(names))
    except BadConfig:
        return False
    return True
