"""The twin's experts: the learnable half of MoE^VG in Eq. 5.

:class:`ExpertBank` stacks the experts' matrices in three-dimensional parameters, laid out and named
as transformers lays out its own, so that its grouped kernels run on them. :class:`WholeExperts`
keeps copies of a network that could not be read as matrices. Where a frozen mixture computes
something around its experts, its twin does so too, with the frozen modules themselves.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from twist_scout.twist.anatomy import ExpertWeights, Form, FrozenParts
from twist_scout.twist.dispatch import by_expert, grouped_linear, has_kernel


class ExpertBank(nn.Module):
    """Experts of one form, as stacked matrices.

    ``gate_up_proj`` (experts, 2 * inner, hidden), or ``up_proj`` (experts, inner, hidden) without a
    gate; ``down_proj`` (experts, hidden, inner); and their biases, ``..._bias``, where the frozen
    network has them.

    Args:
        experts: the initial weights of each expert.
        form: how each computes.
        dtype: precision of the parameters; None keeps the weights' own.
        around: frozen parts of the base that the experts work between and beside. They are no
            parameters of the bank: it refers to them, and does not own them.
    """

    # what transformers' grouped kernel asks of a module, beside the parameters' names
    is_transposed = False
    is_concatenated = True
    _is_expert_parallel = False

    def __init__(
        self,
        experts: Sequence[ExpertWeights],
        *,
        form: Form,
        dtype: torch.dtype | None = None,
        around: FrozenParts | None = None,
    ) -> None:
        super().__init__()
        self.form = form
        self.has_post_expert_norm = form.outer is not None
        self.around = around or FrozenParts()
        self.num_experts = len(experts)
        self.has_gate = form.gated
        up = "gate_up_proj" if form.gated else "up_proj"
        self.stack_names = (up, "down_proj", f"{up}_bias", "down_proj_bias")
        for name, parts in zip(self.stack_names, zip(*experts, strict=True), strict=True):
            self.register_parameter(name, _stacked(parts, dtype))
        self.has_bias = self.stacks[3] is not None

    @property
    def stacks(self) -> list[Any]:
        """Up, down, up bias and down bias, each with the experts in front."""
        return [getattr(self, name) for name in self.stack_names]

    def expert(self, number: int) -> ExpertWeights:
        """The weights of one expert."""
        own: list[Any] = [None if stack is None else stack[number] for stack in self.stacks]
        return ExpertWeights(*own)

    def act_fn(self, product: Tensor) -> Tensor:
        """The activation of an un-gated expert, under the name that the kernel calls."""
        return self.form.inner(product)

    def _apply_gate(self, product: Tensor) -> Tensor:
        return self.form.inner(product)

    def post_expert_norm(self, output: Tensor) -> Tensor:
        """What each expert's output goes through, under the name that the kernel calls."""
        return output if self.form.outer is None else self.form.outer(output)

    def forward(self, tokens: Tensor, choices: Tensor | None) -> Tensor:
        """Run each token through its expert.

        Args:
            tokens: (tokens, hidden).
            choices: (tokens, top_k), the experts of each token; None when there is only one.

        Returns:
            (tokens * top_k, hidden): the first token's experts, then the second's.
        """
        output = self.around.leave(self._run(self.around.enter(tokens), choices))
        beside = self.around.beside(tokens)
        if beside is None:
            return output
        return output + beside.repeat_interleave(len(output) // len(tokens), dim=0)

    def _run(self, tokens: Tensor, choices: Tensor | None) -> Tensor:
        """The experts alone: (tokens, their width) -> (tokens * top_k, their width)."""
        tokens = tokens.to(self.stacks[0].dtype)
        if choices is None:
            return self.form.run(tokens, self.expert(0))
        up, down, up_bias, down_bias = self.stacks
        direct = up_bias is None and down_bias is None and has_kernel(up) and has_kernel(down)
        if not direct and self._wants_kernel(tokens):
            return self._run_kernel(tokens, choices)
        if not direct and torch.compiler.is_compiling():
            experts = [self.expert(number) for number in range(self.num_experts)]
            return _run_all(tokens, choices, [partial(self.form.run, weights=own) for own in experts])
        order, inverse, counts = by_expert(choices.reshape(-1), self.num_experts)
        rows = tokens[order // choices.shape[1]]  # (tokens * top_k, width), sorted by expert
        product = grouped_linear(rows, up, up_bias, counts)
        output = grouped_linear(self.form.inner(product), down, down_bias, counts)
        return self.post_expert_norm(output)[inverse]

    def _wants_kernel(self, tokens: Tensor) -> bool:
        """Whether transformers' function for experts is to run: it knows biases, and has a kernel to compile."""
        all_or_none = len({stack is None for stack in self.stacks[2:]}) == 1  # of the biases
        if torch.compiler.is_compiling() and tokens.dtype != torch.bfloat16:
            return all_or_none
        return all_or_none and tokens.device.type == "cuda" and all(has_kernel(stack) for stack in self.stacks[:2])

    def _run_kernel(self, tokens: Tensor, choices: Tensor) -> Tensor:
        from transformers.integrations.moe import ALL_EXPERTS_FUNCTIONS

        # each choice as a token of its own, since the function adds up what the experts of a token say
        each = tokens if choices.shape[1] == 1 else tokens.repeat_interleave(choices.shape[1], dim=0)
        choices = choices.reshape(-1, 1)
        return ALL_EXPERTS_FUNCTIONS["grouped_mm"](self, each, choices, torch.ones_like(choices, dtype=tokens.dtype))

    def extra_repr(self) -> str:
        """What ``print(model)`` shows."""
        experts, hidden, inner = self.stacks[1].shape
        form = "gated" if self.has_gate else "un-gated"
        return f"experts={experts}, hidden={hidden}, inner={inner}, {form}"


class WholeExperts(nn.Module):
    """Experts that are copies of a whole module that is more than matrices and an activation.

    Args:
        module: the frozen network.
        num_experts: how many copies.
        dtype: precision of the copies; None keeps the module's own.
    """

    def __init__(self, module: nn.Module, *, num_experts: int, dtype: torch.dtype | None = None) -> None:
        super().__init__()
        self.num_experts = num_experts
        copies = [_detached_copy(module) for _ in range(num_experts)]
        self.copies = nn.ModuleList(own if dtype is None else own.to(dtype) for own in copies)

    def forward(self, tokens: Tensor, choices: Tensor | None) -> Tensor:
        """As :meth:`ExpertBank.forward`."""
        tokens = tokens.to(next(self.parameters()).dtype)
        runs = [partial(_run_module, own) for own in self.copies]
        return runs[0](tokens) if choices is None else _run_groups(tokens, choices, runs)


Experts = ExpertBank | WholeExperts


def _run_groups(tokens: Tensor, choices: Tensor, runs: Sequence[Callable[[Tensor], Tensor]]) -> Tensor:
    """Each expert's tokens through it, as one block; experts without tokens are skipped."""
    if torch.compiler.is_compiling():
        return _run_all(tokens, choices, runs)
    order, inverse, counts = by_expert(choices.reshape(-1), len(runs))
    groups = zip(runs, tokens[order // choices.shape[1]].split(counts.tolist()), strict=True)
    return torch.cat([run(group) for run, group in groups if len(group)])[inverse]


def _run_all(tokens: Tensor, choices: Tensor, runs: Sequence[Callable[[Tensor], Tensor]]) -> Tensor:
    """All tokens through every expert: no shape of a compiled graph may depend on the choices."""
    outputs = torch.stack([run(tokens) for run in runs], dim=1)  # (tokens, experts, hidden)
    places = choices[..., None].expand(-1, -1, outputs.shape[-1])
    return outputs.gather(1, places).flatten(0, 1)


def _stacked(parts: Sequence[Tensor | None], dtype: torch.dtype | None) -> nn.Parameter | None:
    tensors = [part.detach() for part in parts if part is not None]
    if not tensors:
        return None
    stack = torch.stack(tensors)
    return nn.Parameter(stack if dtype is None else stack.to(dtype))


def _run_module(module: nn.Module, tokens: Tensor) -> Tensor:
    output = module(tokens[None])  # as a batch of one row, the shape that it knows
    return (output[0] if isinstance(output, tuple) else output)[0]


def _detached_copy(module: nn.Module) -> nn.Module:
    """A trainable copy, without the hooks that others hung on the original (recorders, say)."""
    copied = copy.deepcopy(module)
    for part in copied.modules():
        part._forward_hooks.clear()
        part._forward_pre_hooks.clear()
        part._backward_hooks.clear()
        part.requires_grad_(True)
    return copied
