"""Sends tokens to their experts and puts the results together: Eq. 1.

Tokens are sorted by expert, so each expert multiplies one block: torch's grouped matrix product where
it fits, which does not wait for the device, else a loop over experts, never over tokens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.torch_version import TorchVersion

from twist_scout.twist.router import Routing

if TYPE_CHECKING:
    from twist_scout.twist.experts import Experts

# Where torch has a grouped product. On a CPU, before 2.11, it asked for aligned storage, which tensors
# of a loaded file may lack.
KERNEL_DEVICES: tuple[str, ...] = ("cuda",) if hasattr(F, "grouped_mm") else ()
if KERNEL_DEVICES and TorchVersion(torch.__version__) >= "2.11":
    KERNEL_DEVICES = ("cpu", "cuda")


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


def by_expert(choices: Tensor, num_experts: int) -> tuple[Tensor, Tensor, Tensor]:
    """Sort tokens by expert.

    Args:
        choices: (tokens,), the expert of each token.
        num_experts: how many there are.

    Returns:
        The sorting order (tokens,), its inverse (tokens,), and how many tokens each expert has
        (experts,). None of it waits for the device.
    """
    order = choices.argsort(stable=True)
    inverse = torch.empty_like(order)
    inverse[order] = torch.arange(len(order), device=order.device)
    numbers = torch.arange(num_experts, device=choices.device)
    return order, inverse, (choices[:, None] == numbers).sum(dim=0)


def has_kernel(stack: Tensor) -> bool:
    """Whether torch's grouped product takes these matrices as they are.

    Args:
        stack: (experts, out, in). Its rows and columns have to fill whole blocks of 16 bytes.
    """
    whole = all(size * stack.element_size() % 16 == 0 for size in stack.shape[1:])
    kinds = (torch.bfloat16,) if torch.compiler.is_compiling() else (torch.bfloat16, torch.float16, torch.float32)
    return whole and stack.device.type in KERNEL_DEVICES and stack.dtype in kinds


def grouped_linear(rows: Tensor, stack: Tensor, bias: Tensor | None, counts: Tensor) -> Tensor:
    """``torch.nn.functional.linear`` with the matrix of each row's expert.

    Args:
        rows: (rows, in), sorted by expert.
        stack: (experts, out, in).
        bias: (experts, out), or None. With one, product and sum are rounded together, as the frozen
            network rounds them, for which there is a loop over experts.
        counts: (experts,), how many rows each expert has.

    Returns:
        (rows, out).
    """
    device = rows.device.type
    if torch.is_autocast_enabled(device):
        dtype = torch.get_autocast_dtype(device)
        rows, stack = rows.to(dtype), stack.to(dtype)
        bias = None if bias is None else bias.to(dtype)
    if bias is None and len(rows) and has_kernel(stack):
        return F.grouped_mm(rows, stack.transpose(1, 2), offs=counts.cumsum(0, dtype=torch.int32))
    product: Any = _GroupedLinear.apply(rows, stack, bias, counts.tolist())
    return product


class _GroupedLinear(torch.autograd.Function):
    """The loop over experts.

    The gradient of the stack is written expert by expert into one tensor. Left to autograd, a loop
    of single products makes one for each expert first and copies them all, which costs as much as
    the products where there are few tokens.
    """

    @staticmethod
    def forward(ctx: Any, rows: Tensor, stack: Tensor, bias: Tensor | None, counts: list[int]) -> Tensor:
        ctx.save_for_backward(rows, stack)
        ctx.counts = counts
        product = rows.new_empty(len(rows), stack.shape[1])
        biases = [None] * len(stack) if bias is None else bias.unbind()
        groups = zip(rows.split(counts), stack.unbind(), biases, product.split(counts), strict=True)
        for own, matrix, own_bias, out in groups:
            if not len(own):
                continue
            if own_bias is None:
                torch.mm(own, matrix.T, out=out)
            else:
                torch.addmm(own_bias, own, matrix.T, out=out)
        return product

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        rows, stack = ctx.saved_tensors
        of_rows, of_stack, of_bias = ctx.needs_input_grad[:3]
        rows_grad = torch.empty_like(rows) if of_rows else None
        stack_grad = torch.empty_like(stack) if of_stack else None
        bias_grad = grad.new_empty(stack.shape[:2]) if of_bias else None
        groups = zip(grad.split(ctx.counts), rows.split(ctx.counts), stack.unbind(), strict=True)
        start = 0
        for expert, (own_grad, own, matrix) in enumerate(groups):
            if rows_grad is not None and len(own):
                torch.mm(own_grad, matrix, out=rows_grad[start : start + len(own)])
            if stack_grad is not None:
                torch.mm(own_grad.T, own, out=stack_grad[expert])  # of no rows at all: zeros
            if bias_grad is not None:
                torch.sum(own_grad, dim=0, out=bias_grad[expert])
            start += len(own)
        return rows_grad, stack_grad, bias_grad, None
