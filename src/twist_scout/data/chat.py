"""Conversations as a model reads them: the processor's own chat template, and where the assistant's
turns lie in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from twist_scout.errors import BadInput, BadModel

Chat = list[dict[str, Any]]


@dataclass(frozen=True)
class ChatText:
    """A conversation as text.

    Attributes:
        text: what the template writes, with one placeholder per picture.
        answers: ``(start, end)`` in characters of each assistant turn, its end-of-turn token
            included and the header that opens it excluded.
    """

    text: str
    answers: list[tuple[int, int]]


def to_chat(messages: Sequence[Mapping[str, str]], images: int = 1) -> Chat:
    """Messages of plain text in the form that chat templates take, the pictures first in the first
    user turn.

    Args:
        messages: ``{"role", "content"}`` each, content being a string.
        images: how many pictures the conversation is about.
    """
    chat: Chat = []
    left = images
    for message in messages:
        parts: list[dict[str, str]] = []
        if message["role"] == "user":
            parts = [{"type": "image"}] * left
            left = 0
        chat.append(
            {
                "role": message["role"],
                "content": [*parts, {"type": "text", "text": message["content"]}],
            }
        )
    return chat


def prompt_text(processor: Any, messages: Sequence[Mapping[str, str]], images: int = 1, **options: Any) -> str:
    """The text that asks the model for the next assistant turn.

    Args:
        processor: any processor with a chat template.
        messages: the conversation so far, ending with a user turn.
        images: how many pictures it is about.
        options: passed on to the template.
    """
    return _apply(processor, to_chat(messages, images), True, options)


def training_text(processor: Any, messages: Sequence[Mapping[str, str]], images: int = 1, **options: Any) -> ChatText:
    """The whole conversation as text, with the place of every assistant turn.

    Each place is found by applying the template to the conversation cut before and after the turn.
    If the template closes the last turn with no special token, the tokenizer's end-of-sequence
    token is added, because a model that never sees an end does not learn to stop.

    Args:
        processor: any processor with a chat template.
        messages: the conversation; what follows its last assistant turn is left out.
        images: how many pictures it is about.
        options: passed on to the template, e.g. ``enable_thinking=False``.

    Raises:
        BadInput: there is no assistant turn.
        BadModel: the template changes what it wrote before when a turn is added, so that no place
            can be told.
    """
    chat = to_chat(messages, images)
    text = ""
    answers: list[tuple[int, int]] = []
    for index, message in enumerate(chat):
        if message["role"] != "assistant":
            continue
        before = _apply(processor, chat[:index], True, options)
        through = _apply(processor, chat[: index + 1], False, options)
        if not (before.startswith(text) and through.startswith(before)):
            raise BadModel(
                f"The chat template of {type(processor).__name__} rewrites earlier text when a "
                f"turn is added (message {index}), so the assistant's words cannot be located: "
                "pass template options that keep it stable (such as enable_thinking=False) or "
                "another chat template."
            )
        text = through
        answers.append((len(before), len(through.rstrip())))
    if not answers:
        raise BadInput("The conversation has no assistant turn to learn from: add the answer.")
    start, end = answers[-1]
    text = text[:end]
    if not text.endswith(tuple(processor.tokenizer.get_added_vocab())):
        eos = processor.tokenizer.eos_token
        if not eos:
            raise BadModel(
                "The chat template does not end the assistant's turn with a special token, and the "
                "tokenizer has no end-of-sequence token: set tokenizer.eos_token."
            )
        text += eos
        answers[-1] = (start, len(text))
    return ChatText(text, answers)


def adds_special_tokens(processor: Any, text: str) -> bool:
    """Whether the tokenizer should add its own special tokens: not where the template wrote the
    first one already.
    """
    bos = getattr(processor.tokenizer, "bos_token", None)
    return not (bos and text.startswith(bos))


def _apply(processor: Any, chat: Chat, ask: bool, options: Mapping[str, Any]) -> str:
    if not getattr(processor, "chat_template", None):
        raise BadModel(
            f"This {type(processor).__name__} has no chat template: set processor.chat_template to "
            "the one of the model."
        )
    return str(processor.apply_chat_template(chat, add_generation_prompt=ask, tokenize=False, **options))
