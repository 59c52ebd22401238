"""How answers are generated: greedily, up to where a turn ends, in the model's own words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any

import torch
from transformers import GenerationConfig

from twist_scout.data.chat import end_of_turn
from twist_scout.errors import BadModel


class Greedy:
    """Greedy search for one model: its settings, and what its tokens say.

    Args:
        model: a model that generates.
        processor: its processor.
    """

    def __init__(self, model: Any, processor: Any) -> None:
        self._model, self._processor = model, processor
        tokenizer = processor.tokenizer
        if tokenizer.pad_token_id is None:  # batches need one, and padding is masked
            tokenizer.pad_token = tokenizer.eos_token

    @cached_property
    def ends(self) -> list[int]:
        """Tokens that end an answer: by the model's own settings, its tokenizer, or its chat template."""
        own = getattr(getattr(self._model, "generation_config", None), "eos_token_id", None)
        named = {self._processor.tokenizer.eos_token_id, *(own if isinstance(own, list) else [own])}
        with suppress(BadModel):  # a template that does not tell
            named.add(int(self._processor.tokenizer.convert_tokens_to_ids(end_of_turn(self._processor))))
        return sorted(named - {None})

    def settings(self, max_new_tokens: int) -> GenerationConfig:
        """For ``generate``: greedy, whatever the model's own settings say.

        Args:
            max_new_tokens: where to cut a long answer.
        """
        return GenerationConfig(
            do_sample=False,
            num_beams=1,
            max_new_tokens=max_new_tokens,
            eos_token_id=self.ends or None,
            pad_token_id=self._processor.tokenizer.pad_token_id,
        )

    def length(self, tokens: Sequence[int]) -> int:
        """How many tokens an answer has, the one that ends it included; what follows is padding."""
        return next((place + 1 for place, token in enumerate(tokens) if token in self.ends), len(tokens))

    def text(self, tokens: Sequence[int]) -> str:
        """The words of an answer. Tokens that only steer the model go; others that spell boxes are special in some
        families' tokenizers (``<|box_start|>``, ``<loc0094>``), and stay.

        Args:
            tokens: what was generated; read up to its end.
        """
        tokenizer = self._processor.tokenizer
        steering = {*self.ends, tokenizer.pad_token_id, tokenizer.bos_token_id}
        kept = [token for token in tokens[: self.length(tokens)] if token not in steering]
        return str(tokenizer.decode(kept, skip_special_tokens=False)).strip()


def on_device_of(model: Any, inputs: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Inputs where the model is, pictures in its precision."""
    device, dtype = next(model.parameters()).device, model.dtype
    return {name: value.to(device, dtype if value.is_floating_point() else None) for name, value in inputs.items()}
