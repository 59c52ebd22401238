"""What the twin starts from: "upcycling", so that training starts from what the model knows.

==========================  =====================================================================
frozen network              experts of the twin
==========================  =====================================================================
dense                       copies: the twin starts as the frozen network
mixture of experts          whole experts of it (``init`` picks), and their rows of its router; what
                            the mixture computes around its experts is shared, and stays frozen
any, with ``expert_rank``   new hidden units beside the frozen network, whose output starts at 0
cannot be read as matrices  copies of the whole module
==========================  =====================================================================
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from twist_scout.errors import BadConfig, BadModel
from twist_scout.twist.anatomy import (
    ExpertWeights,
    Ffn,
    Form,
    FrozenParts,
    GatedActivation,
    MixtureFfn,
    OpaqueFfn,
    is_mixture,
    read_ffn,
)
from twist_scout.twist.config import TwistConfig
from twist_scout.twist.experts import ExpertBank, Experts, WholeExperts
from twist_scout.twist.finding import DecoderFfn
from twist_scout.twist.probing import agree, evaluating, first_tensor, has_numbers, probe_input
from twist_scout.twist.router import TwinRouter

# Alpha before training. Where the twin starts as the frozen network any alpha gives the base, and
# the middle gives both sides the same gradient.
ALPHA_WHEN_EQUAL = 0.5
# Where the twin is made of some experts of a mixture: a start whose loss differs from the base's by
# less than 1 %. On a trained 4-expert top-2 decoder with mixtures in alternate layers, the loss at
# 0.95 was higher by 0.12 % (two experts, top-1: the default), 0.27 % (one expert) and 0.35 % (two
# averages of all four); at 0.9 by 0.52 %, 1.37 % and 1.01 %.
ALPHA_WHEN_SEEDED = 0.95
ALPHA_AT_MOST = 0.999  # so that the twin always learns
# Up to this distance from the frozen network, relative to its output, a twin counts as equal to it.
EQUAL_UP_TO = 0.05


def start_alpha(distance: float | None) -> float:
    """Alpha before training, where the config leaves it open.

    Args:
        distance: of the twin's output from the frozen network's, relative to the latter; None if it
            is not known, since weights are still to be loaded.

    Returns:
        The middle for a twin that is the frozen network. Otherwise so much that the mixture's output
        moves by 5 % of the distance, and by no more than 5 % of the frozen output: a twin can be far
        louder than the experts that it stands for.
    """
    if distance is None:
        return ALPHA_WHEN_SEEDED
    if distance <= EQUAL_UP_TO:
        return ALPHA_WHEN_EQUAL
    return min(1 - (1 - ALPHA_WHEN_SEEDED) / max(1.0, distance), ALPHA_AT_MOST)


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
        experts = _new_units(read, config, hidden, ffn.module, dtype)
    else:
        _check_trainable(ffn, read, hidden)
        if isinstance(read, OpaqueFfn):
            experts = WholeExperts(read.module, num_experts=config.num_experts, dtype=dtype)
        elif isinstance(read, MixtureFfn):
            seeds, rows = _from_mixture(read, config, ffn.index)
            seeds, around = _weighted(read, seeds)
            experts = ExpertBank(seeds, form=read.form, dtype=dtype, around=around)
            router = router if rows is None else TwinRouter(rows, top_k=config.top_k)
        else:
            seeds = [read.weights] * config.num_experts
            experts = ExpertBank(seeds, form=read.form, dtype=dtype)
        if config.init == "copy+noise":
            _add_noise(experts, config.init_noise)
    return experts, router if config.num_experts > 1 else None


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


def _weighted(read: MixtureFfn, seeds: list[ExpertWeights]) -> tuple[list[ExpertWeights], FrozenParts]:
    """Experts that already hold what the block multiplies its experts with, on average.

    The twin's own weights add up to 1. A base whose weights do not (it scales its experts, or does
    not normalise them) gets the difference back here, so that the twin is as loud as the frozen
    experts are. Behind a norm a factor on the weights would be lost, so there it is kept apart.
    """
    given = read.weights
    if given.input != 1:
        seeds = [own._replace(up=own.up * given.input) for own in seeds]
    if given.output == 1:
        return seeds, read.around
    if read.form.outer is not None:  # of three digits, so that it is the same on every device
        return seeds, replace(read.around, weight=float(f"{given.output:.3g}"))
    scaled = [_scaled_down(own, given.output) for own in seeds]
    return scaled, read.around


def _scaled_down(own: ExpertWeights, factor: float) -> ExpertWeights:
    bias = None if own.down_bias is None else own.down_bias * factor
    return own._replace(down=own.down * factor, down_bias=bias)


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


def _new_units(
    read: Ffn, config: TwistConfig, hidden: int, network: nn.Module, dtype: torch.dtype | None
) -> ExpertBank:
    """Experts of ``expert_rank`` hidden units whose output is added to the frozen network's.

    Their output weights start at zero. A network with ``rank`` more hidden units differs from the
    original by a function whose Jacobian has at most that rank.
    """
    if isinstance(read, OpaqueFfn):
        form = Form(gated=True, inner=GatedActivation(F.silu))
    else:
        form = Form(gated=read.form.gated, inner=read.form.inner)
    like = next(network.parameters())
    if dtype is None:
        dtype = like.dtype if has_numbers(network) else torch.float32
    rank = config.expert_rank or 0
    bound = 1 / math.sqrt(hidden)
    units = []
    for _ in range(config.num_experts):
        up = torch.empty(rank * (1 + form.gated), hidden, device=like.device)
        down = torch.zeros(hidden, rank, device=like.device)
        units.append(ExpertWeights(up.uniform_(-bound, bound), down))
    return ExpertBank(units, form=form, dtype=dtype)


def _check_trainable(ffn: DecoderFfn, read: Ffn, hidden: int) -> None:
    remedy = "set expert_rank to train small experts beside them."
    if not has_numbers(ffn.module):
        raise BadModel(f"the weights of {ffn.path} are quantised and cannot be copied into trainable experts; {remedy}")
    if isinstance(read, OpaqueFfn) and is_mixture(ffn.module):
        raise BadModel(
            f"the experts of {ffn.path} ({type(ffn.module).__name__}) are stored or computed in a "
            f"way that TWIST cannot read; {remedy}"
        )
    if isinstance(read, OpaqueFfn) and ffn.pair is not None:
        raise BadModel(
            f"{ffn.path} and the matrix before it are a network whose parts lie apart in their layer, and TWIST cannot "
            f"tell what is computed between them; {remedy}"
        )
    if isinstance(read, OpaqueFfn) and not _is_tokenwise(read.module, hidden):
        raise BadModel(
            f"{ffn.path} ({type(ffn.module).__name__}) needs more than a token to compute its output, so its copies "
            f"cannot be experts that see some tokens each; {remedy}"
        )


def _is_tokenwise(module: nn.Module, hidden: int) -> bool:
    """Whether a module can be run on tokens alone, and gives them the same outputs in another order."""
    x = probe_input(next(module.parameters()), hidden)
    if x.is_meta:
        return True
    with evaluating(module):
        try:
            straight, turned = (first_tensor(module(given)) for given in (x, x.flip(1)))
        except Exception:  # it wants other inputs too
            return False
    if straight is None or turned is None:
        return False
    return agree(straight.reshape(x.shape), turned.reshape(x.shape).flip(1))


def _add_noise(experts: Experts, scale: float) -> None:
    with torch.no_grad():
        for parameter in experts.parameters():
            # each expert's own matrix, because experts may differ in scale
            parts = parameter.unbind() if isinstance(experts, ExpertBank) else (parameter,)
            for part in parts:
                if part.numel() > 1:
                    part.add_(torch.randn_like(part), alpha=scale * float(part.float().std()))
