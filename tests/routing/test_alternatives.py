from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twist_scout.errors import BadConfig
from twist_scout.routing.alternatives import Choice, Slot, parse, slots_of, texts_of


def test_an_alternative_is_read_into_words_slots_and_choices() -> None:
    assert parse("go (to {place:s}|)") == ("go ", Choice((("to ", Slot("place", True)), ())))
    assert parse(r"\(x\) \{y\}") == ("(", "x", ")", " ", "{", "y", "}")
    assert parse("{a~b>c}") == (Slot("a", False, ("b", "c")),)


@pytest.mark.parametrize("text", ["(a|b", "a|b", "a)"])
def test_brackets_must_match(text: str) -> None:
    with pytest.raises(BadConfig, match=r"grammar's alternative"):
        parse(text)


def test_what_is_spelled_out_and_what_is_filled_are_told_apart() -> None:
    nodes = parse("find (the {thing}|{a~b>c} box)(| now)")
    assert [text.strip() for text in texts_of(nodes)] == ["find", "the", "box", "now"]
    assert list(slots_of(nodes)) == [Slot("thing"), Slot("a", False, ("b", "c"))]


@given(st.text(alphabet="ab {}()|\\~>:s", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        nodes = parse(text)
    except BadConfig:
        return  # with a reason: test_brackets_must_match
    assert sum(map(len, texts_of(nodes))) <= len(text)
