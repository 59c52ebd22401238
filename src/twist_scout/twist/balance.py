"""The load-balancing loss R(g) of Eq. 7, in the two forms that the field uses.

They are different losses: a lambda that suits one does not suit the other. With ``E`` experts,
uniform routing gives

* ``"deepspeed"``: ``E * sum_e f_e * p_e`` per layer, summed over layers = number of layers. ``f_e``
  is the fraction of tokens whose *first* choice is expert e, ``p_e`` the mean probability of e.
  MoE-LLaVA trains with this one.
* ``"hf"``: the same product after pooling the tokens of all layers, with ``f_e`` counting *all*
  top-k choices = top_k.

Gradients flow through ``p_e`` alone; counts have none. Padding is left out of every mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor


class RouterStatistics(NamedTuple):
    """All that R(g) and the expert load need of one layer's routing.

    Attributes:
        probability_sum: (experts,), the router's probabilities summed over counted tokens; it
            carries the gradient.
        first_choices: (experts,), tokens whose first choice each expert is.
        all_choices: (experts,), tokens that each expert receives.
        tokens: scalar, the number of counted tokens.
    """

    probability_sum: Tensor
    first_choices: Tensor
    all_choices: Tensor
    tokens: Tensor


def router_statistics(probabilities: Tensor, choices: Tensor, counted: Tensor | None = None) -> RouterStatistics:
    """Sum up the routing of one layer.

    Args:
        probabilities: (tokens, experts), the router's softmax.
        choices: (tokens, top_k), expert numbers, best first.
        counted: (tokens,), False for padding; None counts every token.
    """
    experts = torch.arange(probabilities.shape[-1], device=choices.device)
    chosen = (choices.unsqueeze(-1) == experts).to(probabilities.dtype)  # (tokens, top_k, experts)
    if counted is None:
        tokens = torch.full((), len(choices), dtype=probabilities.dtype, device=choices.device)
    else:
        weight = counted.to(probabilities.dtype)
        tokens = weight.sum()
        probabilities = probabilities * weight[:, None]
        chosen = chosen * weight[:, None, None]
    return RouterStatistics(
        probability_sum=probabilities.sum(dim=0),
        first_choices=chosen[:, 0].sum(dim=0),
        all_choices=chosen.sum(dim=(0, 1)),
        tokens=tokens,
    )


def load_balancing_loss(layers: Sequence[RouterStatistics], kind: str = "deepspeed") -> Tensor:
    """R(g) of Eq. 7 over the layers of one forward pass, before lambda.

    Args:
        layers: what each twinned layer recorded.
        kind: ``"deepspeed"`` or ``"hf"``.

    Returns:
        A scalar; zero when there are no layers.

    Raises:
        ValueError: an unknown kind.
    """
    if kind not in ("deepspeed", "hf"):
        raise ValueError(f"unknown load-balancing loss {kind!r}: it is 'deepspeed' or 'hf'")
    if not layers:
        return torch.zeros(())
    home = layers[0].probability_sum.device  # a model split over devices meets on the first one
    layers = [RouterStatistics(*(part.to(home) for part in layer)) for layer in layers]
    if kind == "deepspeed":
        per_layer = [_balance(s.first_choices, s.probability_sum, s.tokens) for s in layers]
        return torch.stack(per_layer).sum()
    columns = zip(*layers, strict=True)
    pooled = RouterStatistics(*(torch.stack(column).sum(dim=0) for column in columns))
    return _balance(pooled.all_choices, pooled.probability_sum, pooled.tokens)


def _balance(chosen: Tensor, probability_sum: Tensor, tokens: Tensor) -> Tensor:
    """``E * sum_e f_e * p_e``; of no tokens at all (a batch of padding) it is zero."""
    tokens = tokens.clamp(min=1)
    return chosen.numel() * torch.sum((chosen / tokens) * (probability_sum / tokens))
