"""Sends tokens to their experts and puts the results together: Eq. 1.

Tokens are sorted by expert, so each expert multiplies one block. On a GPU, and under
``torch.compile``, the block product is transformers' grouped matrix product, which does not wait
for the device; on a CPU it is :func:`grouped_linear`, a loop over experts, never over tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from twist_scout.twist.router import Routing

if TYPE_CHECKING:
    from twist_scout.twist.experts import Experts


def mixture(tokens: Tensor, experts: Experts, routing: Routing | None) -> Tensor:
    """Weighted sum of the chosen experts, ``sum_i w_i * e_i``.

    The weights are normalised over the chosen experts, ``w_i = p_i / sum(p)``, with the sum held
    constant in the backward pass. So a twin whose experts are all the frozen network computes the
    frozen network, and a single chosen expert still sends a gradient to the router.

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
    outputs = experts(tokens, routing.choices)  # (tokens * top_k, hidden)
    if top_k > 1:
        mixed: Any = _WeightedSum.apply(outputs.view(count, top_k, -1), routing.weights)
        return mixed
    if not routing.weights.requires_grad:
        return outputs
    return outputs * (routing.weights / routing.weights.detach()).to(outputs.dtype)  # times 1


class _WeightedSum(torch.autograd.Function):
    """Of (tokens, top_k, hidden) outputs and (tokens, top_k) probabilities, as :func:`mixture` says.

    The value is written as ``e_1 + sum_{i>1} w_i * (e_i - e_1)``, which is *exactly* e_1 where the
    experts agree; a plain weighted sum misses it by rounding.
    """

    @staticmethod
    def forward(ctx: Any, outputs: Tensor, probabilities: Tensor) -> Tensor:
        weights = (probabilities / probabilities.sum(dim=-1, keepdim=True)).to(outputs.dtype)
        ctx.save_for_backward(outputs, probabilities, weights)
        first = outputs[:, 0]
        if outputs.shape[1] == 2:  # the same in one operation
            return torch.lerp(first, outputs[:, 1], weights[:, 1:])
        return first + (weights[:, 1:, None] * (outputs[:, 1:] - outputs[:, :1])).sum(dim=1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        outputs, probabilities, weights = ctx.saved_tensors
        of_outputs = of_probabilities = None
        if ctx.needs_input_grad[0]:
            of_outputs = grad[:, None] * weights[..., None]  # (tokens, top_k, hidden)
        if ctx.needs_input_grad[1]:
            agreement = (outputs * grad[:, None]).sum(dim=-1)  # (tokens, top_k)
            of_probabilities = agreement.to(probabilities.dtype) / probabilities.sum(dim=-1, keepdim=True)
        return of_outputs, of_probabilities


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


def grouped_linear(
    rows: Tensor, stack: Tensor, bias: Tensor | None, counts: Sequence[int], *, parts: int = 1
) -> Tensor:
    """``torch.nn.functional.linear`` with the matrix of each row's expert.

    The gradient of the stack is written expert by expert into one tensor. A loop of single products
    would make one for each expert first and copy them all, which costs as much as the products
    where there are few tokens.

    Args:
        rows: (rows, in), sorted by expert.
        stack: (experts, out, in).
        bias: (experts, out), or None.
        counts: how many rows each expert has.
        parts: multiply by this many equal parts of each matrix, one after the other. It matters for
            bit-exactness only: a wider product may round differently.

    Returns:
        (rows, out).
    """
    device = rows.device.type
    if torch.is_autocast_enabled(device):
        dtype = torch.get_autocast_dtype(device)
        rows, stack = rows.to(dtype), stack.to(dtype)
        bias = None if bias is None else bias.to(dtype)
    product: Any = _GroupedLinear.apply(rows, stack, bias, counts, parts)
    return product


class _GroupedLinear(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, rows: Tensor, stack: Tensor, bias: Tensor | None, counts: Sequence[int], parts: int
    ) -> Tensor:
        ctx.save_for_backward(rows, stack)
        ctx.counts = counts
        product = rows.new_empty(len(rows), stack.shape[1])
        biases = [None] * len(stack) if bias is None else bias.unbind()
        for own, matrix, shift, out in zip(
            rows.split(counts), stack.unbind(), biases, product.split(counts), strict=True
        ):
            if not len(own):
                continue
            if parts == 1:
                _linear(own, matrix, shift, out)
                continue
            shifts = [None] * parts if shift is None else shift.chunk(parts)
            for part in zip(matrix.chunk(parts), shifts, out.chunk(parts, dim=1), strict=True):
                _linear(own, *part)
        return product

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        rows, stack = ctx.saved_tensors
        of_rows, of_stack, of_bias = ctx.needs_input_grad[:3]
        rows_grad = torch.empty_like(rows) if of_rows else None
        stack_grad = torch.empty_like(stack) if of_stack else None
        bias_grad = grad.new_zeros(stack.shape[:2]) if of_bias else None
        groups = enumerate(zip(grad.split(ctx.counts), rows.split(ctx.counts), stack.unbind(), strict=True))
        starts = accumulate(ctx.counts, initial=0)
        for (expert, (own_grad, own, matrix)), start in zip(groups, starts, strict=False):
            if rows_grad is not None and len(own):
                torch.mm(own_grad, matrix, out=rows_grad[start : start + len(own)])
            if stack_grad is not None:
                if len(own):
                    torch.mm(own_grad.T, own, out=stack_grad[expert])
                else:
                    stack_grad[expert].zero_()
            if bias_grad is not None:
                torch.sum(own_grad, dim=0, out=bias_grad[expert])
        return rows_grad, stack_grad, bias_grad, None, None


def _linear(rows: Tensor, matrix: Tensor, bias: Tensor | None, out: Tensor) -> None:
    if bias is None:
        torch.mm(rows, matrix.T, out=out)
    else:
        torch.addmm(bias, rows, matrix.T, out=out)
