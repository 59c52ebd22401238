"""Laws: pieces of a stream add up to the answer, the answer is what decoding all tokens gives, and nothing of a text to stop at
is ever sent.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

from twist_scout.serving.answering import Answer, GrowingText
from twist_scout.serving.errors import ApiError
from twist_scout.serving.rows import Done, Event, Failed, Piece, Row
from twist_scout.toyworld import pocket_base

from ..conftest import build_tiny_processor

END = 1


@cache
def tokenizer_of(name: str) -> Any:
    return build_tiny_processor().tokenizer if name == "bytes" else AutoTokenizer.from_pretrained(pocket_base())


def decoder(tokenizer: Any) -> Any:
    return lambda ids: str(tokenizer.decode(ids, skip_special_tokens=False))


def run(
    tokens: list[int], tokenizer: Any, *, stop: tuple[str, ...] = (), stream: bool = True, budget: int = 10_000
) -> tuple[list[str], Done]:
    """Feed an answer; its pieces and its end."""
    events: list[Event] = []
    row = Row("", None, "grounding", "default", events.append, stop=stop, stream=stream)
    options: dict[str, Any] = {
        "ends": [END],
        "steering": (0, None),
        "decode": decoder(tokenizer),
        "batch": (1, False, 0.0),
    }
    answer = Answer(row, prompt_tokens=3, budget=budget, **options)
    for token in tokens:
        if not answer.done:
            answer.take(token)
    if not answer.done:
        answer.finish("length")
    *pieces, done = events
    assert isinstance(done, Done)
    assert all(isinstance(piece, Piece) for piece in pieces)
    return [piece.text for piece in pieces if isinstance(piece, Piece)], done


TEXTS = st.one_of(st.text(max_size=40), st.text(alphabet=" \n\tab[],.5é猫\U0001f600", max_size=60))


@pytest.mark.parametrize("name", ["bytes", "pocket"])
@settings(max_examples=150, deadline=None)
@given(text=TEXTS)
def test_pieces_add_up_to_what_decoding_all_tokens_gives(name: str, text: str) -> None:
    tokenizer = tokenizer_of(name)
    ids = [id for id in tokenizer(text, add_special_tokens=False)["input_ids"] if id > 2]
    whole = decoder(tokenizer)(ids).strip()
    for stream in (True, False):
        pieces, done = run([*ids, END], tokenizer, stream=stream)
        assert done.text == whole
        assert "".join(pieces) == (whole if stream else "")
        assert done.finish == "stop"
        assert done.completion_tokens == len(ids) + 1


@settings(max_examples=150, deadline=None)
@given(ids=st.lists(st.integers(3, 258), max_size=60))
def test_any_bytes_are_spelled_as_decoding_all_of_them_spells_them(ids: list[int]) -> None:
    """A model may write bytes that are no text."""
    tokenizer = tokenizer_of("bytes")
    pieces, done = run([*ids, END], tokenizer)
    assert "".join(pieces) == done.text
    assert done.text == run([*ids, END], tokenizer, stream=False)[1].text


@settings(max_examples=200, deadline=None)
@given(
    text=st.text(alphabet="ab \n", max_size=40),
    stop=st.lists(st.text(alphabet="ab \n", min_size=1, max_size=4), max_size=3),
)
def test_an_answer_ends_before_the_first_text_to_stop_at(text: str, stop: list[str]) -> None:
    tokenizer = tokenizer_of("bytes")
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    pieces, done = run(ids, tokenizer, stop=tuple(stop))
    # The first to be complete counts, as the model writes.
    ends = [(text.find(s) + len(s), text.find(s)) for s in stop if s in text]
    cut = min((place for end, place in ends if end == min(ends)[0]), default=len(text))
    assert done.text == text[:cut].strip()
    assert "".join(pieces) == done.text
    assert done.finish == ("stop" if ends else "length")
    assert run(ids, tokenizer, stop=tuple(stop), stream=False)[1].text == done.text


def test_pieces_come_as_soon_as_they_are_whole() -> None:
    tokenizer = tokenizer_of("bytes")
    pieces, _ = run([*tokenizer("ab é c")["input_ids"], END], tokenizer)
    assert pieces == ["a", "b", " é", " c"]
    held, _ = run([*tokenizer("ab. c")["input_ids"], END], tokenizer, stop=("b.x",))
    assert held == ["a", "b.", " c"]


def test_an_answer_is_cut_at_its_limit() -> None:
    tokenizer = tokenizer_of("bytes")
    _, done = run(tokenizer("abcdef")["input_ids"], tokenizer, budget=3)
    assert (done.text, done.finish, done.completion_tokens) == ("abc", "length", 3)


def test_a_row_that_nobody_wants_ends_with_its_next_token() -> None:
    events: list[Event] = []
    row = Row("", None, "grounding", "default", events.append)
    answer = Answer(
        row, prompt_tokens=3, budget=9, ends=[END], steering=(), decode=lambda ids: "x", batch=(1, False, 0.0)
    )
    answer.take(5)
    row.cancelled = True
    answer.take(5)
    assert answer.done
    assert [type(event) for event in events] == [Failed]
    row.fail(ApiError(500, "x"))
    assert len(events) == 1, "the end is told once"


def test_growing_text_decodes_few_tokens_at_a_time() -> None:
    sizes: list[int] = []

    def decode(ids: list[int]) -> str:
        sizes.append(len(ids))
        return "".join(chr(id) for id in ids)

    growing = GrowingText(decode)
    for number in range(500):
        growing.add(97 + number % 26)
    assert len(growing.text) == 500
    assert max(sizes) <= 2
