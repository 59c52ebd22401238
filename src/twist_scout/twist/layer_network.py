"""Which part of a decoder layer is its feed-forward network (FFN), by structure.

It is a child that is called with the hidden states alone and maps ``hidden_size`` to
``hidden_size`` through at least two weight matrices. Attention and state-space mixers are called
with more (masks, positions, caches); norms own no matrix. Where no child is an FFN, two matrices
that lie apart in the layer can be one (see :mod:`~twist_scout.twist.paired`).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

from peft.tuners.tuners_utils import BaseTunerLayer
from torch import nn

from twist_scout.twist.dense import matrix_shape
from twist_scout.twist.paired import PairedFfn
from twist_scout.twist.probing import argument_names, required_arguments
from twist_scout.twist.special_cases import PARTS

# What a sequence mixer is called with, beside the hidden states; an FFN takes none of these.
_MIXER_ARGUMENTS = frozenset(
    {
        "attention_mask",
        "cache_params",
        "cache_position",
        "cu_seqlens",
        "encoder_hidden_states",
        "key_value_states",
        "layer_past",
        "past_key_value",
        "past_key_values",
        "position_embeddings",
        "position_ids",
        "state",
    }
)


def network_of(layer: nn.Module, hidden: int) -> tuple[str, nn.Module] | None:
    """The FFN of a layer.

    Args:
        layer: an element of a list of layers; a tuner around its parts is looked through.
        hidden: the decoder's width.

    Returns:
        The dotted name, from the layer, of the module whose output is the network's ("" for a layer
        that is nothing but an FFN), and the network; None if the layer has none.
    """
    layer = unwrapped(layer)
    if is_ffn(layer, hidden):
        return "", layer
    return _child_of(layer, hidden) or _pair_of(layer, hidden)


def is_ffn(module: nn.Module, hidden: int) -> bool:
    """Whether a module is an FFN of that width: see the list at the top of this file."""
    if required_arguments(module) != 1 or any(_is_mixer(part) for part in module.modules()):
        return False
    return sum(hidden in shape for shape in _matrix_shapes(module)) >= 2


def _child_of(layer: nn.Module, hidden: int, depth: int = 2) -> tuple[str, nn.Module] | None:
    """The FFN of a layer: the largest child that can be one, else the same one level down."""
    children = [(name, unwrapped(child)) for name, child in layer.named_children()]
    ffns = [(name, child) for name, child in children if is_ffn(child, hidden)]
    if ffns:
        name, ffn = max(ffns, key=lambda pair: sum(map(math.prod, _matrix_shapes(pair[1]))))
        return _core(name, ffn, hidden)
    if depth > 1:
        for name, child in children:
            below = None if _is_mixer(child) else _child_of(child, hidden, depth - 1)
            if below is not None:
                return f"{name}.{below[0]}", below[1]
    return None


def _pair_of(layer: nn.Module, hidden: int) -> tuple[str, nn.Module] | None:
    """The largest two matrices beside the layer's mixers that lead from the hidden size and back to it."""
    mixers: list[nn.Module] = []

    def walk(path: str, module: nn.Module) -> Iterator[tuple[str, nn.Module, tuple[int, int]]]:
        shape = matrix_shape(module)
        if shape is not None:
            yield path, module, shape
        elif path and _is_mixer(module):
            mixers.append(module)
        else:
            for name, child in module.named_children():
                yield from walk(f"{path}.{name}" if path else name, unwrapped(child))

    best: tuple[int, str, str, nn.Module, nn.Module] | None = None
    for (before, entry, up), (name, exit, down) in itertools.permutations(walk("", layer), 2):
        fits = up[1] == hidden == down[0] and up[0] in (down[1], 2 * down[1])
        size = math.prod(up) + math.prod(down)
        if fits and (best is None or size > best[0]):
            best = size, before, name, entry, exit
    if best is None or not mixers:  # without a mixer it is no layer: the matrices may be a mixer's own
        return None
    _, before, name, entry, exit = best
    return name, PairedFfn(_around_both(layer, before, name), entry, exit)


def _around_both(layer: nn.Module, one: str, other: str) -> nn.Module:
    """The innermost module that runs both of two parts of a layer."""
    steps = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(one.split("."), other.split("."), strict=False))
    inner = layer
    for step, _ in steps:
        inner = unwrapped(inner.get_submodule(step))
    return inner


def _core(name: str, ffn: nn.Module, hidden: int) -> tuple[str, nn.Module]:
    """Without a shell (a norm, a residual connection) that holds no matrix of its own."""
    part = PARTS.get(type(ffn).__name__)
    if part is not None:
        return f"{name}.{part}", unwrapped(ffn.get_submodule(part))
    for part, child in ffn.named_children():
        inner = unwrapped(child)
        if is_ffn(inner, hidden) and len(_matrix_shapes(inner)) == len(_matrix_shapes(ffn)):
            return _core(f"{name}.{part}", inner, hidden)
    return name, ffn


def _matrix_shapes(module: nn.Module) -> list[tuple[int, ...]]:
    """The shapes of a module's matrices, and of stacks of matrices, without those of tuners."""
    shape = matrix_shape(module)
    if shape is not None:
        return [shape]
    own = [tuple(parameter.shape) for parameter in module.parameters(recurse=False) if parameter.dim() >= 2]
    return own + [shape for child in module.children() for shape in _matrix_shapes(unwrapped(child))]


def _is_mixer(module: nn.Module) -> bool:
    return bool(_MIXER_ARGUMENTS & argument_names(module))


def unwrapped(module: nn.Module) -> nn.Module:
    """The module inside a tuner."""
    return module.get_base_layer() if isinstance(module, BaseTunerLayer) else module
