"""What can be chosen about a twin: where TWIST's options are named, explained and checked."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from peft.config import PeftConfig

from twist_scout.errors import BadConfig
from twist_scout.twist.registration import PEFT_TYPE

INITS = ("first", "most_used", "mean", "copy+noise")
LAYER_RULES = ("auto", "alternate", "all", "moe")
ALPHA_SCOPES = ("shared", "layer")
BALANCE_LOSSES = ("deepspeed", "hf")
DTYPES = ("float32", "bfloat16", "float16")


@dataclass
class TwistConfig(PeftConfig):
    """Configuration of one TWIST adapter.

    The defaults are the paper's: two full-size experts per twinned layer with one of them active
    per token (1.678 B trainable and 0.839 B active parameters on Phi-2), every other layer of a
    dense decoder, one learned alpha.

    Args:
        num_experts: learnable experts per twinned layer, E of Eq. 1 (Table 7 compares 1, 2, 4).
        top_k: experts that each token uses.
        layers: which decoder layers get a twin: ``"auto"``, ``"alternate"`` (0, 2, ...), ``"all"``,
            ``"moe"`` or a list of layer numbers.
        init: what the twin's experts start from.
        init_noise: noise of ``init="copy+noise"``, relative to each weight's standard deviation.
        expert_use: how often the frozen router chose each expert, ``{layer: [count, ...]}``, from
            :func:`twist_scout.twist.count_expert_use`; required by ``init="most_used"`` on a
            mixture-of-experts base.
        expert_rank: ``None`` for full-size experts; an integer makes each expert the frozen network
            plus that many new hidden units, a change of rank at most ``expert_rank``.
        expert_dtype: ``"float32"``, ``"bfloat16"`` or ``"float16"``; ``None`` takes the frozen
            network's own.
        alpha_init: alpha of Eq. 6 before training, strictly between 0 and 1, or ``"auto"``.
        alpha_scope: ``"shared"``, one alpha for all layers, or ``"layer"``, one each.
        alpha_learned: whether alpha trains.
        router_aux_loss: formula of R(g) in Eq. 7: ``"deepspeed"``, ``"hf"`` or ``None`` for none.
        router_aux_loss_coef: lambda of Eq. 7. It is not portable between the two formulas.

    Raises:
        BadConfig: a value that does not fit, with what would.
    """

    num_experts: int = field(
        default=2,
        metadata={"help": "Learnable experts per twinned layer (E of Eq. 1); any number from 1."},
    )
    top_k: int = field(default=1, metadata={"help": "Experts that each token uses, from 1 to num_experts."})
    layers: str | list[int] = field(
        default="auto",
        metadata={
            "help": "Decoder layers that get a twin: 'auto' (the mixture-of-experts layers if "
            "there are any, else every other layer), 'alternate' (layers 0, 2, ...), 'all', 'moe', "
            "or a list of layer numbers."
        },
    )
    init: str = field(
        default="first",
        metadata={
            "help": "What the experts start from. A dense network is copied. Of a mixture of "
            "experts: 'first' takes its first experts, 'most_used' those that its router chose "
            "most (see expert_use), 'mean' the average of all. 'copy+noise' is 'first' plus noise."
        },
    )
    init_noise: float = field(
        default=0.01,
        metadata={"help": "With init='copy+noise', noise relative to the standard deviation of a weight."},
    )
    expert_use: dict[str, list[int]] | None = field(
        default=None,
        metadata={
            "help": "With init='most_used' on a mixture of experts, how often the frozen router "
            "chose each expert: {layer: [count, ...]}, as twist_scout.twist.count_expert_use "
            "returns it."
        },
    )
    expert_rank: int | None = field(
        default=None,
        metadata={
            "help": "None: experts are full-size networks. An integer r: each expert is the frozen "
            "network plus r new hidden units, a change of rank at most r, exactly zero before "
            "training."
        },
    )
    expert_dtype: str | None = field(
        default=None,
        metadata={"help": f"Precision of the experts, one of {', '.join(DTYPES)}; None takes the frozen network's."},
    )
    alpha_init: float | str = field(
        default="auto",
        metadata={
            "help": "Alpha of Eq. 6 before training, strictly between 0 and 1. 'auto': 0.5 where "
            "the twin starts as the frozen network; close to 1 where it cannot (some experts of a "
            "mixture), so that training starts from what the model knew."
        },
    )
    alpha_scope: str = field(
        default="shared",
        metadata={"help": "'shared': one alpha for all layers; 'layer': one alpha per layer."},
    )
    alpha_learned: bool = field(
        default=True,
        metadata={"help": "Whether alpha trains (bounded to (0, 1) by a sigmoid) or stays at alpha_init."},
    )
    router_aux_loss: str | None = field(
        default="deepspeed",
        metadata={
            "help": "Load-balancing loss R(g) of Eq. 7: 'deepspeed' (first choices, summed over "
            "layers), 'hf' (all top-k choices, pooled over layers) or None."
        },
    )
    router_aux_loss_coef: float = field(
        default=0.01,
        metadata={"help": "Lambda of Eq. 7; 0.01 goes with 'deepspeed' and is not portable to 'hf'."},
    )

    # peft reads the first name; TWIST finds its target modules by structure, when it wraps a model,
    # and notes their paths under the second. Neither is an option, and neither is stored.
    target_modules = None
    found_paths = frozenset[str]()

    def __post_init__(self) -> None:
        """Check every value."""
        super().__post_init__()
        self.peft_type = PEFT_TYPE
        _check_whole("num_experts", self.num_experts)
        _check_whole("top_k", self.top_k)
        if self.top_k > self.num_experts:
            raise BadConfig(f"top_k is {self.top_k}, more than num_experts ({self.num_experts}).")
        self._check_layers()
        _check_choice("init", self.init, INITS)
        _check_not_negative("init_noise", self.init_noise)
        if self.expert_rank is not None:
            _check_whole("expert_rank", self.expert_rank)
        if self.expert_dtype is not None:
            _check_choice("expert_dtype", self.expert_dtype, DTYPES)
        self._check_alpha()
        if self.router_aux_loss is not None:
            _check_choice("router_aux_loss", self.router_aux_loss, BALANCE_LOSSES)
        _check_not_negative("router_aux_loss_coef", self.router_aux_loss_coef)
        if self.expert_use is not None:  # JSON turns layer numbers into strings; so from the start
            self.expert_use = {
                str(layer): [int(count) for count in counts] for layer, counts in self.expert_use.items()
            }

    def _check_layers(self) -> None:
        wrong = BadConfig(
            f"layers must be one of {', '.join(LAYER_RULES)} or a list of layer numbers, but it is {self.layers!r}."
        )
        if isinstance(self.layers, str):
            if self.layers not in LAYER_RULES:
                raise wrong
            return
        if not isinstance(self.layers, (list, tuple, set, range)) or not self.layers:
            raise wrong
        for number in self.layers:
            if isinstance(number, bool) or not isinstance(number, int) or number < 0:
                raise wrong
        self.layers = sorted(set(self.layers))

    def _check_alpha(self) -> None:
        _check_choice("alpha_scope", self.alpha_scope, ALPHA_SCOPES)
        if not isinstance(self.alpha_learned, bool):
            raise BadConfig(f"alpha_learned must be true or false, not {self.alpha_learned!r}.")
        start = self.alpha_init
        if start == "auto" or (_is_number(start) and 0 < float(start) < 1):
            return
        raise BadConfig(
            f"alpha_init must be 'auto' or a number strictly between 0 and 1, but it is "
            f"{self.alpha_init!r}; to run the frozen network alone use disable_adapter(), the twin "
            "alone override_alpha(0)."
        )


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _check_whole(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise BadConfig(f"{name} must be a whole number of at least 1, but it is {value!r}.")


def _check_not_negative(name: str, value: Any) -> None:
    if not _is_number(value) or value < 0:
        raise BadConfig(f"{name} must be a number of at least 0, but it is {value!r}.")


def _check_choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise BadConfig(f"{name} must be one of {', '.join(choices)}, but it is {value!r}.")
