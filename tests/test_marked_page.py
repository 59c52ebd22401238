"""Laws of pages that a program and a person write together: neither loses a word of the other."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twist_scout.marked_page import BEGIN, END, is_marked, persons_part, write_page

#: No line ends but "\n": files are read with every other one translated to it.
words = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=60)
unmarked = words.filter(lambda text: BEGIN not in text and END not in text)
fronts = st.dictionaries(
    st.from_regex("[a-z_]{1,12}", fullmatch=True),
    st.none() | st.booleans() | st.integers() | words.filter(str.isprintable) | st.lists(st.integers(), max_size=3),
    max_size=4,
)


@given(fronts, unmarked, unmarked, unmarked)
def test_what_is_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, front: dict[str, object], before: str, body: str, after: str
) -> None:
    path = tmp_path_factory.mktemp("page") / "README.md"
    write_page(path, front, before, body, after)
    page = path.read_text("utf-8")
    assert is_marked(page)
    assert persons_part(page) == (front, before, after)
    assert [entry.name for entry in path.parent.iterdir()] == ["README.md"]


def test_the_programs_part_is_written_anew_and_the_persons_stays(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    write_page(path, {"license": "mit"}, "My words.\n", "first", "More of mine.\n")
    front, before, after = persons_part(path.read_text("utf-8"))
    write_page(path, {**front, "tags": ["a"]}, before, "second", after)
    page = path.read_text("utf-8")
    assert "first" not in page
    assert all(part in page for part in ("license: mit", "My words.", "second", "More of mine."))


@given(words)
def test_no_page_of_a_person_stops_the_program(page: str) -> None:
    front, before, after = persons_part(page)
    assert isinstance(front, dict)
    assert before in page
    assert after in page


def test_without_a_page_there_is_nothing_to_keep() -> None:
    assert persons_part(None) == ({}, "\n", "\n")
    assert not is_marked("A page of somebody's own.")


@pytest.mark.parametrize("front", ["a: [1", "- a list", "just words"])
def test_front_matter_that_is_no_mapping_is_left_out(front: str) -> None:
    assert persons_part(f"---\n{front}\n---\nwords{BEGIN}") == ({}, "words", "")
