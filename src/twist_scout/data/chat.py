"""Conversations as a model reads them: the processor's own chat template, and where the assistant's
turns lie in it.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from twist_scout.errors import BadInput, BadModel

Chat = list[dict[str, Any]]

#: For processors that join prompt and answer themselves and so need no template (PaliGemma): picture, question, line
#: break, answer, end of sequence. The line break at the end of a prompt is the processor's to write.
_PREFIX_TEMPLATE = (
    "{% for message in messages %}{% for part in message['content'] if part['type'] == 'image' %}"
    "{{ image_token }}{% endfor %}{% endfor %}"
    "{% for message in messages %}{% for part in message['content'] if part['type'] == 'text' %}"
    "{{ part['text'] }}{% endfor %}"
    "{% if message['role'] == 'assistant' %}{{ eos_token }}"
    "{% elif not (loop.last and add_generation_prompt) %}{{ '\n' }}{% endif %}{% endfor %}"
)


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
    Where a template writes other white space before an answer than at the end of a prompt
    (LLaVA-OneVision), the prompt's is taken, because it is what the model will be asked with.
    If the template closes an answer with no special token (LLaVA-1.5), the tokenizer's
    end-of-sequence token is added, because a model that never sees an end does not learn to stop.

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
    text = shown = ""  # what the model is to read, and what the template writes
    answers: list[tuple[int, int]] = []
    for index, message in enumerate(chat):
        if message["role"] != "assistant":
            continue
        before = _apply(processor, chat[:index], True, options)
        through = _apply(processor, chat[: index + 1], False, options)
        if takes_suffix(processor):
            before += "\n"
        reply = _reply(before, through)
        if reply is None or not before.startswith(shown):
            raise BadModel(
                f"The chat template of {type(processor).__name__} rewrites earlier text when a "
                f"turn is added (message {index}), so the assistant's words cannot be located: "
                "pass template options that keep it stable (such as enable_thinking=False) or "
                "another chat template."
            )
        text += before[len(shown) :]
        answer = _closed(reply.rstrip(), message["content"][0]["text"].strip(), processor.tokenizer)
        answers.append((len(text), len(text) + len(answer)))
        text += answer + reply[len(reply.rstrip()) :]
        shown = through
    if not answers:
        raise BadInput("The conversation has no assistant turn to learn from: add the answer.")
    return ChatText(text[: answers[-1][1]], answers)


def end_of_turn(processor: Any, **options: Any) -> str:
    """The special token that ends an answer.

    Args:
        processor: any processor with a chat template.
        options: passed on to the template.

    Raises:
        BadModel: as for `training_text`.
    """
    words = [{"role": "user", "content": "?"}, {"role": "assistant", "content": "!"}]
    text = training_text(processor, words, images=0, **options).text
    return str(max(filter(text.endswith, processor.tokenizer.get_added_vocab()), key=len))


def takes_suffix(processor: Any) -> bool:
    """Whether a processor is given prompt and answer apart and joins them itself (PaliGemma, whose model attends both ways
    within the prompt).
    """
    return "suffix" in inspect.signature(type(processor).__call__).parameters


def adds_special_tokens(processor: Any, text: str) -> bool:
    """Whether the tokenizer should add its own special tokens: not where the template wrote the
    first one already.
    """
    bos = getattr(processor.tokenizer, "bos_token", None)
    return not (bos and text.startswith(bos))


def _closed(answer: str, words: str, tokenizer: Any) -> str:
    """An answer with a special token behind its words: the template's or, where that writes none, the end of the
    sequence. The words may end with a special token of their own (a location, say).
    """
    closing = answer.rpartition(words)[2] if words else answer
    if closing.endswith(tuple(tokenizer.get_added_vocab())):
        return answer
    if not tokenizer.eos_token:
        raise BadModel(
            "The chat template does not end the assistant's turn with a special token, and the "
            "tokenizer has no end-of-sequence token: set tokenizer.eos_token."
        )
    return answer + str(tokenizer.eos_token)


def _reply(before: str, through: str) -> str | None:
    """What follows the prompt in the text that holds its answer; None where that text begins otherwise than the prompt,
    white space at the prompt's end aside.
    """
    if through.startswith(before):
        return through[len(before) :]
    begin = before.rstrip()
    return through[len(begin) :].lstrip() if through.startswith(begin) else None


def _apply(processor: Any, chat: Chat, ask: bool, options: Mapping[str, Any]) -> str:
    if not getattr(processor, "chat_template", None):
        if not takes_suffix(processor):
            raise BadModel(
                f"This {type(processor).__name__} has no chat template: set processor.chat_template to "
                "the one of the model."
            )
        options = {"chat_template": _PREFIX_TEMPLATE, "image_token": processor.image_token, **options}
    return str(processor.apply_chat_template(chat, add_generation_prompt=ask, tokenize=False, **options))
