"""Reading a dense network: two matrices around an activation, or three when gated."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

from twist_scout.twist.form import DenseFfn, ExpertWeights, Form, GatedActivation
from twist_scout.twist.paired import PairedFfn
from twist_scout.twist.probing import PROBES, activations, agree, loud_input, operations


class Matrix(NamedTuple):
    """A matrix as ``torch.nn.functional.linear`` takes it: (outputs, inputs), (outputs,) or None."""

    weight: Tensor
    bias: Tensor | None


def as_matrix(module: nn.Module) -> Matrix | None:
    """The matrix of a linear layer, if the module is one."""
    if isinstance(module, nn.Linear):
        return Matrix(module.weight, module.bias)
    if isinstance(module, Conv1D):  # GPT-2's, which keeps it the other way round
        return Matrix(module.weight.t(), module.bias)
    return None


def matrix_shape(module: nn.Module) -> tuple[int, int] | None:
    """(outputs, inputs) of a linear layer, if the module is one, however its weights are packed."""
    if isinstance(module, Conv1D):
        return module.nf, module.nx
    outputs, inputs = getattr(module, "out_features", None), getattr(module, "in_features", None)
    return (outputs, inputs) if isinstance(outputs, int) and isinstance(inputs, int) else None


def read_dense(module: nn.Module, hidden: int) -> DenseFfn | None:
    """Read a network of width ``hidden`` as matrices and an activation, in evaluation mode.

    A reading has to compute what the module computes, on random inputs and on very large ones. One
    that does so to the last bit is preferred. Without weights (on the meta device) it has to ask torch
    for the same operations, and the order of definition is trusted.
    """
    found = [matrix for part in module.modules() if (matrix := as_matrix(part)) is not None]
    owned = sum(1 + (matrix.bias is not None) for matrix in found)
    if len(found) not in (2, 3) or owned != sum(1 for _ in module.parameters()):
        return None
    readings = _readings(found, list(activations(module)), hidden)
    if found[0].weight.is_meta:
        return _alike(module, readings, hidden)
    x = loud_input(found[0].weight, hidden)
    try:
        expected = module(x)
    except Exception:  # the module wants other inputs
        return None
    if not isinstance(expected, Tensor):
        return None
    close: DenseFfn | None = None
    for reading in readings:
        computed = _run(reading, x)
        if computed is None:
            continue
        if torch.equal(expected, computed):
            return reading
        if close is None and agree(expected, computed):
            close = reading
    return close


def _alike(module: nn.Module, readings: Iterator[DenseFfn], hidden: int) -> DenseFfn | None:
    """The first reading that asks torch for what the module asks for."""
    if isinstance(module, PairedFfn):  # runs with the whole layer around it
        return next(readings, None)
    x = torch.empty(1, PROBES, hidden, device="meta", dtype=next(module.parameters()).dtype)
    asked = operations(lambda: module(x))
    if asked is None:
        return None
    for reading in readings:
        if operations(partial(reading.form.run, x, reading.weights)) == asked:
            return reading
    return None


def _readings(found: list[Matrix], acts: list[Callable[[Tensor], Tensor]], hidden: int) -> Iterator[DenseFfn]:
    """Every assignment of roles that the matrices' shapes allow, the order of definition first."""
    for *ups, down in itertools.permutations(found):
        weights = _assigned(ups, down, hidden)
        if weights is None:
            continue
        if len(weights.up) == weights.down.shape[1]:
            yield from (DenseFfn(Form(gated=False, inner=act), weights) for act in acts)
            continue
        apart = len(ups) == 2
        yield from (DenseFfn(Form(True, GatedActivation(act), apart=apart), weights) for act in acts)
        if not apart:  # or the gate's rows come last
            up_bias = None if weights.up_bias is None else _swapped(weights.up_bias)
            weights = weights._replace(up=_swapped(weights.up), up_bias=up_bias)
            yield from (DenseFfn(Form(True, GatedActivation(act)), weights) for act in acts)


def _assigned(ups: list[Matrix], down: Matrix, hidden: int) -> ExpertWeights | None:
    inner, rows = down.weight.shape[1], [len(up.weight) for up in ups]
    if len(down.weight) != hidden or any(up.weight.shape[1] != hidden for up in ups):
        return None
    if rows not in ([inner], [2 * inner], [inner, inner]) or len({up.bias is None for up in ups}) > 1:
        return None
    if len(ups) == 1:
        return ExpertWeights(ups[0].weight, down.weight, ups[0].bias, down.bias)
    biases = [up.bias for up in ups if up.bias is not None]
    up_bias = torch.cat(biases) if biases else None
    return ExpertWeights(torch.cat([up.weight for up in ups]), down.weight, up_bias, down.bias)


def _swapped(rows: Tensor) -> Tensor:
    return torch.cat(rows.chunk(2)[::-1])


def _run(reading: DenseFfn, x: Tensor) -> Tensor | None:
    try:
        return reading.form.run(x, reading.weights)
    except Exception:  # the candidate is no activation
        return None
