"""The step-by-step loss of Eq. 8, in the readings that the paper leaves open.

Eq. 8 sums the negative log-likelihood of every step of an answer. Two choices fix what that means:

* *context*: what a token of step j is conditioned on. ``"full"``: everything before it, as at
  inference. ``"isolated"``: the picture, the prompt and the earlier tokens of the same step, which
  is Eq. 8 to the letter.
* *reduction*: ``"sum"`` over all tokens, as Eq. 8 is written; ``"token_mean"``, the same per token;
  ``"mean_per_step"``, where a short step counts as much as a long one.

With full context and plain sums Eq. 8 is the ordinary cross-entropy of Eq. 7, to the last bit.

    what a token of      sees of   picture, prompt | step 1 | step 2 | next prompt
    step 2, full                   all               all      earlier
    step 2, isolated               all               -        earlier
    the next prompt, both          all               all      all      earlier
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from twist_scout.errors import BadConfig
from twist_scout.twist.balance import load_balancing_loss

__all__ = [
    "IGNORED",
    "StepLayout",
    "StepwiseLoss",
    "StepwiseResult",
    "isolated_attention_mask",
    "isolated_position_ids",
    "load_balancing_loss",
    "step_layout",
]

IGNORED = -100  # the label of tokens that are not learned

Context = Literal["full", "isolated"]
Reduction = Literal["token_mean", "sum", "mean_per_step"]
CONTEXTS: tuple[Context, ...] = ("full", "isolated")
REDUCTIONS: tuple[Reduction, ...] = ("token_mean", "sum", "mean_per_step")


class StepLayout(NamedTuple):
    """Where turns and steps lie in a batch; every tensor is ``(batch, tokens)``.

    Attributes:
        learned: tokens that have a label and something before them to be predicted from.
        turn: 1, 2, ... for the tokens of the row's first, second, ... answer; 0 elsewhere.
        step: 1, 2, ... for the tokens of the row's first, second, ... step, counted on over turns;
            0 elsewhere.
        turn_begin: for tokens of an answer, the position of the answer's first token.
        step_begin: for tokens of a step, the position of the step's first token.
    """

    learned: Tensor
    turn: Tensor
    step: Tensor
    turn_begin: Tensor
    step_begin: Tensor


def step_layout(labels: Tensor, step_ids: Tensor) -> StepLayout:
    """Find turns and steps from labels ``(batch, tokens)`` and step numbers ``(batch, tokens)``.

    A turn is a run of labelled tokens; a step is a run of one step number within a turn.
    """
    learned = labels != IGNORED
    learned[:, 0] = False  # nothing before it
    starts_turn = learned & ~F.pad(learned[:, :-1], (1, 0))
    starts_step = learned & (starts_turn | (step_ids != F.pad(step_ids[:, :-1], (1, 0))))
    position = torch.arange(labels.shape[1], device=labels.device).expand_as(labels)
    return StepLayout(
        learned,
        turn=starts_turn.cumsum(1) * learned,
        step=starts_step.cumsum(1) * learned,
        turn_begin=(position * starts_turn).cummax(1).values,
        step_begin=(position * starts_step).cummax(1).values,
    )


def isolated_attention_mask(
    attention_mask: Tensor, labels: Tensor, step_ids: Tensor, dtype: torch.dtype = torch.float32
) -> Tensor:
    """What may attend to what in the isolated reading of Eq. 8.

    A token of a step sees everything before its answer and the earlier tokens of its own step. All
    other tokens see everything before them. Padding sees nothing and is seen by nothing.

    Args:
        attention_mask: ``(batch, tokens)``, 0 for padding; or ``(batch, 1, tokens, tokens)``, query
            by key, true where attention is allowed in the full reading (packed rows).
        labels: ``(batch, tokens)``, -100 for what is not learned.
        step_ids: ``(batch, tokens)``, the step number of each learned token.
        dtype: of the model's activations.

    Returns:
        Additive mask ``(batch, 1, tokens, tokens)``, query by key: 0 or the lowest value of
        ``dtype``.
    """
    layout = step_layout(labels, step_ids)
    if attention_mask.dim() == 4:
        full = attention_mask[:, 0].bool()
    else:
        real = attention_mask.bool()
        full = (real[:, :, None] & real[:, None, :]).tril()
    same_answer = (layout.turn[:, :, None] == layout.turn[:, None, :]) & layout.learned[:, :, None]
    same_step = layout.step[:, :, None] == layout.step[:, None, :]
    allowed = full & (~same_answer | same_step)
    mask = torch.zeros(allowed.shape, dtype=dtype, device=labels.device)
    # Not -inf: a row that sees nothing must stay finite, also where attention computes in float32.
    lowest = max(torch.finfo(dtype).min, torch.finfo(torch.float32).min)
    return mask.masked_fill(~allowed, lowest)[:, None]


def isolated_position_ids(
    attention_mask: Tensor,
    labels: Tensor,
    step_ids: Tensor,
    position_ids: Tensor | None = None,
) -> Tensor:
    """Positions of the isolated reading: every step begins where its answer begins.

    Args:
        attention_mask: ``(batch, tokens)``, 0 for padding; not used if ``position_ids`` are given.
        labels: ``(batch, tokens)``, -100 for what is not learned.
        step_ids: ``(batch, tokens)``, the step number of each learned token.
        position_ids: ``(batch, tokens)``, positions of the full reading, where they are not simply
            the order of the tokens (packed rows).

    Returns:
        ``(batch, tokens)``, as if each step stood alone behind what came before the answer.
    """
    layout = step_layout(labels, step_ids)
    plain = position_ids
    if plain is None:
        plain = (attention_mask.long().cumsum(1) - 1).clamp(min=0)
    index = torch.arange(labels.shape[1], device=labels.device)
    alone = plain.gather(1, layout.turn_begin) + index - layout.step_begin
    return torch.where(layout.learned, alone, plain)


@dataclass(frozen=True)
class StepwiseResult:
    """A loss and what it is made of.

    Attributes:
        loss: scalar, differentiable.
        step_nll: ``(J + 1,)``, sum of the negative log-likelihood over the tokens of step number j;
            no gradient.
        step_tokens: ``(J + 1,)``, how many tokens that were.
    """

    loss: Tensor
    step_nll: Tensor
    step_tokens: Tensor

    @cached_property
    def per_step(self) -> dict[int, float]:
        """Mean negative log-likelihood of a token (nats) by step number."""
        means = (self.step_nll / self.step_tokens).tolist()
        counts = self.step_tokens.tolist()
        return {j: mean for j, (mean, n) in enumerate(zip(means, counts, strict=True)) if n}


class StepwiseLoss:
    """The data term of Eq. 8. Add ``lambda * R(g)`` to it.

    Args:
        context: ``"full"`` or ``"isolated"``. Isolated logits must come from a forward pass with
            `isolated_attention_mask` and `isolated_position_ids`.
        reduction: ``"token_mean"``, ``"sum"``, or ``"mean_per_step"``: the mean over all steps in
            the batch (of every answer) of the mean over the step's tokens.

    Raises:
        BadConfig: an unknown reading.
    """

    def __init__(self, context: Context = "full", reduction: Reduction = "token_mean") -> None:
        if context not in CONTEXTS:
            raise BadConfig(f"context is one of {', '.join(CONTEXTS)}, not {context!r}.")
        if reduction not in REDUCTIONS:
            raise BadConfig(f"reduction is one of {', '.join(REDUCTIONS)}, not {reduction!r}.")
        self.context = context
        self.reduction = reduction

    def __call__(
        self,
        logits: Tensor,
        labels: Tensor,
        step_ids: Tensor,
        num_items: Tensor | float | None = None,
    ) -> StepwiseResult:
        """Compute the loss.

        Args:
            logits: ``(batch, tokens, vocabulary)``, not shifted.
            labels: ``(batch, tokens)``, not shifted, -100 for what is not learned.
            step_ids: ``(batch, tokens)``, the step number of each learned token.
            num_items: what to divide by instead of this batch's own `count`, for a batch that is
                processed in parts.
        """
        layout = step_layout(labels, step_ids)
        row, place = layout.learned.nonzero(as_tuple=True)  # (learned,) each
        # Token t is predicted at t - 1. The first token of an isolated step is predicted where the
        # answer begins, as the step before it is not part of its context.
        source = place - 1
        if self.context == "isolated":
            first = place == layout.step_begin[row, place]
            source = torch.where(first, layout.turn_begin[row, place] - 1, source)
        # Only learned rows of the logits are touched: most tokens of an example are the picture's.
        predicted = logits[row, source]  # (learned, vocabulary)
        predicted = predicted.float() if predicted.dtype.itemsize < 4 else predicted
        nll = F.cross_entropy(predicted, labels[row, place], reduction="none")  # (learned,)

        if self.reduction == "mean_per_step":
            step = row * (labels.shape[1] + 1) + layout.step[row, place]  # unique in the batch
            total = (nll / torch.bincount(step)[step]).sum()
        else:
            total = _sum_in_place(nll, layout.learned)
        if self.reduction != "sum":
            items = self.count(labels, step_ids).clamp(min=1) if num_items is None else num_items
            total = total / items
        number = step_ids[row, place]
        return StepwiseResult(
            total,
            step_nll=torch.bincount(number, weights=nll.detach()),
            step_tokens=torch.bincount(number),
        )

    def count(self, labels: Tensor, step_ids: Tensor) -> Tensor:
        """What a batch's loss is divided by: its learned tokens, its steps, or 1 for ``"sum"``."""
        layout = step_layout(labels, step_ids)
        if self.reduction == "sum":
            return torch.ones((), dtype=torch.long, device=labels.device)
        if self.reduction == "token_mean":
            return layout.learned.sum()
        return layout.step.amax(1).sum()


def _sum_in_place(nll: Tensor, learned: Tensor) -> Tensor:
    """Sum ``(learned,)`` values in the order in which ``F.cross_entropy`` sums a whole batch.

    Floating-point sums depend on their order. Putting the values back among the ignored ones and
    letting the same kernel sum them makes full context with plain sums equal to cross-entropy
    exactly and not only nearly.
    """
    column = nll.new_zeros(learned.shape).masked_scatter(learned, nll)[:, 1:].reshape(-1, 1)
    target = torch.where(learned[:, 1:], 0, IGNORED).reshape(-1)
    return F.nll_loss(-column, target, ignore_index=IGNORED, reduction="sum")
