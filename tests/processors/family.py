"""What a family of vision-language models is made of, and how its model folder is written.

The folder is laid out as the family's published checkpoints are: the configuration and weights of a model (here of a few
thousand random ones), the tokenizer's files, ``preprocessor_config.json`` with the name of the image processor and its
sizes (here small), ``processor_config.json`` or ``video_preprocessor_config.json`` where the family has them, and the chat
template. Everything is then loaded the way a user's folder is.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForImageTextToText, PreTrainedTokenizerFast

SIDE = 56
"""Edge of a vision tower's picture in pixels, where the family has a fixed one."""
PATCH = 14
"""Edge of a vision tower's patch in pixels."""
WIDTH = 32
"""Hidden size of both halves."""


@dataclass(frozen=True)
class Family:
    """One family.

    Attributes:
        name: as in transformers' ``model_type``, with a suffix for a variant.
        tokenizer: makes its tokenizer.
        config: its model's configuration, given the tokenizer.
        image: ``preprocessor_config.json``.
        processor: ``processor_config.json``; empty where published checkpoints have none.
        video: ``video_preprocessor_config.json``, likewise.
        template: its chat template; empty where it has none.
        turn_end: the token that ends an answer.
    """

    name: str
    tokenizer: Callable[[], PreTrainedTokenizerFast]
    config: Callable[[PreTrainedTokenizerFast], dict[str, Any]]
    image: dict[str, Any]
    turn_end: str
    processor: dict[str, Any] = field(default_factory=dict)
    video: dict[str, Any] = field(default_factory=dict)
    template: str = ""

    def __str__(self) -> str:
        return self.name

    def write(self, folder: Path) -> Path:
        """Write the family's model folder."""
        tokenizer = self.tokenizer()
        torch.manual_seed(0)
        model = AutoModelForImageTextToText.from_config(make_config(self.config(tokenizer)))
        model.generation_config.eos_token_id = tokenizer.convert_tokens_to_ids(self.turn_end)
        model.generation_config.pad_token_id = tokenizer.pad_token_id
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        files = {
            "preprocessor_config.json": self.image,
            "processor_config.json": self.processor,
            "video_preprocessor_config.json": self.video,
        }
        for name, content in files.items():
            if content:
                (folder / name).write_text(json.dumps(content), encoding="utf-8")
        if self.template:
            (folder / "chat_template.jinja").write_text(self.template, encoding="utf-8")
        return folder


def make_config(values: dict[str, Any]) -> Any:
    """A transformers configuration from nested dictionaries."""
    return AutoConfig.for_model(**values)


def decoder(tokenizer: PreTrainedTokenizerFast, model_type: str, **changes: Any) -> dict[str, Any]:
    """The configuration of a two-layer text decoder."""
    return {
        "model_type": model_type,
        "vocab_size": len(tokenizer),
        "hidden_size": WIDTH,
        "intermediate_size": 2 * WIDTH,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": WIDTH // 2,
        "max_position_embeddings": 4096,
        "initializer_range": WIDTH**-0.5,
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "tie_word_embeddings": False,
        **changes,
    }


def tower(model_type: str, **changes: Any) -> dict[str, Any]:
    """The configuration of a two-layer vision tower for pictures of 4 x 4 patches."""
    return {
        "model_type": model_type,
        "hidden_size": WIDTH,
        "intermediate_size": 2 * WIDTH,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": SIDE,
        "patch_size": PATCH,
        **changes,
    }


def square(side: int = SIDE) -> dict[str, int]:
    """A size as image processors write it."""
    return {"height": side, "width": side}
