"""How models of this process write: greedily, or drawn with a seed per request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import (
    GenerationConfig,
    LogitsProcessor,
    LogitsProcessorList,
    StoppingCriteriaList,
    StopStringCriteria,
)

from twist_scout.scout.backends.base import Reply, Request


class SeededNoise(LogitsProcessor):
    """Draws each row's tokens with a generator of its own, so that a reply does not depend on its neighbours.

    The largest of logits / temperature + Gumbel noise is a draw from their softmax; greedy search then takes it.

    Args:
        requests: one for each row; they bring temperature and seed.
    """

    def __init__(self, requests: Sequence[Request]) -> None:
        self._temperatures = [request.temperature for request in requests]
        self._generators = [torch.Generator().manual_seed(request.seed % 2**63) for request in requests]

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Scores (batch, vocabulary) whose largest entry is the draw."""
        rows = []
        for row, temperature, generator in zip(scores, self._temperatures, self._generators, strict=True):
            if temperature > 0:
                uniform = torch.rand(row.shape, generator=generator, dtype=torch.float64).clamp_min(1e-300)
                noise = -torch.log(-torch.log(uniform))
                row = row.double() / temperature + noise.to(row.device)
            rows.append(row.to(torch.float64))
        return torch.stack(rows)


def group_of(request: Request) -> tuple[bool, bool, bool, tuple[str, ...]]:
    """Requests that can run together: with a picture or without, drawn or greedy, with boxes or without, the same stops."""
    return request.image is not None, request.temperature > 0, request.grounding, request.stop


@torch.inference_mode()
def generate(model: Any, tokenizer: Any, inputs: dict[str, torch.Tensor], requests: Sequence[Request]) -> list[Reply]:
    """Continue a batch of prompts.

    Args:
        model: anything with ``generate``.
        tokenizer: its tokenizer.
        inputs: the batch on the model's device, padded on the left: ``input_ids`` (batch, tokens), ...
        requests: one per row; all with the same ``stop``.
    """
    ends = _ends(model, tokenizer)
    drawn = any(request.temperature > 0 for request in requests)
    stops = requests[0].stop
    config = GenerationConfig(
        do_sample=False,
        num_beams=1,
        max_new_tokens=max(request.max_tokens for request in requests),
        eos_token_id=ends or None,
        pad_token_id=tokenizer.pad_token_id,
    )
    criteria = [StopStringCriteria(tokenizer, list(stops))] if stops else []
    tokens = model.generate(
        **inputs,
        generation_config=config,
        logits_processor=LogitsProcessorList([SeededNoise(requests)] if drawn else []),
        stopping_criteria=StoppingCriteriaList(criteria),
    )
    new = tokens[:, inputs["input_ids"].shape[1] :].tolist()
    read = inputs["attention_mask"].sum(dim=1).tolist()
    return [
        _reply(tokenizer, row, count, request, ends, stops)
        for row, count, request in zip(new, read, requests, strict=True)
    ]


def _reply(
    tokenizer: Any, row: list[int], read: int, request: Request, ends: list[int], stops: tuple[str, ...]
) -> Reply:
    end = next((i for i, token in enumerate(row) if token in ends), None)
    written = row if end is None else row[:end]
    cut = len(written) > request.max_tokens or (end is None and len(written) == request.max_tokens)
    written = written[: request.max_tokens]
    text = str(tokenizer.decode(written, skip_special_tokens=True))
    places = [place for stop in stops if (place := text.find(stop)) >= 0]
    if places:
        text, cut = text[: min(places)], False
    return Reply(text.strip(), "length" if cut else "stop", read, len(written))


def _ends(model: Any, tokenizer: Any) -> list[int]:
    """Tokens that end a turn, by the model's own settings and by its tokenizer's."""
    own = getattr(getattr(model, "generation_config", None), "eos_token_id", None)
    return sorted({tokenizer.eos_token_id, *(own if isinstance(own, list) else [own])} - {None})


def pad_with_something(tokenizer: Any) -> None:
    """Batches need a padding token; where there is none the end token does as well, for padding is masked."""
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
