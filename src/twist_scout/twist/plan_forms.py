"""The forms that a twin can take on one model, side by side, so that a user can choose by cost."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from torch import nn

from twist_scout.errors import BadInput
from twist_scout.twist.anatomy import is_mixture
from twist_scout.twist.config import TwistConfig
from twist_scout.twist.finding import find_decoder_ffns, select_layers
from twist_scout.twist.memory_estimate import Batch
from twist_scout.twist.plan import Plan, make_plan

FORM_EXPERTS = (1, 2, 4)  # as Table 7
FORM_RANKS = (None, 64, 16)


@dataclass(frozen=True)
class Form:
    """One row of the comparison: a form of the twin and its plan.

    Attributes:
        num_experts: experts per twinned layer.
        layers: the rule, or the layer numbers.
        expert_rank: None for full-size experts.
        plan: its cost, or None where this form does not fit the model.
        problem: why it does not.
        asked: whether this is the form that was asked for.
    """

    num_experts: int
    layers: str | list[int]
    expert_rank: int | None
    plan: Plan | None
    problem: str | None
    asked: bool

    def to_dict(self) -> dict[str, Any]:
        """For JSON: the numbers to choose by."""
        record: dict[str, Any] = {
            "num_experts": self.num_experts,
            "layers": self.layers,
            "expert_rank": self.expert_rank,
            "asked": self.asked,
        }
        if self.plan is None:
            return {**record, "problem": self.problem}
        return {
            **record,
            "twinned_layers": len(self.plan.layers),
            "trainable": self.plan.trainable,
            "active": self.plan.active,
            "total": self.plan.total,
            "training": self.plan.training.total,
            "training_with_checkpointing": self.plan.training_with_checkpointing.total,
            "inference": self.plan.inference.total,
            "adapter_file": self.plan.adapter_file,
        }


def cheaper_forms(model: nn.Module, config: TwistConfig | None = None, batch: Batch | None = None) -> list[Form]:
    """Plan the forms that a user can choose between, dearest kind first.

    One, two and four experts; every other layer and all layers (on a mixture-of-experts base: its
    mixtures, and all layers); full-size experts and experts of rank 64 and 16. The form that was
    asked for is added where it is none of them.

    Args:
        model: as for :func:`make_plan`.
        config: the form that was asked for; its other options are kept.
        batch: what memory is planned for.
    """
    config = config or TwistConfig()
    ffns = find_decoder_ffns(model)
    rules: list[str | list[int]] = ["moe" if any(is_mixture(ffn.module) for ffn in ffns) else "alternate", "all"]
    rules.append(config.layers)
    chosen: dict[tuple[int, ...], str | list[int]] = {}
    for rule in rules:  # two rules may name the same layers
        chosen.setdefault(tuple(ffn.index for ffn in select_layers(ffns, rule)), rule)
    wanted = (tuple(ffn.index for ffn in select_layers(ffns, config.layers)), config.num_experts, config.expert_rank)
    ranks = list(FORM_RANKS) + [config.expert_rank] * (config.expert_rank not in FORM_RANKS)
    experts = sorted({*FORM_EXPERTS, config.num_experts})
    forms = []
    for rank in ranks:
        for indices, rule in chosen.items():
            for number in experts:
                asked = (indices, number, rank) == wanted
                extra = rank not in FORM_RANKS or number not in FORM_EXPERTS or rule not in rules[:2]
                if asked or not extra:
                    forms.append(_form(model, config, batch, number, rule, rank, asked))
    return forms


def _form(
    model: nn.Module,
    config: TwistConfig,
    batch: Batch | None,
    experts: int,
    rule: str | list[int],
    rank: int | None,
    asked: bool,
) -> Form:
    other = copy.copy(config)
    other.num_experts, other.top_k = experts, min(config.top_k, experts)
    other.layers, other.expert_rank = rule, rank
    try:
        plan = make_plan(model, other, batch)
    except BadInput as error:  # quantised or unreadable experts, say, cannot be copied
        return Form(experts, rule, rank, None, str(error), asked)
    return Form(experts, rule, rank, plan, None, asked)
