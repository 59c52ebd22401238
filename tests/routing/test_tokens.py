from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from twist_scout.errors import BadModel
from twist_scout.routing.prompts import prompts
from twist_scout.routing.tokens import LONGEST, encode, load_tokenizer, padded, train_tokenizer


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer((prompt.text for prompt in islice(prompts("train"), 3_000)), size=1_000)


def test_the_vocabulary_is_the_same_again(tokenizer) -> None:
    again = train_tokenizer((prompt.text for prompt in islice(prompts("train"), 3_000)), size=1_000)
    assert again.get_vocab() == tokenizer.get_vocab()
    assert tokenizer.get_vocab_size() == 1_000


def test_case_accents_quotes_and_numbers_make_no_difference(tokenizer) -> None:
    one, other = encode(tokenizer, ["Whát’s in [12, 0.345, 7.5, 1000]?", "what's in [0, 0, 0, 0]?"])
    assert one == other


def test_every_character_has_a_token(tokenizer) -> None:
    for row in encode(tokenizer, ["", "\x00", "日本語", "🙂🙂", "a" * 10_000, "\n\t "]):
        assert 2 <= len(row) <= LONGEST


def test_a_long_prompt_keeps_its_beginning_and_its_end(tokenizer) -> None:
    filler = "the dog is in the picture. " * 400
    start, end, plain = encode(tokenizer, [f"find the cat {filler}", f"{filler} find the cat", filler])
    assert len(start) == len(end) == len(plain) == LONGEST
    wanted = encode(tokenizer, ["find the cat"])[0][1:-1]
    assert start[1 : 1 + len(wanted)] == wanted
    assert end[-1 - len(wanted) : -1] == wanted


def test_rows_are_padded_to_the_longest() -> None:
    ids, mask = padded([[2, 5, 3], [2, 3]])
    assert ids.tolist() == [[2, 5, 3], [2, 3, 0]]
    assert mask.tolist() == [[1, 1, 1], [1, 1, 0]]
    assert ids.dtype == mask.dtype == np.int64


def test_a_file_that_is_no_tokenizer_is_named(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(BadModel, match=r"tokenizer\.json is not a tokenizer"):
        load_tokenizer(tmp_path / "tokenizer.json")
