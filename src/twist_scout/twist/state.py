"""What the twinned layers of one model share during a forward pass.

Which rows use which adapter, which tokens are padding, what the routers did, and whether alpha is
overridden.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from torch import Tensor, nn

BASE = "__base__"  # peft's name for "no adapter" in adapter_names


class RoutingRecord(NamedTuple):
    """Where one layer sent its tokens.

    It is kept as the router gave it, and summed up only when asked: what runs inside a layer runs
    twice with gradient checkpointing, and has to be the same both times.

    Attributes:
        probabilities: (tokens, experts), with their gradient.
        choices: (tokens, top_k), best first.
        counted: (tokens,), False for padding; None counts all.
    """

    probabilities: Tensor
    choices: Tensor
    counted: Tensor | None


@dataclass
class TwistState:
    """Shared by all twinned layers of one model; holds no parameters.

    Attributes:
        rows: adapter of each row of the batch, or None when all rows use the active adapter.
        alpha_override: what replaces alpha, for all adapters or by name; None keeps alpha.
        given_mask: (batch, sequence), which tokens count in R(g), set by hand; None takes the
            model's attention mask.
        always_record: record routing outside training too.
        recording: whether the forward pass now running is recorded.
        token_mask: (batch, sequence), which tokens count in the forward pass now running.
        records: routing of the last recorded forward pass, by adapter and layer.
    """

    rows: list[str] | None = None
    alpha_override: float | dict[str, float] | None = None
    given_mask: Tensor | None = None
    always_record: bool = False
    recording: bool = False
    token_mask: Tensor | None = None
    records: dict[str, dict[int, RoutingRecord]] = field(default_factory=dict)

    def __getstate__(self) -> dict[str, Any]:
        """Copies and pickles leave out what belongs to one forward pass: it holds its graph."""
        return {**vars(self), "recording": False, "token_mask": None, "records": {}}

    def begin_forward(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Forward pre-hook of the wrapped model."""
        self.recording = module.training or self.always_record
        if self.recording:
            self.records = {}
            given = self.given_mask
            self.token_mask = _attention_mask(module, args, kwargs) if given is None else given

    def end_forward(self, *_: Any) -> None:
        """Forward hook of the wrapped model.

        Closing the record here keeps the second run of each layer out of it, which gradient
        checkpointing makes during the backward pass.
        """
        self.recording = False
        self.token_mask = None

    def override_for(self, adapter: str) -> float | None:
        """The alpha that replaces the adapter's own, if any."""
        if isinstance(self.alpha_override, dict):
            return self.alpha_override.get(adapter)
        return self.alpha_override

    def counted_tokens(self, hidden: Tensor) -> Tensor | None:
        """Which tokens count in R(g), flat; None counts all.

        Args:
            hidden: (batch, sequence, hidden) or (tokens, hidden), as the layer got it.
        """
        mask = self.token_mask
        if mask is None:
            return None
        if hidden.dim() == 3 and len(mask) == len(hidden) and mask.shape[1] > hidden.shape[1]:
            mask = mask[:, -hidden.shape[1] :]  # with a cache only the newest tokens pass through
        if mask.numel() != hidden.shape[:-1].numel():
            return None  # the model changed the sequence on the way: which token is which is lost
        return mask.reshape(-1).to(hidden.device)


def _attention_mask(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor | None:
    """The attention mask as (batch, sequence) booleans: True for tokens, False for padding."""
    mask = kwargs.get("attention_mask")
    if mask is None and len(args) > 1:
        bound = inspect.signature(module.forward).bind_partial(*args, **kwargs)
        mask = bound.arguments.get("attention_mask")
    if not isinstance(mask, Tensor):
        return None
    if mask.dim() == 2:
        return mask.bool()
    if mask.dim() == 4 and mask.shape[-1] == mask.shape[-2]:  # query by key
        itself = mask[:, 0].diagonal(dim1=-2, dim2=-1)  # a token sees itself, padding is not seen
        return itself == 0 if mask.is_floating_point() else itself.bool()
    return None
