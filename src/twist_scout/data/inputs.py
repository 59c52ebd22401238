"""Conversations and pictures to a model's inputs, through the processor of any family."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch
from PIL import Image

from twist_scout.data.chat import ChatText, adds_special_tokens, prompt_text, takes_suffix


def prompt_inputs(
    processor: Any, prompts: Sequence[str], pictures: Sequence[Image.Image] | None, **options: Any
) -> dict[str, torch.Tensor]:
    """Questions as a model's inputs, padded on the left: an answer has to follow its prompt without a gap.

    Args:
        processor: any processor with a chat template, or one that joins prompt and answer itself.
        prompts: the questions, each a user turn.
        pictures: the picture of each, or None where the questions are about no picture.
        options: passed on to the template.

    Returns:
        ``input_ids`` and ``attention_mask`` ``(batch, tokens)`` and whatever else the family needs.
    """
    images = 0 if pictures is None else 1
    texts = [prompt_text(processor, [{"role": "user", "content": prompt}], images, **options) for prompt in prompts]
    return process(processor, [ChatText(text, []) for text in texts], pictures, padding_side="left")


def process(
    processor: Any,
    chats: Sequence[ChatText],
    pictures: Sequence[Image.Image] | None,
    *,
    padding_side: Literal["left", "right"],
) -> dict[str, torch.Tensor]:
    """Put conversations through a processor.

    Args:
        processor: any processor of pictures and text.
        chats: conversations, or prompts (without answers), as text.
        pictures: the picture of each; None: there are none.
        padding_side: where shorter rows are filled up.

    Returns:
        The tensors that the processor makes, without labels of its own.
    """
    texts = [chat.text for chat in chats]
    options: dict[str, Any] = {
        "padding": True,
        "padding_side": padding_side,
        "add_special_tokens": adds_special_tokens(processor, texts[0]),
        "return_tensors": "pt",
    }
    apart = takes_suffix(processor)
    if apart and any(chat.answers for chat in chats):
        begins = [chat.answers[0][0] for chat in chats]
        # The processor writes the line break after the prompt and the end of the sequence itself.
        options["suffix"] = [
            text[begin:].removesuffix(processor.tokenizer.eos_token) for text, begin in zip(texts, begins, strict=True)
        ]
        texts = [text[:begin].removesuffix("\n") for text, begin in zip(texts, begins, strict=True)]
    if pictures is not None:
        batch = dict(processor(text=texts, images=[[picture] for picture in pictures], **options))
    elif apart:  # this kind of processor refuses to do without a picture
        batch = dict(_without_pictures(processor.tokenizer, texts, **options))
    else:
        batch = dict(processor(text=texts, **options))
    batch.pop("labels", None)
    return {name: value for name, value in batch.items() if isinstance(value, torch.Tensor)}


def _without_pictures(tokenizer: Any, prompts: list[str], *, suffix: list[str] | None = None, **options: Any) -> Any:
    """What a processor that joins prompt and answer does to text, done without a picture."""
    if suffix is not None:
        options["text_pair"] = [answer + tokenizer.eos_token for answer in suffix]
    prompts = [f"{tokenizer.bos_token}{prompt}\n" for prompt in prompts]
    return tokenizer(prompts, return_token_type_ids=True, **{**options, "add_special_tokens": False})
