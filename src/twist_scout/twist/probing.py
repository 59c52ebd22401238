"""Finding out what a module computes, by trying it on a few random inputs."""

from __future__ import annotations

import inspect
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

PROBES = 8  # random inputs that a reading has to reproduce
LOUD = 32.0  # the factor of as many others, so that a limit on large values shows

# Activations that a forward pass may call without keeping them anywhere.
_FUNCTIONS: tuple[Callable[[Tensor], Tensor], ...] = (F.silu, F.gelu, F.relu)

# Operations that compute nothing.
_COPIES = ("_unsafe_view", "_to_copy", "clone", "cat", "reshape")


class Call(NamedTuple):
    """One call of a part while a module ran.

    Attributes:
        part: the part.
        inputs: the tensors that it was called with.
        output: what it returned; of a tuple, the first.
    """

    part: nn.Module
    inputs: list[Tensor]
    output: Tensor


def probe_input(like: Tensor, hidden: int) -> Tensor:
    """A few random hidden states, (1, PROBES, hidden), in the precision and place of a tensor."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(1, PROBES, hidden, generator=generator).to(like.device, like.dtype)


def loud_input(like: Tensor, hidden: int) -> Tensor:
    """The same, and again LOUD times larger: (1, 2 * PROBES, hidden)."""
    x = probe_input(like, hidden)
    return torch.cat([x, LOUD * x], dim=1)


def has_numbers(module: nn.Module) -> bool:
    """Whether all weights of a module are numbers to compute with, rather than the codes of a quantised one."""
    return all(p.is_floating_point() and p.dtype.itemsize > 1 for p in module.parameters())


def agree(expected: Tensor, computed: Tensor) -> bool:
    """Whether two results are equal but for rounding, token by token, so that a loud one hides no other."""
    if expected.shape != computed.shape:
        return False
    finite = expected.isfinite().all(dim=-1)  # half precision may overflow on loud inputs
    tolerance = 2e-4 if expected.dtype in (torch.float32, torch.float64) else 5e-2
    expected, computed = expected[finite].float(), computed[finite].float()
    scale = expected.abs().amax(dim=-1, keepdim=True)
    return len(expected) > 0 and bool(((expected - computed).abs() <= tolerance * scale).all())


def first_tensor(output: Any) -> Tensor | None:
    """What a module returned, or the first of several things, if it is a tensor."""
    output = output[0] if isinstance(output, tuple) and output else output
    return output if isinstance(output, Tensor) else None


def activations(module: nn.Module) -> Iterator[Callable[[Tensor], Tensor]]:
    """What could be a module's activation: parts without parameters, functions it holds, usual functions."""
    for part in module.modules():
        if part is not module and is_bare(part):
            yield part
        yield from functions_of(part)
    yield from _FUNCTIONS


def is_bare(part: nn.Module) -> bool:
    """Whether a part has neither parts nor parameters, as activations have."""
    if isinstance(part, (nn.Dropout, nn.Identity)):
        return False
    return next(part.children(), None) is None and next(part.parameters(), None) is None


def functions_of(part: nn.Module) -> Iterator[Callable[[Tensor], Tensor]]:
    """The functions that a module keeps as attributes."""
    for value in vars(part).values():
        if hasattr(value, "__name__") and callable(value) and not isinstance(value, type):
            yield value


def argument_names(module: nn.Module) -> frozenset[str]:
    """How a module calls what it is called with."""
    if "forward" in vars(module):  # exchanged on this very module
        return frozenset(inspect.signature(module.forward).parameters)
    return _names_of(type(module).forward) - {"self"}


@cache
def _names_of(forward: Callable[..., Any]) -> frozenset[str]:
    return frozenset(inspect.signature(forward).parameters)


def required_arguments(module: nn.Module) -> int:
    """How many arguments a module cannot be called without."""
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(module.forward).parameters.values()
    return sum(p.kind in positional and p.default is inspect.Parameter.empty for p in parameters)


def operations(run: Callable[[], Any]) -> Counter[str] | None:
    """What torch is asked to compute, operation by operation; None if it fails.

    It tells computations apart where there are no numbers to compare (on the meta device).
    """
    noted = _Operations()
    try:
        with noted:
            run()
    except Exception:  # in one of as many ways as there are models
        return None
    return noted.counts


class _Operations(TorchDispatchMode):
    """Counts operations, with what is constant among their arguments; those that change nothing are none."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        constants = [value for value in (*args, *(kwargs or {}).values()) if not isinstance(value, Tensor)]
        name = func.__name__.partition(".")[0]
        unlimited = name == "clamp" and all(value is None or math.isinf(value) for value in constants)
        if not (func.is_view or unlimited or name in _COPIES):
            self.counts[f"{func.__name__} {constants}"] += 1
        return func(*args, **(kwargs or {}))


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Evaluation mode without gradients; afterwards every part is in the mode that it was in."""
    modes = {part: part.training for part in module.modules()}
    try:
        with torch.no_grad():
            module.eval()
            yield
    finally:
        for part, mode in modes.items():
            part.training = mode


def observe(
    module: nn.Module, x: Tensor, replace: Mapping[nn.Module, Callable[[Tensor], Tensor]] | None = None
) -> tuple[Tensor, list[Call]] | None:
    """Run a module and note the calls of its parts; None if it cannot be run on its own.

    Args:
        module: what to run; put it in evaluation mode.
        x: (1, tokens, hidden), its input.
        replace: parts whose output is exchanged for a function of it.

    Returns:
        The output as (tokens, hidden), and the calls in order, with copies of all tensors.
    """
    calls: list[Call] = []

    def note(part: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> Any:
        returned = first_tensor(output)
        if returned is None:
            return None
        tensors = [value.clone() for value in (*args, *kwargs.values()) if isinstance(value, Tensor)]
        if replace and part in replace:
            exchanged = replace[part](returned)
            calls.append(Call(part, tensors, exchanged.clone()))
            return (exchanged, *output[1:]) if isinstance(output, tuple) else exchanged
        calls.append(Call(part, tensors, returned.clone()))
        return None

    parts = [part for part in module.modules() if part is not module]
    handles = [part.register_forward_hook(note, with_kwargs=True) for part in parts]
    try:
        output = first_tensor(module(x))
    except Exception:  # it wants other inputs, in one of as many ways as there are models
        return None
    finally:
        for handle in handles:
            handle.remove()
    if output is None or output.numel() != x.numel():
        return None
    return output.reshape(-1, x.shape[-1]), calls
