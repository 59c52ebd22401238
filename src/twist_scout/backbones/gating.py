"""The gate of MoE-LLaVA's mixtures: top-1 and top-2 as DeepSpeed 0.9.5 computes them.

With ``S`` tokens, ``E`` experts, probabilities ``p = softmax(x W)`` in fp32 and a capacity of
``C = max(ceil(k * factor * S / E), min_capacity)`` tokens per expert:

* **first choice** ``argmax p``;
* **second choice** (k = 2): the best of the other experts by ``logits + Gumbel noise`` in training.
  DeepSpeed draws that noise in evaluation too, which makes a frozen model answer differently each
  time; here evaluation takes the second-best logit.
* **capacity**: an expert keeps its first C tokens. All first choices come before all second ones.
  For k = 1 in training, which tokens stay is drawn (random token selection); otherwise those that
  come first in the batch.
* **weights**: k = 2: ``p_i / (p_1 + p_2)`` over the choices that were kept, so a token whose other
  choice overflowed has weight 1. k = 1: ``p_1``, not normalised.
* **load-balancing loss**: ``E * sum_e mean(p_e) * f_e``, with f_e the fraction of tokens whose first
  choice is e, before any is dropped (:mod:`twist_scout.twist.balance`). Uniform routing gives 1.

Padding and image tokens are tokens like any other, as in DeepSpeed.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from twist_scout.errors import BadConfig
from twist_scout.twist.balance import load_balancing_loss, router_statistics


class Gating(NamedTuple):
    """Where tokens go.

    Attributes:
        choices: (tokens, k), expert numbers, first choice first.
        weights: (tokens, k), fp32; 0 where the choice was dropped.
        kept: (tokens, k), False where the expert was full; None when no expert can be full.
        loss: scalar, the load-balancing loss.
    """

    choices: Tensor
    weights: Tensor
    kept: Tensor | None
    loss: Tensor


def expert_capacity(tokens: int, experts: int, *, top_k: int, factor: float, minimum: int) -> int:
    """How many tokens one expert takes: ``max(ceil(k * factor * tokens / experts), minimum)``."""
    return max(math.ceil(tokens / experts * (factor * top_k)), minimum)


def top_k_gating(logits: Tensor, *, top_k: int, capacity: int, noise: bool) -> Gating:
    """Choose experts for tokens; see the formulas at the top of this file.

    Args:
        logits: (tokens, experts), fp32.
        top_k: 1 or 2.
        capacity: the most tokens that an expert takes.
        noise: draw Gumbel noise for the second choice (k = 2), and which tokens stay (k = 1).

    Raises:
        BadConfig: another top_k.
    """
    if top_k not in (1, 2):
        raise BadConfig(f"this gate chooses 1 or 2 experts per token, not {top_k}.")
    tokens, experts = logits.shape
    probabilities = logits.softmax(dim=-1)  # (tokens, experts)
    first = probabilities.argmax(dim=-1)  # (tokens,)
    is_first = F.one_hot(first, experts).bool()  # (tokens, experts)
    loss = load_balancing_loss([router_statistics(probabilities, first[:, None])], "deepspeed")
    if top_k == 1:
        choices = first[:, None]
    else:
        rest = logits + _gumbel(logits) if noise else logits
        second = rest.masked_fill(is_first, -math.inf).argmax(dim=-1)
        choices = torch.stack([first, second], dim=-1)  # (tokens, 2)
    weights = probabilities.gather(1, choices)  # (tokens, k)
    kept = None
    if capacity < tokens:
        order = torch.rand_like(logits[:, 0]).argsort() if noise and top_k == 1 else None
        kept = _within_capacity(choices, experts, capacity, order)
        weights = weights * kept
    if top_k == 2:
        total = weights.sum(dim=-1, keepdim=True)
        weights = weights / total.clamp(min=torch.finfo(weights.dtype).eps)
    return Gating(choices, weights, kept, loss)


def _within_capacity(choices: Tensor, experts: int, capacity: int, order: Tensor | None) -> Tensor:
    """Which choices find room: (tokens, k) booleans.

    Args:
        choices: (tokens, k).
        experts: how many there are.
        capacity: room of each.
        order: (tokens,), a permutation: who comes first; None: as they stand in the batch.
    """
    if order is not None:
        choices = choices[order]
    queue = F.one_hot(choices.T.reshape(-1), experts)  # all first choices, then all second ones
    before = (queue.cumsum(dim=0) - 1).gather(1, choices.T.reshape(-1, 1))  # how many are ahead of each
    kept = (before < capacity).view(choices.shape[1], -1).T
    if order is not None:
        kept = torch.empty_like(kept).index_copy_(0, order, kept)
    return kept


def _gumbel(like: Tensor) -> Tensor:
    """Standard Gumbel noise, the logarithm of 1 / Exp(1)."""
    return -torch.empty_like(like).exponential_().log()


class TopKGate(nn.Module):
    """A linear gate in fp32, whatever the model's precision.

    Args:
        hidden: width of the tokens.
        experts: how many to choose from.
        top_k: how many each token gets, 1 or 2.
        capacity_factor: in training.
        eval_capacity_factor: in evaluation.
        min_capacity: smallest capacity of an expert.
    """

    def __init__(
        self,
        hidden: int,
        experts: int,
        *,
        top_k: int = 2,
        capacity_factor: float = 1.5,
        eval_capacity_factor: float = 2.0,
        min_capacity: int = 0,
    ) -> None:
        super().__init__()
        self.top_k = top_k
        self.capacity_factor = capacity_factor
        self.eval_capacity_factor = eval_capacity_factor
        self.min_capacity = min_capacity
        self.wg = nn.Linear(hidden, experts, bias=False)

    def forward(self, tokens: Tensor) -> Gating:
        """Gate (tokens, hidden). Deterministic in evaluation."""
        weight = self.wg.weight.float()
        with torch.autocast(tokens.device.type, enabled=False):
            logits = F.linear(tokens.float(), weight)  # (tokens, experts)
        factor = self.capacity_factor if self.training else self.eval_capacity_factor
        capacity = expert_capacity(len(tokens), len(weight), top_k=self.top_k, factor=factor, minimum=self.min_capacity)
        return top_k_gating(logits, top_k=self.top_k, capacity=capacity, noise=self.training)
