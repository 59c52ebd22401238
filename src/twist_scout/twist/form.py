"""What a feed-forward network (FFN) is made of: matrices, and how they are put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


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
        outer: what the product with ``down`` goes through (a norm after each expert), if anything.
    """

    gated: bool
    inner: Callable[[Tensor], Tensor]
    apart: bool = False
    outer: Callable[[Tensor], Tensor] | None = None

    def run(self, x: Tensor, weights: ExpertWeights) -> Tensor:
        """Compute the network: (..., hidden) -> (..., hidden)."""
        up, down, up_bias, down_bias = weights
        if self.apart and isinstance(self.inner, GatedActivation):
            biases = (None, None) if up_bias is None else up_bias.chunk(2)
            rows = zip(up.chunk(2), biases, strict=True)
            inner = self.inner.of_halves(*(F.linear(x, half, bias) for half, bias in rows))
        else:
            inner = self.inner(F.linear(x, up, up_bias))
        output = F.linear(inner, down, down_bias)
        return output if self.outer is None else self.outer(output)


@dataclass(frozen=True)
class FrozenParts:
    """What a mixture computes around its routed experts; its twin uses the very same modules.

    ::

        x -> before -> experts -> * weight -> after -> (+) ->
        |                                               |
        +--- shared, times the sigmoid of its gate -----+

    They stay frozen and are no parameters of the twin, which only replaces the routed experts.

    Attributes:
        before: projections to the width that the experts work in.
        after: the way back.
        shared: network that every token goes through beside its experts.
        shared_gate: (hidden,) -> (1,), the logit of a factor on ``shared``; None for the factor 1.
        shared_weight: constant factor on ``shared``.
        weight: what the block multiplies its experts with, where it cannot be folded into them.
    """

    before: tuple[nn.Module, ...] = ()
    after: tuple[nn.Module, ...] = ()
    shared: nn.Module | None = None
    shared_gate: nn.Module | None = None
    shared_weight: float = 1.0
    weight: float = 1.0

    def enter(self, tokens: Tensor) -> Tensor:
        """(tokens, hidden) -> (tokens, width of the experts)."""
        for part in self.before:
            tokens = part(tokens)
        return tokens

    def leave(self, outputs: Tensor) -> Tensor:
        """(tokens, width of the experts) -> (tokens, hidden)."""
        outputs = outputs if self.weight == 1 else outputs * self.weight
        for part in self.after:
            outputs = part(outputs.to(_precision(part, outputs)))
        return outputs

    def beside(self, tokens: Tensor) -> Tensor | None:
        """What the shared network adds to (tokens, hidden), if there is one."""
        if self.shared is None:
            return None
        output = self.shared(tokens)
        if self.shared_gate is not None:
            output = self.shared_gate(tokens).sigmoid() * output
        return output if self.shared_weight == 1 else output * self.shared_weight


class MixtureWeights(NamedTuple):
    """What a block multiplies its experts with: summed over a token's experts, an average over tokens.

    Attributes:
        output: the factor on what they return.
        input: the factor on what they are given.
    """

    output: float = 1.0
    input: float = 1.0


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
        around: what the block computes beside them.
        weights: what the block multiplies its experts with.
    """

    form: Form
    experts: list[ExpertWeights]
    router: Tensor | None
    container: nn.Module
    around: FrozenParts = field(default_factory=FrozenParts)
    weights: MixtureWeights = field(default_factory=MixtureWeights)


@dataclass(frozen=True)
class OpaqueFfn:
    """A network that computes something else; it can be copied only as a whole."""

    module: nn.Module


Ffn = DenseFfn | MixtureFfn | OpaqueFfn


def _precision(part: nn.Module, tensor: Tensor) -> torch.dtype:
    """The frozen parts' own precision; the twin may compute in another."""
    own = next((p.dtype for p in part.parameters() if p.is_floating_point()), tensor.dtype)
    return tensor.dtype if torch.is_autocast_enabled(tensor.device.type) else own
