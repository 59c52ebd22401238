"""Reading experts that are stacked in three-dimensional parameters, whatever their layout.

Modules that transformers has marked (gated or not, transposed or not) are read by their marks
first; all others by trying the layouts that the shapes allow: one stack for gate and up or two,
matrices the one way round or the other, biases, a norm after each expert.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from twist_scout.twist.form import ExpertWeights, Form, GatedActivation
from twist_scout.twist.probing import activations, agree, loud_input

Experts = tuple[Form, list[ExpertWeights]]


def holds_stacks(module: nn.Module) -> bool:
    """Whether a module keeps experts in stacked parameters of its own, or of parts that it runs itself."""
    return len(_stacks(module)) >= 2


def read_stacks(part: nn.Module, hidden: int) -> Experts | None:
    """Read the experts of a module, in evaluation mode.

    A reading counts if it computes what the module computes for one of its experts. Without weights
    (on the meta device) the first that the shapes allow is trusted.

    Args:
        part: the module that holds them.
        hidden: the decoder's width; experts of another width have it from their own shapes.
    """
    stacks = _stacks(part)
    if len(stacks) not in (2, 3) or not _accounted(part, stacks):
        return None
    for width in _widths(stacks, hidden):
        expected: Tensor | None = None
        x = loud_input(stacks[0][0], width)[0]
        if not x.is_meta:
            expected = run_expert(part, x, len(stacks[0]) - 1)
            if expected is None:
                continue
        for form, columns in _readings(part, stacks, width):
            weights = [ExpertWeights(*own) for own in zip(*columns, strict=True)]
            if expected is None or _computes(form, weights[-1], x, expected):
                return form, weights
    return None


def run_expert(part: nn.Module, x: Tensor, number: int) -> Tensor | None:
    """One expert of a module on (tokens, width), by either way in which such modules are called.

    They take tokens, choices and weights; or every token once for each expert, expert by expert.
    """
    count = len(_stacks(part)[0])
    choices = torch.full((len(x), 1), number, device=x.device)
    ways: list[Callable[[], Tensor]] = [
        lambda: part(x, choices, torch.ones_like(choices, dtype=x.dtype)).view(x.shape),
        lambda: part(x.repeat(count, 1)).view(count, *x.shape)[number],
    ]
    for way in ways:
        try:
            return way()
        except Exception:  # called in the other way, or in a third
            continue
    return None


def _stacks(part: nn.Module) -> list[Tensor]:
    """Its matrices with the experts in front: (experts, rows, columns) each, in order of definition.

    Those of a part inside count too, and those that lie below one another in one long matrix, where
    the module says how many experts it has.
    """
    own: list[Tensor] = [parameter for parameter in part.parameters(recurse=False) if parameter.dim() == 3]
    if own or isinstance(part, (nn.Conv1d, nn.ModuleList)):
        return own if len({len(stack) for stack in own}) == 1 else []
    count, inside = getattr(part, "num_experts", None), list(part.parameters())
    if not isinstance(count, int) or count < 2 or len(inside) not in (2, 3):
        return []
    if len(inspect.signature(part.forward).parameters) != 3:
        return []
    if len({parameter.shape for parameter in inside}) > 1 or inside[0].dim() != 2 or len(inside[0]) % count:
        return []
    return [parameter.view(count, -1, parameter.shape[1]) for parameter in inside]


def _accounted(part: nn.Module, stacks: Sequence[Tensor]) -> bool:
    """Whether every other parameter is a bias of the experts, or belongs to a norm."""
    rest = [parameter for parameter in part.parameters() if parameter.dim() < 3]
    if len(rest) == len(stacks) and rest[0].dim() == 2 and rest[0].numel() == stacks[0].numel():
        return True  # the stacks themselves, as long matrices
    return all(p.dim() == 1 or (p.dim() == 2 and len(p) == len(stacks[0])) for p in rest)


def _widths(stacks: Sequence[Tensor], hidden: int) -> list[int]:
    """What the experts' width can be: the decoder's, or of a narrower kind what all stacks have in common."""
    common = set.intersection(*({*stack.shape[1:]} for stack in stacks))
    return [hidden] if hidden in common else sorted(common)


def _readings(part: Any, stacks: list[Tensor], width: int) -> Iterator[tuple[Form, list[Any]]]:
    marked = getattr(part, "is_transposed", None)
    for *ups, down in itertools.permutations(stacks):
        for turned in itertools.product((False, True), repeat=2):
            if marked is not None and turned != (marked, marked):
                continue
            columns = _assigned(part, ups, down, turned, width)
            if columns is not None:
                yield from ((form, columns) for form in _forms(part, columns, apart=len(ups) == 2))


def _assigned(
    part: nn.Module, ups: list[Tensor], down: Tensor, turned: tuple[bool, ...], width: int
) -> list[Any] | None:
    """Up, down and their biases, with the experts in front of each, if the shapes fit."""
    ups = [up.transpose(1, 2) if turned[0] else up for up in ups]
    down = down.transpose(1, 2) if turned[1] else down
    inner, rows = down.shape[2], [up.shape[1] for up in ups]
    if down.shape[1] != width or any(up.shape[2] != width for up in ups):
        return None
    if rows not in ([inner], [2 * inner], [inner, inner]):
        return None
    if len(ups) == 2:
        ups = [torch.cat(ups, dim=1)]
    biases = [p for p in part.parameters(recurse=False) if p.dim() == 2 and len(p) == len(down)]
    if not biases:
        return [ups[0], down, [None] * len(down), [None] * len(down)]
    if [bias.shape[1] for bias in biases] != [ups[0].shape[1], width]:
        return None
    return [ups[0], down, *biases]


def _forms(part: Any, columns: list[Any], apart: bool) -> Iterator[Form]:
    gated = columns[0].shape[1] == 2 * columns[1].shape[2]
    norms: list[Any] = [norm for norm in part.children() if [p.dim() for p in norm.parameters()] == [1]]
    if not norms and not getattr(part, "has_post_expert_norm", False):
        norms = [None]
    inners: list[Callable[[Tensor], Tensor]] = list(activations(part))
    if gated:
        inners = [GatedActivation(inner) for inner in inners]
        own = getattr(part, "_apply_gate", None)
        inners = [own, *inners] if callable(own) else inners
    for inner, norm in itertools.product(inners, norms):
        yield Form(gated, inner, apart=apart and isinstance(inner, GatedActivation), outer=norm)


def _computes(form: Form, weights: ExpertWeights, x: Tensor, expected: Tensor) -> bool:
    try:
        return agree(expected, form.run(x, weights))
    except Exception:  # the candidate is no activation
        return False
