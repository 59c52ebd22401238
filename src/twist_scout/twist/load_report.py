"""Which expert does what: the load of every expert by kind of token (image, text, box digits)."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from twist_scout.boxes.dialects import Dialect
from twist_scout.errors import BadInput, BadModel
from twist_scout.twist.state import RoutingRecord
from twist_scout.twist.token_kinds import KINDS, PADDING, image_token_ids, token_kinds

_NOT_INPUTS = ("labels", "step_ids", "dropped")


@dataclass(frozen=True)
class LayerLoad:
    """What the experts of one layer were given.

    Attributes:
        layer: number of the decoder layer.
        alpha: share of the frozen network in its output, Eq. 6.
        choices: how often each kind of token chose each expert, ``choices[kind][expert]``.
    """

    layer: int
    alpha: float
    choices: list[list[int]]

    def share(self, kind: str) -> list[float] | None:
        """How the tokens of one kind are divided among the experts; sums to 1. None: there were none."""
        counts = self.choices[KINDS.index(kind)]
        total = sum(counts)
        return [count / total for count in counts] if total else None


@dataclass(frozen=True)
class Contrast:
    """Two kinds of tokens that one layer treats most differently.

    Attributes:
        layer: number of the decoder layer.
        expert: the expert that takes more of ``more`` than of ``less``.
        more: a kind of token.
        less: another.
        shares: of ``more`` and of ``less``, what the expert takes.
    """

    layer: int
    expert: int
    more: str
    less: str
    shares: tuple[float, float]

    def __str__(self) -> str:
        high, low = (f"{share:.0%}" for share in self.shares)
        more, less = (kind if kind.endswith("s") else f"{kind} tokens" for kind in (self.more, self.less))
        return f"Most divided: in layer {self.layer}, expert {self.expert} takes {high} of the {more} and {low} of the {less}."


@dataclass(frozen=True)
class LoadReport:
    """The load of all experts of one adapter.

    Attributes:
        adapter: its name.
        tokens: how many tokens of each kind there were.
        layers: from the first decoder layer to the last.
    """

    adapter: str
    tokens: dict[str, int]
    layers: list[LayerLoad]

    @property
    def contrast(self) -> Contrast | None:
        """Where kinds of tokens part most, told of the expert that takes most; None with fewer than two kinds."""
        present = [kind for kind in KINDS if self.tokens[kind]]
        found: list[Contrast] = []
        for load in self.layers:
            shares = {kind: load.share(kind) or [] for kind in present}
            for more in present:
                for less in set(present) - {more}:
                    pairs = list(zip(shares[more], shares[less], strict=True))
                    expert = max(range(len(pairs)), key=lambda number: pairs[number][0] - pairs[number][1])
                    found.append(Contrast(load.layer, expert, more, less, pairs[expert]))
        return max(found, key=lambda one: (round(one.shares[0] - one.shares[1], 9), one.shares[0]), default=None)

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "adapter": self.adapter,
            "tokens": self.tokens,
            "layers": [
                {"layer": load.layer, "alpha": load.alpha, "share": {kind: load.share(kind) for kind in KINDS}}
                for load in self.layers
            ],
            "summary": str(self.contrast or ""),
        }


def measure_load(
    model: Any,
    batches: Iterable[Mapping[str, Tensor]],
    *,
    tokenizer: Any,
    dialect: str | Dialect = "scout",
    adapter: str | None = None,
) -> LoadReport:
    """Run batches through a model in grounding mode, and count where its routers send their tokens.

    Args:
        model: a ``PeftModel`` with a TWIST adapter.
        batches: inputs of the model, such as a collator makes; labels are not used.
        tokenizer: of the model.
        dialect: how boxes are written.
        adapter: which adapter; None: the active one.

    Raises:
        BadInput: there is nothing to divide: one expert, or no batch.
        BadModel: the model changes the sequence on the way, so that no kind can be told.
    """
    tuner = model.base_model
    name = adapter or tuner.active_adapters[0]
    experts: int = tuner.peft_config[name].num_experts
    if experts == 1:
        raise BadInput(
            f"The adapter {name!r} has one expert per layer, so no token is sent anywhere: use num_experts=2."
        )
    image_ids = image_token_ids(model.config)
    options = _short_of_logits(model)
    alphas = tuner.alphas(name)
    counts: dict[int, Tensor] = {layer: torch.zeros(len(KINDS), experts, dtype=torch.long) for layer in alphas}
    tokens = torch.zeros(len(KINDS), dtype=torch.long)
    model.eval()
    for batch in batches:
        inputs = {key: value.to(model.device) for key, value in batch.items() if key not in _NOT_INPUTS}
        ids, mask = inputs["input_ids"], inputs.get("attention_mask")
        kinds = token_kinds(ids, mask, tokenizer=tokenizer, image_ids=image_ids, dialect=dialect).cpu().reshape(-1)
        with tuner.recording(), torch.inference_mode():
            model(**inputs, **options, adapter_names=[name] * len(ids))
        tokens += torch.bincount(kinds[kinds != PADDING], minlength=len(KINDS))
        for layer, record in tuner.state.records[name].items():
            counts[layer] += _count(kinds, record, experts)
    if not tokens.sum():
        raise BadInput("There are no examples to measure the load on: give at least one.")
    layers = [LayerLoad(layer, alphas[layer], counts[layer].tolist()) for layer in sorted(alphas)]
    return LoadReport(name, dict(zip(KINDS, tokens.tolist(), strict=True)), layers)


def _count(kinds: Tensor, record: RoutingRecord, experts: int) -> Tensor:
    """(kinds, experts): how often each kind chose each expert."""
    choices = record.choices.cpu()  # (tokens, top_k)
    if len(choices) != len(kinds):
        raise BadModel(
            f"The decoder saw {len(choices)} tokens where the batch has {len(kinds)}: this model changes the "
            "sequence on the way, so the kinds of its tokens cannot be told."
        )
    real = kinds != PADDING
    places = kinds[real, None] * experts + choices[real]  # (real tokens, top_k)
    return torch.bincount(places.reshape(-1), minlength=len(KINDS) * experts).view(len(KINDS), experts)


def _short_of_logits(model: Any) -> dict[str, Any]:
    """Options that spare the logits of all tokens but the last: nobody looks at them."""
    forward = model.get_base_model().forward
    return {"logits_to_keep": 1} if "logits_to_keep" in inspect.signature(forward).parameters else {}
