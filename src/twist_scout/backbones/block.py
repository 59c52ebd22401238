"""The mixture-of-experts block of MoE-LLaVA: takes the place of a decoder layer's feed-forward network.

::

    x (batch, sequence, hidden) -> gate -> experts 0 .. E-1, each a network of the decoder's own kind
                                     └─ weights ──> sum_i w_i * expert_i(x)

It returns one tensor, as the network did, so the decoder's own layers, their residual connections
and their parallel attention (Phi) stay as transformers wrote them.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from twist_scout.backbones.gating import Gating, TopKGate
from twist_scout.twist.dispatch import by_expert


class MoeBlock(nn.Module):
    """A mixture of experts; the experts start as copies of one network, as MoE-LLaVA's do.

    The gate follows DeepSpeed 0.9.5 (:mod:`twist_scout.backbones.gating`); so does the order of
    rounding: weights are cast to the precision of the tokens before they multiply.

    Args:
        expert: the network to copy; maps (tokens, hidden) to (tokens, hidden).
        num_experts: how many copies.
        gate: chooses among them.
    """

    def __init__(self, expert: nn.Module, num_experts: int, gate: TopKGate) -> None:
        super().__init__()
        self.gate = gate
        self.experts = nn.ModuleList(copy.deepcopy(expert) for _ in range(num_experts))
        self._losses: list[Tensor] | None = None  # see router_losses

    def forward(self, hidden_states: Tensor) -> Tensor:
        """Of any (..., hidden); returns the same shape.

        In evaluation an output row depends on its own token alone, unless
        ``MoeLlavaConfig.drops_in_evaluation``.
        """
        tokens = hidden_states.reshape(-1, hidden_states.shape[-1])
        gating = self.gate(tokens)
        if self._losses is not None and self.training:
            self._losses.append(gating.loss)
        run = self._every_expert if torch.compiler.is_compiling() else self._chosen_experts
        return run(tokens, gating).view(hidden_states.shape)

    def _chosen_experts(self, tokens: Tensor, gating: Gating) -> Tensor:
        """Each expert on its own tokens: (tokens, hidden) -> (tokens, hidden)."""
        choices, top_k = gating.choices, gating.choices.shape[1]
        if gating.kept is not None:  # what was dropped goes to an expert behind the last, which answers 0
            choices = choices.masked_fill(~gating.kept, len(self.experts))
        order, inverse, counts = by_expert(choices.reshape(-1), len(self.experts) + 1)
        *groups, dropped = tokens[order // top_k].split(counts.tolist())
        # also of no tokens at all, so that every expert is part of every training step
        outputs = [expert(group).to(tokens.dtype) for expert, group in zip(self.experts, groups, strict=True)]
        answers = torch.cat([*outputs, torch.zeros_like(dropped)])[inverse]
        answers = answers.view(len(tokens), top_k, -1)  # (tokens, k, hidden)
        return (answers * gating.weights.to(tokens.dtype)[..., None]).sum(dim=1)

    def _every_expert(self, tokens: Tensor, gating: Gating) -> Tensor:
        """The same sum with every expert on all tokens.

        ``torch.compile`` breaks the graph where a shape depends on what the gate chose, so there
        each expert gets all tokens, and its answers to the tokens of others are left out.
        """
        weights = gating.weights.to(tokens.dtype)
        mixed = torch.zeros_like(tokens)
        for number, expert in enumerate(self.experts):
            chosen = gating.choices == number  # (tokens, k), at most once in a row
            if gating.kept is not None:
                chosen = chosen & gating.kept
            weight = weights.masked_fill(~chosen, 0).sum(dim=-1, keepdim=True)
            # not times 0: what an expert makes of a token that is not its own may overflow
            answers = expert(tokens).to(tokens.dtype).masked_fill(~chosen.any(dim=-1, keepdim=True), 0)
            mixed = mixed + answers * weight
        return mixed


@contextmanager
def router_losses(model: nn.Module) -> Iterator[list[Tensor]]:
    """Collect the load-balancing losses of a model's blocks, in the order in which they run.

    Blocks in evaluation mode give none. The record is closed at the end of the forward pass, so the
    second run of a block that gradient checkpointing makes adds nothing.
    """
    losses: list[Tensor] = []
    blocks = [module for module in model.modules() if isinstance(module, MoeBlock) and module.training]
    for block in blocks:
        block._losses = losses
    try:
        yield losses
    finally:
        for block in blocks:
            block._losses = None
