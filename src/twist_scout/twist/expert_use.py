"""How often a frozen mixture's router chooses each expert, for ``init="most_used"``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from twist_scout.errors import BadModel
from twist_scout.twist.anatomy import MixtureFfn, read_ffn
from twist_scout.twist.finding import find_decoder_ffns, text_config

Hook = Callable[[nn.Module, tuple[Any, ...], dict[str, Any]], None]


def count_expert_use(model: nn.Module, batches: Iterable[Mapping[str, Any]]) -> dict[str, list[int]]:
    """Count how often the frozen routers of a mixture-of-experts model choose each expert.

    Args:
        model: the base model.
        batches: inputs of its forward pass, a few real prompts.

    Returns:
        ``{layer: [count of expert 0, ...]}``, for ``init="most_used"`` of
        :class:`~twist_scout.twist.config.TwistConfig`.

    Raises:
        BadModel: the model has no mixture whose choices can be seen.
    """
    counts: dict[str, list[int]] = {}
    handles: list[Any] = []
    hidden = text_config(model).hidden_size
    for ffn in find_decoder_ffns(model):
        read = read_ffn(ffn.module, hidden)
        if isinstance(read, MixtureFfn):
            own = counts[str(ffn.index)] = [0] * len(read.experts)
            handles += [
                part.register_forward_pre_hook(hook, with_kwargs=True) for part, hook in _counters(read.container, own)
            ]
    if not handles:
        raise BadModel(f"{type(model).__name__} has no mixture of experts, so there are no choices to count.")
    try:
        with torch.no_grad():
            for batch in batches:
                model(**batch)
    finally:
        for handle in handles:
            handle.remove()
    return counts


def _counters(container: nn.Module, counts: list[int]) -> list[tuple[nn.Module, Hook]]:
    """The modules to watch, each with what counts its calls."""
    if isinstance(container, nn.ModuleList):  # each expert is called with its own tokens
        return [(expert, _count_tokens(counts, number)) for number, expert in enumerate(container)]
    return [(container, _count_choices(counts))]


def _count_tokens(counts: list[int], number: int) -> Hook:
    def hook(_module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        counts[number] += _tensors(args, kwargs)[0].shape[:-1].numel()

    return hook


def _count_choices(counts: list[int]) -> Hook:
    def hook(_module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        tensors = _tensors(args, kwargs)
        choices = next((value for value in tensors if not value.is_floating_point()), None)
        if choices is None:  # called with every token once for each expert, zero where it was not chosen
            chosen = tensors[0].view(len(counts), -1, tensors[0].shape[-1]).any(dim=-1)
            here = chosen.sum(dim=-1)
        else:  # a number past the last expert's stands for none
            here = torch.bincount(choices.reshape(-1), minlength=len(counts))[: len(counts)]
        counts[:] = [before + int(now) for before, now in zip(counts, here.tolist(), strict=True)]

    return hook


def _tensors(args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Tensor]:
    return [value for value in (*args, *kwargs.values()) if isinstance(value, Tensor)]
