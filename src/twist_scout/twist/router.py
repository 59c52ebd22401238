"""The twin's router: the gating network g of Eq. 1."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Routing(NamedTuple):
    """Where tokens go.

    Attributes:
        probabilities: (tokens, experts), fp32 softmax of the router.
        choices: (tokens, top_k), expert numbers, best first.
        weights: (tokens, top_k), the chosen experts' probabilities, fp32; they do not sum to 1 yet.
    """

    probabilities: Tensor
    choices: Tensor
    weights: Tensor


class TwinRouter(nn.Module):
    """A linear router in fp32 whatever the model's precision, as MoE-LLaVA's is; draws no noise.

    transformers records router logits by class, so this is deliberately no subclass of its routers:
    the frozen model's own auxiliary loss never sees the twin.

    Args:
        rows: (experts, hidden), the initial weight.
        top_k: experts per token.
    """

    def __init__(self, rows: Tensor, *, top_k: int) -> None:
        super().__init__()
        self.top_k = top_k
        self.weight = nn.Parameter(rows.detach().to(torch.float32, copy=True))

    @classmethod
    def fresh(cls, *, experts: int, hidden: int, top_k: int, device: torch.device) -> TwinRouter:
        """A router with random rows, spread as ``nn.Linear`` spreads its own."""
        bound = 1 / math.sqrt(hidden)
        return cls(torch.empty(experts, hidden, device=device).uniform_(-bound, bound), top_k=top_k)

    def forward(self, tokens: Tensor) -> Routing:
        """Route (tokens, hidden)."""
        with torch.autocast(tokens.device.type, enabled=False):
            logits = F.linear(tokens.float(), self.weight.float())  # (tokens, experts)
        probabilities = logits.softmax(dim=-1)
        weights, choices = probabilities.topk(self.top_k, dim=-1)
        return Routing(probabilities, choices, weights)

    def extra_repr(self) -> str:
        """What ``print(model)`` shows."""
        experts, hidden = self.weight.shape
        return f"hidden={hidden}, experts={experts}, top_k={self.top_k}"
