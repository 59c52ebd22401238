"""What the twin starts from: "upcycling", so that training starts from what the model knows.

==========================  =====================================================================
frozen network              experts of the twin
==========================  =====================================================================
dense                       copies: the twin starts as the frozen network
mixture of experts          whole experts of it (``init`` picks), and their rows of its router
any, with ``expert_rank``   new hidden units beside the frozen network, whose output starts at 0
cannot be read as matrices  copies of the whole module
==========================  =====================================================================
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from twist_scout.errors import BadConfig, BadModel
from twist_scout.twist.anatomy import (
    ExpertWeights,
    Ffn,
    Form,
    GatedActivation,
    MixtureFfn,
    OpaqueFfn,
    is_mixture,
    read_ffn,
)
from twist_scout.twist.config import TwistConfig
from twist_scout.twist.experts import ExpertBank, Experts, WholeExperts
from twist_scout.twist.finding import DecoderFfn, find_decoder_ffns, text_config
from twist_scout.twist.router import TwinRouter

# Alpha before training. Where the twin starts as the frozen network any alpha gives the base, and
# the middle gives both sides the same gradient.
ALPHA_WHEN_EQUAL = 0.5
# Where the twin is made of some experts of a mixture: a start whose loss differs from the base's by
# less than 1 %. On a trained 4-expert top-2 decoder with mixtures in alternate layers, the loss at
# 0.95 was higher by 0.12 % (two experts, top-1: the default), 0.27 % (one expert) and 0.35 % (two
# averages of all four); at 0.9 by 0.52 %, 1.37 % and 1.01 %.
ALPHA_WHEN_SEEDED = 0.95


def build_experts(ffn: DecoderFfn, config: TwistConfig, hidden: int) -> tuple[Experts, TwinRouter | None]:
    """The experts and the router of one layer's twin, in their initial state.

    Args:
        ffn: the frozen network.
        config: the adapter's choices.
        hidden: width of the decoder.

    Returns:
        The experts, and a router unless there is only one expert.

    Raises:
        BadConfig: ``init="most_used"`` without counts for this layer.
        BadModel: weights that cannot be read or trained.
    """
    read = read_ffn(ffn.module, hidden)
    like = next(ffn.module.parameters())
    dtype = getattr(torch, config.expert_dtype) if config.expert_dtype else None
    router = TwinRouter.fresh(experts=config.num_experts, hidden=hidden, top_k=config.top_k, device=like.device)
    experts: Experts
    if config.expert_rank is not None:
        experts = _new_units(read, config, hidden, like, dtype)
    else:
        _check_trainable(ffn, read)
        if isinstance(read, OpaqueFfn):
            experts = WholeExperts(read.module, num_experts=config.num_experts, dtype=dtype)
        elif isinstance(read, MixtureFfn):
            seeds, rows = _from_mixture(read, config, ffn.index)
            experts = ExpertBank(seeds, form=read.form, dtype=dtype)
            router = router if rows is None else TwinRouter(rows, top_k=config.top_k)
        else:
            seeds = [read.weights] * config.num_experts
            experts = ExpertBank(seeds, form=read.form, dtype=dtype)
        if config.init == "copy+noise":
            _add_noise(experts, config.init_noise)
    return experts, router if config.num_experts > 1 else None


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
    handles = []
    hidden = text_config(model).hidden_size
    for ffn in find_decoder_ffns(model):
        read = read_ffn(ffn.module, hidden)
        if isinstance(read, MixtureFfn):
            counts[str(ffn.index)] = [0] * len(read.experts)
            handles += _counting_hooks(read.container, counts[str(ffn.index)])
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


def _counting_hooks(container: nn.Module, counts: list[int]) -> list[Any]:
    if isinstance(container, nn.ModuleList):  # each expert is called with its own tokens

        def count_rows(number: int) -> Callable[..., None]:
            def hook(_module: nn.Module, args: tuple[Any, ...]) -> None:
                counts[number] += args[0].shape[:-1].numel()

            return hook

        experts = enumerate(container)
        return [expert.register_forward_pre_hook(count_rows(number)) for number, expert in experts]

    def count_choices(_module: nn.Module, args: tuple[Any, ...]) -> None:
        _, choices, *_ = args  # called with tokens, choices, weights
        here = torch.bincount(choices.reshape(-1), minlength=len(counts)).tolist()
        counts[:] = [before + now for before, now in zip(counts, here, strict=True)]

    return [container.register_forward_pre_hook(count_choices)]


def _from_mixture(read: MixtureFfn, config: TwistConfig, layer: int) -> tuple[list[ExpertWeights], Tensor | None]:
    """Seeds from a frozen mixture; whole experts bring their rows of the frozen router along."""
    if config.init == "mean":
        columns: list[Any] = list(zip(*read.experts, strict=True))
        means: list[Any] = [None if c[0] is None else torch.stack(c).mean(0) for c in columns]
        return [ExpertWeights(*means)] * config.num_experts, None
    order = _picked(read, config, layer)
    picks = [order[number % len(order)] for number in range(config.num_experts)]
    seeds = [read.experts[pick] for pick in picks]
    if read.router is None or len(set(picks)) < len(picks):
        return seeds, None  # equal rows would send every token to the first of equal experts
    return seeds, read.router[picks]


def _picked(read: MixtureFfn, config: TwistConfig, layer: int) -> list[int]:
    experts = list(range(len(read.experts)))
    if config.init != "most_used":
        return experts
    use = (config.expert_use or {}).get(str(layer))
    if use is None or len(use) != len(experts):
        raise BadConfig(
            f"init='most_used' needs expert_use with {len(experts)} counts for layer {layer}; get "
            "them from twist_scout.twist.count_expert_use(model, batches) before wrapping."
        )
    return sorted(experts, key=lambda expert: -use[expert])


def _new_units(read: Ffn, config: TwistConfig, hidden: int, like: Tensor, dtype: torch.dtype | None) -> ExpertBank:
    """Experts of ``expert_rank`` hidden units whose output is added to the frozen network's.

    Their output weights start at zero. A network with ``rank`` more hidden units differs from the
    original by a function whose Jacobian has at most that rank.
    """
    if isinstance(read, OpaqueFfn):
        form = Form(gated=True, inner=GatedActivation(F.silu))
    else:
        form = Form(gated=read.form.gated, inner=read.form.inner)
    if dtype is None:
        dtype = like.dtype if like.is_floating_point() else torch.float32  # a quantised base
    rank = config.expert_rank or 0
    bound = 1 / math.sqrt(hidden)
    units = []
    for _ in range(config.num_experts):
        up = torch.empty(rank * (1 + form.gated), hidden, device=like.device)
        down = torch.zeros(hidden, rank, device=like.device)
        units.append(ExpertWeights(up.uniform_(-bound, bound), down))
    return ExpertBank(units, form=form, dtype=dtype)


def _check_trainable(ffn: DecoderFfn, read: Ffn) -> None:
    remedy = "set expert_rank to train small experts beside them."
    if isinstance(read, OpaqueFfn) and is_mixture(ffn.module):
        raise BadModel(
            f"the experts of {ffn.path} ({type(ffn.module).__name__}) are stored or computed in a "
            f"way that TWIST cannot read; {remedy}"
        )
    if not all(parameter.is_floating_point() for parameter in ffn.module.parameters()):
        raise BadModel(f"the weights of {ffn.path} are quantised and cannot be copied into trainable experts; {remedy}")


def _add_noise(experts: Experts, scale: float) -> None:
    with torch.no_grad():
        for parameter in experts.parameters():
            # each expert's own matrix, because experts may differ in scale
            parts = parameter.unbind() if isinstance(experts, ExpertBank) else (parameter,)
            for part in parts:
                if part.numel() > 1:
                    part.add_(torch.randn_like(part), alpha=scale * float(part.float().std()))
