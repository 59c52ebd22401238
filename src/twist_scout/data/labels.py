"""Which tokens are the assistant's, and which step of the answer each belongs to.

The text of a conversation is tokenised twice: by the processor, which turns the picture's
placeholder into as many tokens as the picture has, and alone, which tells where in the text each
token lies. Pictures come before answers, so both sequences agree from the first answer to the end,
and labels found in one are right in the other. Nothing here depends on how a processor expands a
picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from twist_scout.data.chat import ChatText
from twist_scout.data.steps import step_spans
from twist_scout.errors import BadModel

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class LabelledTail:
    """The tokens from the first answer to the end of the conversation.

    Attributes:
        ids: token ids, ``(tail,)``.
        steps: step number of each of the assistant's tokens, 0 elsewhere, ``(tail,)``. Numbers
            start again with every turn.
    """

    ids: Ints
    steps: Ints


def label_tail(tokenizer: Any, chat: ChatText, *, add_special_tokens: bool, apart: bool = False) -> LabelledTail:
    """The part of `label_tokens` that begins with the first answer.

    Args:
        tokenizer: a fast tokenizer.
        chat: the conversation as text, with an answer.
        add_special_tokens: whether the tokenizer adds its own.
        apart: whether the text from the first answer on is tokenised by itself.

    Raises:
        BadModel: as for `label_tokens`.
    """
    if apart:
        begin = chat.answers[0][0]
        chat = ChatText(chat.text[begin:], [(start - begin, end - begin) for start, end in chat.answers])
        add_special_tokens = False
    whole = label_tokens(tokenizer, chat, add_special_tokens=add_special_tokens)
    begin = int(np.flatnonzero(whole.steps)[0])
    return LabelledTail(whole.ids[begin:], whole.steps[begin:])


def label_tokens(tokenizer: Any, chat: ChatText, *, add_special_tokens: bool) -> LabelledTail:
    """Tokenise a conversation, placeholders as they stand, and mark the assistant's tokens with their step.

    Args:
        tokenizer: a fast tokenizer (one that reports character offsets).
        chat: the conversation as text.
        add_special_tokens: whether the tokenizer adds its own.

    Raises:
        BadModel: the tokenizer reports no offsets, or a token reaches from the turn's header into
            the answer, so that training would show the model other tokens than it will be prompted
            with.
    """
    if not getattr(tokenizer, "is_fast", False):
        raise BadModel(f"{type(tokenizer).__name__} reports no character offsets: load the model's fast tokenizer.")
    encoded = tokenizer(chat.text, add_special_tokens=add_special_tokens, return_offsets_mapping=True)
    ids = np.asarray(encoded["input_ids"], np.int64)  # (tokens,)
    starts, ends = np.asarray(encoded["offset_mapping"], np.int64).T  # (tokens,) each
    steps = np.zeros_like(ids)
    for a, b in chat.answers:
        straddling = (starts < a) & (ends > a)
        for k in np.flatnonzero(straddling):
            if chat.text[starts[k] : a].strip():
                raise BadModel(
                    f"The token {chat.text[starts[k] : ends[k]]!r} holds both the end of the "
                    "prompt and the beginning of the answer: end the chat template's assistant "
                    "header with a special token or a space."
                )
        inside = (straddling | (starts >= a)) & (starts < b)
        spans = step_spans(chat.text[a:b])
        first = np.array([a + start for start, _, _ in spans])
        steps[inside] = np.searchsorted(first, np.maximum(starts[inside], a), side="right")
    return LabelledTail(ids, steps)
