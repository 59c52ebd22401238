"""What one feed-forward network (FFN) is made of, so that it can be copied into a bank of experts.

Two kinds are understood. A *dense* FFN is two matrices around an activation, ``down(act(up(x)))``,
or three when gated, ``down(act(gate(x)) * up(x))``. A *mixture* is a block whose experts are such
networks, stored one by one or stacked in three-dimensional parameters.

What each matrix does is found by trying: a reading counts only if it reproduces the module on a few
random inputs. So no name decides, and a network with an unknown twist in its forward pass is
reported as *opaque* instead of being copied wrongly.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PROBES = 8  # random inputs that a reading has to reproduce


class ExpertWeights(NamedTuple):
    """The matrices of one network, as ``torch.nn.functional.linear`` takes them.

    Attributes:
        up: (inner, hidden); of a gated network (2 * inner, hidden), the gate's rows first.
        down: (hidden, inner).
        up_bias: as many as rows of ``up``, or None.
        down_bias: (hidden,), or None.
    """

    up: Tensor
    down: Tensor
    up_bias: Tensor | None = None
    down_bias: Tensor | None = None


class GatedActivation:
    """``act(gate) * up`` of a (..., 2 * inner) product whose first half is the gate."""

    def __init__(self, activation: Callable[[Tensor], Tensor]) -> None:
        self.activation = activation

    def __call__(self, product: Tensor) -> Tensor:
        """Of the whole product."""
        return self.of_halves(*product.chunk(2, dim=-1))

    def of_halves(self, gate: Tensor, up: Tensor) -> Tensor:
        """The same, of the halves."""
        return self.activation(gate) * up


@dataclass(frozen=True)
class Form:
    """How a network computes, apart from its weights.

    Attributes:
        gated: whether ``up`` holds a gate as well.
        inner: maps the product with ``up`` to what ``down`` multiplies: (..., rows of up) ->
            (..., inner).
        apart: whether the base multiplies by gate and up one after the other. It matters for
            bit-exactness only: a product of twice the width may round differently.
    """

    gated: bool
    inner: Callable[[Tensor], Tensor]
    apart: bool = False

    def run(self, x: Tensor, weights: ExpertWeights) -> Tensor:
        """Compute the network: (..., hidden) -> (..., hidden)."""
        up, down, up_bias, down_bias = weights
        if self.apart and isinstance(self.inner, GatedActivation):
            biases = (None, None) if up_bias is None else up_bias.chunk(2)
            rows = zip(up.chunk(2), biases, strict=True)
            inner = self.inner.of_halves(*(F.linear(x, half, bias) for half, bias in rows))
        else:
            inner = self.inner(F.linear(x, up, up_bias))
        return F.linear(inner, down, down_bias)


@dataclass(frozen=True)
class DenseFfn:
    """A dense network that was understood."""

    form: Form
    weights: ExpertWeights


@dataclass(frozen=True)
class MixtureFfn:
    """A mixture of experts that was understood.

    Attributes:
        form: how each expert computes.
        experts: one set of weights per frozen expert.
        router: the frozen router's rows, (experts, hidden), if it has one row per expert.
        container: the module that holds the experts.
    """

    form: Form
    experts: list[ExpertWeights]
    router: Tensor | None
    container: nn.Module


@dataclass(frozen=True)
class OpaqueFfn:
    """A network that computes something else; it can be copied only as a whole."""

    module: nn.Module


Ffn = DenseFfn | MixtureFfn | OpaqueFfn


def read_ffn(module: nn.Module, hidden: int) -> Ffn:
    """Understand one FFN of width ``hidden``, or say that it is opaque."""
    with torch.no_grad():
        dense = _read_dense(module, hidden)
        return dense or _read_mixture(module, hidden) or OpaqueFfn(module)


def is_mixture(module: nn.Module) -> bool:
    """Whether a module holds several experts, whether or not they can be read."""
    return any(_is_expert_list(part) or _has_stacks(part) for part in module.modules())


def probe_input(like: Tensor, hidden: int) -> Tensor:
    """A few random hidden states, (1, PROBES, hidden), in the precision and place of a tensor."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(1, PROBES, hidden, generator=generator).to(like.device, like.dtype)


# --- dense networks ---


def _read_dense(module: nn.Module, hidden: int) -> DenseFfn | None:
    linears = [part for part in module.modules() if isinstance(part, nn.Linear)]
    theirs = sum(1 + (linear.bias is not None) for linear in linears)
    if len(linears) not in (2, 3) or theirs != sum(1 for _ in module.parameters()):
        return None
    for form, weights in _dense_readings(linears, list(_activations(module)), hidden):
        if _reproduces(module, form, weights, hidden):
            return DenseFfn(form, weights)
    return None


def _dense_readings(
    linears: list[nn.Linear], activations: list[Callable[[Tensor], Tensor]], hidden: int
) -> Iterator[tuple[Form, ExpertWeights]]:
    """Every assignment of roles that the matrices' shapes allow, the order of definition first."""
    for *ups, down in itertools.permutations(linears):
        if down.out_features != hidden or any(up.in_features != hidden for up in ups):
            continue
        inner, rows = down.in_features, [up.out_features for up in ups]
        if rows not in ([inner], [2 * inner], [inner, inner]):
            continue
        biases: list[Any] = [up.bias for up in ups]
        if any(bias is None for bias in biases) != all(bias is None for bias in biases):
            continue
        weights = ExpertWeights(
            up=torch.cat([up.weight for up in ups]) if len(ups) > 1 else ups[0].weight,
            down=down.weight,
            up_bias=None if biases[0] is None else torch.cat(biases),
            down_bias=down.bias,
        )
        for activation in activations:
            if rows == [inner]:
                yield Form(gated=False, inner=activation), weights
            else:
                yield Form(True, GatedActivation(activation), apart=len(ups) == 2), weights


