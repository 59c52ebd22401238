"""What a TWIST model says about itself: R(g), alpha, expert load, size; and overriding alpha.

:class:`Telemetry` is the part of the tuner (:class:`~twist_scout.twist.model.TwistModel`) that
measures. All of it can be called on the ``PeftModel`` too.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from twist_scout.errors import BadConfig, BadInput, TwistScoutError
from twist_scout.twist.balance import load_balancing_loss, router_statistics
from twist_scout.twist.config import TwistConfig
from twist_scout.twist.layer import TwistLayer
from twist_scout.twist.state import TwistState

SWEEP = (0.0, 0.25, 0.5, 0.75, 1.0)


class Telemetry:
    """The measuring half of the tuner."""

    if TYPE_CHECKING:  # what the other half owns
        model: nn.Module
        peft_config: dict[str, Any]
        state: TwistState
        twin_alpha: nn.ModuleDict
        training: bool
        active_adapters: list[str]

    def auxiliary_loss(self) -> Tensor:
        """R(g) of Eq. 7 for the active adapter, of the last forward pass; differentiable.

        It comes before lambda: add ``config.router_aux_loss_coef`` times this to the loss. Routing
        is recorded in training mode and inside :meth:`recording`; outside of both the result is
        zero, as it is with one expert or with ``router_aux_loss=None``.

        Raises:
            TwistScoutError: in training mode, before any forward pass.
        """
        name = self._active_name()
        config: TwistConfig = self.peft_config[name]
        zero = torch.zeros((), device=self._device())
        if config.router_aux_loss is None or config.num_experts == 1:
            return zero
        records = self.state.records.get(name)
        if not records:
            if self.training:
                raise TwistScoutError("auxiliary_loss() describes the last forward pass; call the model first.")
            return zero
        layers = [router_statistics(*records[layer]) for layer in sorted(records)]
        loss = load_balancing_loss(layers, config.router_aux_loss)
        if self.training and not loss.requires_grad and self._trains(name):
            warnings.warn(
                "R(g) has no gradient because the forward pass ran without one; with gradient "
                'checkpointing, pass gradient_checkpointing_kwargs={"use_reentrant": False}.',
                stacklevel=2,
            )
        return loss

    def alphas(self, adapter: str | None = None) -> dict[int, float]:
        """Alpha of each twinned layer, as the next forward pass uses it."""
        name = adapter or self._active_name()
        with torch.no_grad():
            return {layer.index: float(layer.alpha(name)) for layer in self._layers(name)}

    def expert_load(self, adapter: str | None = None) -> dict[int, list[float]]:
        """The share of choices that went to each expert, by layer; each list sums to 1.

        Of the last recorded forward pass: of training, or inside :meth:`recording`.
        """
        records = self.state.records.get(adapter or self._active_name(), {})
        shares = {}
        for layer in sorted(records):
            chosen = router_statistics(*records[layer]).all_choices
            shares[layer] = (chosen / chosen.sum().clamp(min=1)).tolist()
        return shares

    @contextmanager
    def recording(self, token_mask: Tensor | None = None) -> Iterator[None]:
        """Record routing outside training too.

        Args:
            token_mask: (batch, sequence), True for tokens that count in R(g) and in the load; None
                takes the model's attention mask.
        """
        state = self.state
        before = (state.always_record, state.given_mask)
        given = None if token_mask is None else token_mask.bool()
        state.always_record, state.given_mask = True, given
        try:
            yield
        finally:
            state.always_record, state.given_mask = before

    @contextmanager
    def override_alpha(self, value: float | dict[str, float] | None) -> Iterator[None]:
        """Within the context, use this alpha for all adapters, or by name; None: the learned one.

        1 is the frozen network alone (Eq. 9), bit for bit; 0 the twin alone.

        Raises:
            BadConfig: a value outside [0, 1], or a name that is no adapter.
        """
        before = self.state.alpha_override
        self.set_alpha_override(value)
        try:
            yield
        finally:
            self.state.alpha_override = before

    def set_alpha_override(self, value: float | dict[str, float] | None) -> None:
        """As :meth:`override_alpha`, until it is set again. It is not stored with the adapter.

        Raises:
            BadConfig: a value outside [0, 1], or a name that is no adapter.
        """
        if isinstance(value, dict):
            unknown = sorted(set(value) - set(self.peft_config))
            if unknown:
                raise BadConfig(f"alpha is overridden for {unknown}, but the adapters are {sorted(self.peft_config)}.")
            value = {name: _checked_alpha(alpha) for name, alpha in value.items()}
        elif value is not None:
            value = _checked_alpha(value)
        self.state.alpha_override = value

    def alpha_sweep(self, values: Iterable[float] = SWEEP, adapter: str | None = None) -> Iterator[float]:
        """Set alpha to each value in turn; what it was comes back at the end, or on leaving early.

        How much grounding and how much understanding each alpha gives, without training::

            scores = {alpha: score(model) for alpha in model.alpha_sweep()}

        Args:
            values: from 0 (the twin alone) to 1 (the frozen network alone).
            adapter: whose alpha; None: all adapters'.

        Raises:
            BadConfig: a value outside [0, 1].
            BadInput: there is no such adapter.
        """
        checked = [_checked_alpha(value) for value in values]
        if adapter is not None:
            self._layers(adapter)
        return self._swept(checked, adapter)

    def _swept(self, values: list[float], adapter: str | None) -> Iterator[float]:
        before = self.state.alpha_override
        others = before if isinstance(before, dict) else dict.fromkeys(self.peft_config, before)
        kept = {name: alpha for name, alpha in others.items() if alpha is not None}
        try:
            for value in values:
                self.state.alpha_override = value if adapter is None else {**kept, adapter: value}
                yield value
        finally:
            self.state.alpha_override = before

    def parameter_counts(self, adapter: str | None = None) -> dict[str, int]:
        """Count the parameters of one adapter, and of everything.

        Returns:
            ``trainable``: the twin's (experts, routers, a learned alpha); ``active``: those of them
            that one token uses, ``top_k`` of ``num_experts`` experts; ``total``: the whole model's,
            with all its adapters.
        """
        name = adapter or self._active_name()
        experts = sum(_count(layer.twin_experts[name]) for layer in self._layers(name))
        config: TwistConfig = self.peft_config[name]
        trainable = sum(parameter.numel() for parameter in self._twin_parameters(name))
        idle = experts - experts * config.top_k // config.num_experts
        total = _count(self.model) + _count(self.twin_alpha)
        return {"trainable": trainable, "active": trainable - idle, "total": total}

    # --- small things ---

    def _active_name(self) -> str:
        names = self.active_adapters
        if not names:
            raise TwistScoutError("no adapter is active; add or load one first.")
        return names[0]

    def _layers(self, adapter: str) -> list[TwistLayer]:
        if adapter not in self.peft_config:
            known = sorted(self.peft_config)
            raise BadInput(f"there is no adapter {adapter!r}; the adapters are {known}.")
        layers = [module for module in self.model.modules() if isinstance(module, TwistLayer)]
        return [layer for layer in layers if adapter in layer.twin_experts]

    def _twin_parameters(self, adapter: str) -> Iterator[nn.Parameter]:
        homes = [self.twin_alpha]
        for layer in self._layers(adapter):
            homes += [layer.twin_experts, layer.twin_router, layer.twin_alpha]
        for home in homes:
            if adapter in home:
                yield from home[adapter].parameters()

    def _trains(self, adapter: str) -> bool:
        return any(parameter.requires_grad for parameter in self._twin_parameters(adapter))

    def _device(self) -> torch.device:
        return next(self.model.parameters()).device


def _checked_alpha(value: float) -> float:
    if not 0 <= value <= 1:
        raise BadConfig(f"alpha must lie between 0 and 1, but it is {value!r}.")
    return float(value)


def _count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
