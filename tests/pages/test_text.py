"""Whatever a model writes can stand on a page."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from twist_scout.pages.text import legible, shortened


@given(st.text(st.characters()))
def test_every_text_can_be_written_and_keeps_its_length(text: str) -> None:
    shown = legible(text)
    assert shown.encode("utf-8").decode("utf-8") == shown
    assert len(shown) == len(text)
    assert legible(shown) == shown
    assert not any(ord(c) < 0x20 and c not in "\t\n" for c in shown)


def test_control_characters_are_named() -> None:
    assert legible("a\0\x1b[31m\x7f\ud83d\n\t\x9b") == "a␀␛[31m␡\ufffd\n\t\ufffd"


def test_long_texts_say_how_long_they_were() -> None:
    assert shortened("abc", 3) == "abc"
    assert shortened("a" * 1_000_000, 3) == "aaa… (1,000,000 characters)"