def _activations(module: nn.Module) -> Iterator[Callable[[Tensor], Tensor]]:
    """What could be a module's activation: parts without parameters, and functions it holds."""
    for part in module.modules():
        is_bare = next(part.children(), None) is None and next(part.parameters(), None) is None
        if is_bare and part is not module and not isinstance(part, (nn.Dropout, nn.Identity)):
            yield part
        for value in vars(part).values():
            if hasattr(value, "__name__") and callable(value) and not isinstance(value, type):
                yield value


def _reproduces(module: nn.Module, form: Form, weights: ExpertWeights, hidden: int) -> bool:
    if weights.up.is_meta:
        return True  # nothing to compute with: trust the shapes and the order of definition
    x = probe_input(weights.up, hidden)
    training = module.training
    try:
        expected, computed = module.eval()(x), form.run(x, weights)
    except Exception:  # the candidate is no activation, or the module wants other inputs
        return False
    finally:
        module.train(training)
    return isinstance(expected, Tensor) and _close(expected, computed)


def _close(expected: Tensor, computed: Tensor) -> bool:
    if expected.shape != computed.shape:
        return False
    tolerance = 1e-4 if expected.dtype in (torch.float32, torch.float64) else 5e-2
    scale = float(expected.abs().max())
    return bool(torch.allclose(expected, computed, rtol=tolerance, atol=tolerance * scale))


# --- mixtures ---


def _has_stacks(module: nn.Module) -> bool:
    """Experts in 3-D parameters, whatever their layout."""
    return sum(parameter.dim() == 3 for parameter in module.parameters(recurse=False)) >= 2


def _is_stacked(module: nn.Module) -> bool:
    """Experts in 3-D parameters, with the marks that transformers' own expert modules carry."""
    marks = ("has_gate", "has_bias", "is_transposed", "num_experts")
    return all(hasattr(module, mark) for mark in marks)


def _is_expert_list(module: nn.Module) -> bool:
    if not isinstance(module, nn.ModuleList) or len(module) < 2:
        return False
    shapes = {tuple((name, p.shape) for name, p in part.named_parameters()) for part in module}
    matrices = sum(parameter.dim() == 2 for parameter in module[0].parameters())
    return len(shapes) == 1 and matrices in (2, 3)


def _read_mixture(module: nn.Module, hidden: int) -> MixtureFfn | None:
    for part in module.modules():
        if _is_stacked(part):
            read = _read_stacked(part, hidden)
        elif _is_expert_list(part):
            read = _read_list(part, hidden)
        else:
            continue
        if read is not None:
            form, experts = read
            return MixtureFfn(form, experts, _router_rows(module, part, len(experts), hidden), part)
    return None


def _read_list(parts: nn.Module, hidden: int) -> tuple[Form, list[ExpertWeights]] | None:
    experts = [_read_dense(part, hidden) for part in parts.children()]
    read = [expert for expert in experts if expert is not None]
    return (read[0].form, [ffn.weights for ffn in read]) if len(read) == len(experts) else None


def _read_stacked(part: Any, hidden: int) -> tuple[Form, list[ExpertWeights]] | None:
    up_name = "gate_up_proj" if part.has_gate else "up_proj"
    ups, downs = getattr(part, up_name, None), getattr(part, "down_proj", None)
    if not (isinstance(ups, Tensor) and isinstance(downs, Tensor) and ups.dim() == downs.dim() == 3):
        return None
    if getattr(part, "has_post_expert_norm", False):
        return None
    up_biases = getattr(part, f"{up_name}_bias") if part.has_bias else [None] * len(ups)
    down_biases = part.down_proj_bias if part.has_bias else [None] * len(ups)
    if part.is_transposed:
        ups, downs = ups.transpose(1, 2), downs.transpose(1, 2)
    columns = zip(ups, downs, up_biases, down_biases, strict=True)
    experts = [ExpertWeights(*weights) for weights in columns]
    form = Form(bool(part.has_gate), part._apply_gate if part.has_gate else part.act_fn)
    if experts[0].up.is_meta:
        return form, experts
    x = probe_input(experts[0].up, hidden)[0]
    choices = torch.zeros(len(x), 1, dtype=torch.long, device=x.device)
    expected = part(x, choices, torch.ones_like(choices, dtype=x.dtype))
    return (form, experts) if _close(expected, form.run(x, experts[0])) else None


def _router_rows(block: nn.Module, container: nn.Module, experts: int, hidden: int) -> Tensor | None:
    """The frozen router's weight: the block's one matrix with a row per expert, outside of them."""
    inside = {id(parameter) for parameter in container.parameters()}
    outside = [parameter for parameter in block.parameters() if id(parameter) not in inside]
    rows = [parameter for parameter in outside if tuple(parameter.shape) == (experts, hidden)]
    return rows[0] if len(rows) == 1 else None
