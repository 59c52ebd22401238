"""Sampling for single rows of a batch that is decoded greedily.

`argmax(logits / T + g)` with Gumbel noise `g` is a draw from `softmax(logits / T)`. So greedy search over changed scores samples
in some rows and leaves the others as they are, and since every row has its own generator, what a seed draws does not depend on
which other rows are in the batch.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import LogitsProcessor


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are drawn.

    Attributes:
        temperature: above 0.
        top_p: draw from the likeliest tokens whose probabilities reach this sum.
        seed: the same seed draws the same; None: another each time.
    """

    temperature: float
    top_p: float = 1.0
    seed: int | None = None


class RowSampler(LogitsProcessor):
    """Adds noise to the scores of rows that are sampled.

    Args:
        rows: one for each row of the batch; None for greedy ones.
    """

    def __init__(self, rows: Sequence[Sampling | None]) -> None:
        self._rows = [(number, row, _generator(row)) for number, row in enumerate(rows) if row is not None]

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """(batch, vocabulary) -> the same, whose maxima are the draws."""
        for number, row, generator in self._rows:
            logits = nucleus(scores[number].float() / row.temperature, row.top_p)
            uniform = torch.rand(logits.shape, generator=generator, dtype=torch.float64)
            noise = -torch.log(-torch.log(uniform.clamp(1e-300, 1 - 1e-16)))
            scores[number] = (logits.double() + noise.to(logits.device)).to(scores.dtype)
        return scores


def nucleus(logits: Tensor, top_p: float) -> Tensor:
    """Logits (vocabulary,) of which only the likeliest tokens that reach a probability of ``top_p`` together are finite."""
    if top_p >= 1:
        return logits
    ordered, places = logits.sort(descending=True)
    before = ordered.softmax(dim=-1).cumsum(dim=-1) - ordered.softmax(dim=-1)  # of the tokens that are likelier
    return logits.index_fill(0, places[before >= top_p], -torch.inf)


def _generator(row: Sampling) -> torch.Generator:
    """On the CPU, so that a seed draws the same on every device."""
    seed = secrets.randbits(63) if row.seed is None else row.seed % 2**63
    return torch.Generator().manual_seed(seed)
