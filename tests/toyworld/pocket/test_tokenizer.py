"""The pocket tokenizer: integers are single tokens, words of the world are whole, and any text survives."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from twist_scout.toyworld.pocket.tokenizer import SPECIAL, build_tokenizer, words

TOKENIZER = build_tokenizer()


def test_each_integer_from_0_to_100_is_one_token_in_a_box() -> None:
    for n in range(101):
        tokens = TOKENIZER.tokenize(f"[[{n},0,1,2]]")
        assert tokens[:2] == ["▁[[", str(n)]


def test_words_of_the_world_are_whole() -> None:
    for word in words():
        assert TOKENIZER.tokenize(word) == ["▁" + word]
        assert TOKENIZER.tokenize(word.capitalize()) == ["▁" + word.capitalize()]


def test_special_tokens_are_single() -> None:
    assert all(len(TOKENIZER.tokenize(s)) == 1 for s in SPECIAL)


@given(st.text(st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp"), exclude_characters="▁") | st.just(" ")))
def test_any_text_survives(text) -> None:
    if any(s in text for s in SPECIAL):
        return
    decoded = TOKENIZER.decode(TOKENIZER(text).input_ids)
    assert decoded.strip() == text.strip()


def test_answers_of_the_world_are_decoded_to_the_letter() -> None:
    text = "Step 1: Find the small red car [[12,30,45,100]]. Step 2: There is a dog [[0,1,2,3; 4,5,6,7]] in the image, not a cat."
    assert TOKENIZER.decode(TOKENIZER(text).input_ids) == text
