"""Sends tokens to their experts and puts the results together: Eq. 1.

Tokens are sorted by expert, so each expert multiplies one block. On a GPU, and under
``torch.compile``, the block product is transformers' grouped matrix product, which does not wait
for the device; on a CPU it is a loop over experts, never over tokens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from twist_scout.twist.router import Routing

if TYPE_CHECKING:
    from twist_scout.twist.experts import Experts


def mixture(tokens: Tensor, experts: Experts, routing: Routing | None) -> Tensor:
    """Weighted sum of the chosen experts.

    The weights are normalised over the chosen experts in the forward pass, ``w_i = p_i / sum(p)``,
    with the sum held constant in the backward pass. So a twin whose experts are all the frozen
    network computes the frozen network, and a single chosen expert still sends a gradient to the
    router. It is written as ::

        s * (e_1 + sum_{i>1} v_i * (e_i - e_1)),   s = sum(p) / const(sum(p)) = 1,   v_i = w_i

    whose value is *exactly* e_1 when the experts agree; a plain weighted sum misses it by rounding.

    Args:
        tokens: (tokens, hidden).
        experts: the bank of experts.
        routing: the router's choices; None when there is only one expert.

    Returns:
        (tokens, hidden).
    """
    if routing is None:
        return experts(tokens, None)
    count, top_k = routing.choices.shape
    each = tokens if top_k == 1 else tokens.repeat_interleave(top_k, dim=0)
    outputs = experts(each, routing.choices.reshape(-1))
    outputs = outputs.view(count, top_k, -1)  # (tokens, top_k, hidden)
    total = routing.weights.sum(dim=-1, keepdim=True)  # (tokens, 1)
    mixed = outputs[:, 0]
    if top_k > 1:
        shares = (routing.weights / total)[:, 1:, None].to(mixed.dtype)  # (tokens, top_k - 1, 1)
        mixed = mixed + (shares * (outputs[:, 1:] - outputs[:, :1])).sum(dim=1)
    if total.requires_grad:
        mixed = mixed * (total / total.detach()).to(mixed.dtype)
    return mixed


def by_expert(choices: Tensor, num_experts: int) -> tuple[Tensor, Tensor, list[int]]:
    """Sort tokens by expert.

    Args:
        choices: (tokens,), the expert of each token.
        num_experts: how many there are.

    Returns:
        The sorting order (tokens,), its inverse (tokens,), and how many tokens each expert has.
    """
    order = choices.argsort(stable=True)
    inverse = torch.empty_like(order)
    inverse[order] = torch.arange(len(order), device=order.device)
    return order, inverse, torch.bincount(choices, minlength=num_experts).tolist()
