"""Networks whose weights accelerate keeps elsewhere (``device_map`` with ``"cpu"`` or ``"disk"``).

Such a network holds empty parameters, and hooks that load the weights while it runs. To start a twin
from it, they have to be there for longer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from accelerate.utils import align_module_device, has_offloaded_params
from torch import nn

from twist_scout.errors import BadModel


@contextmanager
def in_memory(module: nn.Module) -> Iterator[None]:
    """Within the context, a network has its weights and no hooks: it can be read, run and copied.

    A network whose weights were there already is left alone, and so is one that is empty without
    hooks (on the meta device).
    """
    hooked = [part for part in module.modules() if hasattr(part, "_hf_hook")]
    if not any(has_offloaded_params(part) for part in hooked):
        yield
        return
    with ExitStack() as stack:
        for part in hooked:
            stack.enter_context(align_module_device(part))
            stack.enter_context(_unhooked(part))
        yield


@contextmanager
def _unhooked(part: Any) -> Iterator[None]:
    """Without accelerate's hook, which is an attribute beside a ``forward`` that calls it."""
    kept = {name: vars(part).pop(name) for name in ("_hf_hook", "_old_forward", "forward") if name in vars(part)}
    try:
        yield
    finally:
        vars(part).update(kept)


def home_device(module: nn.Module) -> torch.device:
    """Where a network computes, which is where its twin belongs."""
    device = next(module.parameters()).device
    if device.type == "meta":
        for part in module.modules():
            hook: Any = getattr(part, "_hf_hook", None)
            if has_offloaded_params(part):
                return torch.device(hook.execution_device)
    return device


def check_readable(model: nn.Module, networks: Iterable[nn.Module]) -> None:
    """See to it that the weights of networks can be read.

    ``PeftModel.from_pretrained`` takes away the hooks of a base that is partly on disk before it adds
    an adapter, and puts them back in a way that suits adapters of single matrices alone.

    Raises:
        BadModel: weights are on disk and the hooks that load them are gone.
    """
    places = getattr(model, "hf_device_map", None) or {}
    if "disk" not in places.values():
        return
    for network in networks:
        hooked = any(has_offloaded_params(part) for part in network.modules())
        if not hooked and any(parameter.is_meta for parameter in network.parameters()):
            raise BadModel(
                "Feed-forward networks of the base are on disk, and peft has detached them to load the adapter; load "
                'the base with a device_map without "disk", or add a new adapter with get_peft_model, which can read '
                "them there."
            )
