"""What one feed-forward network (FFN) is made of, so that it can be copied into a bank of experts.

Two kinds are understood. A *dense* FFN is two matrices around an activation, ``down(act(up(x)))``,
or three when gated, ``down(act(gate(x)) * up(x))``. A *mixture* is a block whose experts are such
networks, stored one by one or stacked, with what it computes around them.

What each matrix does is found by trying: a reading counts only if it reproduces the module on a few
random inputs. So no name decides, and a network with an unknown twist in its forward pass is
reported as *opaque* instead of being copied wrongly.

====================  ============================================================================
``form``              what a network can be made of
``dense``             reading a dense network
``mixtures``          reading a mixture: its experts and its router
``stacks``            reading experts that are stacked in three-dimensional parameters
``surroundings``      what a mixture computes around its experts
``probing``           running a module on random inputs and watching its parts
====================  ============================================================================
"""

from __future__ import annotations

from torch import nn

from twist_scout.twist.dense import read_dense
from twist_scout.twist.form import (
    DenseFfn,
    ExpertWeights,
    Ffn,
    Form,
    FrozenParts,
    GatedActivation,
    MixtureFfn,
    OpaqueFfn,
)
from twist_scout.twist.mixtures import is_mixture, read_mixture
from twist_scout.twist.probing import evaluating, has_numbers, probe_input

__all__ = [
    "DenseFfn",
    "ExpertWeights",
    "Ffn",
    "Form",
    "FrozenParts",
    "GatedActivation",
    "MixtureFfn",
    "OpaqueFfn",
    "is_mixture",
    "probe_input",
    "read_ffn",
]


def read_ffn(module: nn.Module, hidden: int) -> Ffn:
    """Understand one FFN of width ``hidden``, or say that it is opaque, as quantised ones are."""
    if not has_numbers(module):
        return OpaqueFfn(module)
    with evaluating(module):
        return read_dense(module, hidden) or read_mixture(module, hidden) or OpaqueFfn(module)
