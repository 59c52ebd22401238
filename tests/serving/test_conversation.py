from __future__ import annotations

from typing import Any

import pytest

from twist_scout.serving.conversation import fold_system, read_conversation
from twist_scout.serving.errors import ApiError
from twist_scout.serving.protocol import Message

from .running import message


def read(*turns: dict[str, Any]) -> Any:
    return read_conversation([Message.model_validate(turn) for turn in turns], ["<image>"])


def test_parts_become_a_turn_of_text_and_a_picture() -> None:
    parts = [
        {"type": "text", "text": "Look."},
        {"type": "image_url", "image_url": {"url": "u", "detail": "high"}},
        {"type": "text", "text": "What is it?"},
    ]
    read_as = read({"role": "developer", "content": "Be brief."}, {"role": "user", "content": parts})
    turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Look.\nWhat is it?"}]
    assert (read_as.turns, read_as.picture, read_as.prompt) == (turns, "u", "Look.\nWhat is it?")


def test_the_prompt_is_what_the_user_said_last() -> None:
    told = read(message("Where is it?", "u"), {"role": "assistant", "content": "There."}, message("What color?", "u"))
    assert (told.prompt, told.picture) == ("What color?", "u")
    assert [turn["role"] for turn in told.turns] == ["user", "assistant", "user"]


@pytest.mark.parametrize(
    ("turns", "words"),
    [
        ([message("a"), {"role": "assistant", "content": "b"}], "last message"),
        ([{"role": "user", "content": " \n"}], "empty"),
        ([{"role": "user", "content": None}], "empty"),
        ([message("a", "u"), message("b", "v")], "2 pictures"),
        ([{**message("a", "u"), "role": "system"}, message("b")], "messages of the user"),
        ([message("what is <image>?")], "reads as a picture"),
        ([{"role": "assistant", "content": "<image>"}, message("b")], "reads as a picture"),
    ],
)
def test_what_cannot_be_answered_is_refused(turns: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(ApiError, match=words) as caught:
        read(*turns)
    assert caught.value.status == 400


def test_half_a_character_is_refused() -> None:
    """JSON can spell a lone surrogate, and tokenizers cannot read it."""
    with pytest.raises(ApiError, match="half a character"):
        read_conversation([Message.model_construct(role="user", content="\ud800")])


def test_system_messages_stand_above_the_next_user_turn() -> None:
    turns = [
        {"role": "system", "content": "A"},
        {"role": "system", "content": "B"},
        {"role": "user", "content": "C"},
        {"role": "assistant", "content": "D"},
        {"role": "user", "content": "E"},
    ]
    assert fold_system(turns) == [{"role": "user", "content": "A\n\nB\n\nC"}, *turns[3:]]
