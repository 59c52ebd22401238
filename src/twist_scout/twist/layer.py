"""The twin-expert module, Eq. 5 to 10: a frozen feed-forward network and its learnable twins.

::

                 x  (batch, sequence, hidden)
           ┌─────┴──────────────┐
       frozen FFN        router -> experts        one twin per adapter: "grounding", "ocr", ...
        MoE^IU                MoE^VG
           └── alpha ──(+)── 1 - alpha
                        │
                 understanding rows: frozen FFN alone (alpha = 1, Eq. 9)
                 grounding rows:     alpha * frozen + (1 - alpha) * twin (Eq. 6)

The mixing is written on the outputs of the FFN. In Eq. 6 both sides carry the same residual, whose
weights alpha and 1 - alpha add up to 1, so it drops out; written this way the equation also holds
for blocks whose attention and FFN run in parallel (Phi-2's do).
"""

from __future__ import annotations

import math
from typing import Any

import torch
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import Tensor, nn

from twist_scout.errors import BadInput
from twist_scout.twist.anatomy import probe_input
from twist_scout.twist.dispatch import mixture
from twist_scout.twist.experts import Experts
from twist_scout.twist.offload import home_device, in_memory
from twist_scout.twist.paired import EntryInput, PairedFfn
from twist_scout.twist.router import TwinRouter
from twist_scout.twist.state import BASE, RoutingRecord, TwistState


class Alpha(nn.Module):
    """The mixing coefficient of Eq. 6, kept inside (0, 1) by a sigmoid, in fp32.

    Args:
        start: its value before training.
        learned: whether it is a parameter; otherwise it is stored but does not train.
        device: where it lives.
    """

    def __init__(self, start: float, *, learned: bool = True, device: torch.device | None = None) -> None:
        super().__init__()
        logit = torch.tensor(_logit(start), dtype=torch.float32, device=device)
        if learned:
            self.logit: Tensor = nn.Parameter(logit)
        else:
            self.register_buffer("logit", logit)

    def forward(self) -> Tensor:
        """Alpha, a scalar."""
        return torch.sigmoid(self.logit)

    def set(self, value: float) -> None:
        """Set alpha, strictly between 0 and 1."""
        with torch.no_grad():
            self.logit.fill_(_logit(value))


class TwistLayer(nn.Module, BaseTunerLayer):
    """A frozen feed-forward network and its twins.

    With the adapter off, or for rows in understanding mode, it returns the very tensor that the
    frozen network computed.

    Args:
        base_layer: the frozen network; whatever it returns (a tensor, or a tuple that starts with
            one) is returned in kind.
        index: number of its decoder layer.
        state: what all layers of the model share.
        pair: the whole network, where ``base_layer`` is only the second of two matrices that lie
            apart; the twin then takes what goes into the first.
    """

    adapter_layer_names = ("twin_experts", "twin_router", "twin_alpha")

    def __init__(self, base_layer: nn.Module, *, index: int, state: TwistState, pair: PairedFfn | None = None) -> None:
        super().__init__()
        self.entry = None if pair is None else EntryInput(pair)
        self.base_layer = base_layer
        self.index = index
        self.state = state
        self.twin_experts = nn.ModuleDict()
        self.twin_router = nn.ModuleDict()
        self.twin_alpha = nn.ModuleDict()  # with alpha_scope="layer"
        # with alpha_scope="shared": owned by the tuner, so in a plain dict, not registered again
        self.shared_alpha: dict[str, Alpha] = {}
        self.adds_to_base: set[str] = set()  # twins that compute a change of the frozen output
        self._disable_adapters = False
        self._active_adapter: str | list[str] = []
        self.merged_adapters: list[str] = []

    def add_twin(
        self,
        name: str,
        *,
        experts: Experts,
        router: TwinRouter | None,
        own_alpha: Alpha | None = None,
        shared_alpha: Alpha | None = None,
        adds_to_base: bool = False,
    ) -> None:
        """Put a twin beside the frozen network under an adapter name."""
        self.twin_experts[name] = experts
        if router is not None:
            self.twin_router[name] = router
        if own_alpha is not None:
            self.twin_alpha[name] = own_alpha
        if shared_alpha is not None:
            self.shared_alpha[name] = shared_alpha
        if adds_to_base:
            self.adds_to_base.add(name)

    # --- forward ---

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Eq. 10. Takes and returns what the frozen network takes and returns."""
        output = self.base_layer(*args, **kwargs)
        hidden = args[0] if args else next(iter(kwargs.values()))
        if self.entry is not None:
            hidden = self.entry.take()
        if self._disable_adapters:
            return output
        frozen = output[0] if isinstance(output, tuple) else output
        if self.state.rows is not None:
            mixed = self._mix_rows(self.state.rows, hidden, frozen)
        else:
            name = self._active_twin()
            if name is None:
                return output
            mixed = self._mix(name, hidden, frozen, self.state.counted_tokens(hidden))
        return (mixed, *output[1:]) if isinstance(output, tuple) else mixed

    def _mix(self, name: str, hidden: Tensor, frozen: Tensor, counted: Tensor | None) -> Tensor:
        """``alpha * frozen + (1 - alpha) * twin``, as ``frozen + (1 - alpha) * (twin - frozen)``.

        Written so, a twin that equals the frozen network gives exactly the frozen output, whatever
        alpha is.
        """
        alpha = self.alpha(name)
        if isinstance(alpha, Tensor):
            alpha = alpha.to(frozen.device)
        elif alpha == 1:
            return frozen
        twin = self._twin(name, hidden, counted).reshape(frozen.shape).to(frozen.dtype)
        if name in self.adds_to_base:
            return frozen + (1 - alpha) * twin
        if isinstance(alpha, float) and alpha == 0:
            return twin
        return frozen + (1 - alpha) * (twin - frozen)

    def _twin(self, name: str, hidden: Tensor, counted: Tensor | None) -> Tensor:
        """MoE^VG(x): (batch, sequence, hidden) -> (batch * sequence, hidden)."""
        tokens = hidden.reshape(-1, hidden.shape[-1])
        routing = self.twin_router[name](tokens) if name in self.twin_router else None
        if self.state.recording and routing is not None:
            record = RoutingRecord(routing.probabilities, routing.choices, counted)
            self.state.records.setdefault(name, {})[self.index] = record
        experts: Any = self.twin_experts[name]
        return mixture(tokens, experts, routing)

    def _mix_rows(self, rows: list[str], hidden: Tensor, frozen: Tensor) -> Tensor:
        """Each row with its own adapter.

        The frozen network has run on the whole batch, so understanding rows are simply its rows.
        """
        if len(frozen) % len(rows):
            raise BadInput(
                f"adapter_names has {len(rows)} names, which does not fit a batch of "
                f"{len(frozen)}; give one name per row."
            )
        names = [name for name in dict.fromkeys(rows) if name != BASE and name in self.twin_experts]
        if not names:
            return frozen
        # rows may be repeated (beams, several returned sequences); repeats of one are neighbours
        mixed = by_row = frozen.reshape(len(rows), -1, frozen.shape[-1])  # (rows, tokens, hidden)
        inputs = hidden.reshape(len(rows), -1, hidden.shape[-1])
        counted = self.state.counted_tokens(hidden)
        for name in names:
            numbers = [number for number, row in enumerate(rows) if row == name]
            own = torch.tensor(numbers, device=frozen.device)
            counts = None if counted is None else counted.view(len(rows), -1)[own].reshape(-1)
            mixed = mixed.index_copy(0, own, self._mix(name, inputs[own], by_row[own], counts))
        return mixed.reshape(frozen.shape)

    def _active_twin(self) -> str | None:
        """The active adapter, if it has a twin on this layer."""
        for name in self.active_adapters:
            if name in self.twin_experts:
                return name
        return None

    # --- alpha ---

    def stored_alpha(self, name: str) -> Alpha:
        """Where an adapter's alpha is kept: shared, or this layer's own."""
        if name in self.shared_alpha:
            return self.shared_alpha[name]
        alpha: Any = self.twin_alpha[name]
        return alpha

    def alpha(self, name: str) -> float | Tensor:
        """Alpha as the next forward pass uses it: a number if overridden, else a scalar tensor."""
        override = self.state.override_for(name)
        return self.stored_alpha(name)() if override is None else override

    def start_distance(self, name: str, hidden: int) -> float | None:
        """How far a twin's output is from the frozen network's, relative to the latter.

        Tried on a few random inputs of width ``hidden``. None if it is not known: of weights that are
        still to be loaded, and of a network that does not run on hidden states alone.
        """
        if name in self.adds_to_base:
            return 0.0
        whole = self.base_layer if self.entry is None else self.entry.network
        with in_memory(whole), torch.no_grad():
            parameters = [*self.twin_experts[name].parameters(), *whole.parameters()]
            if any(parameter.is_meta for parameter in parameters):
                return None
            x = probe_input(parameters[-1], hidden)
            try:
                output = whole(x)
            except Exception:  # it cannot be run without the layer around it
                return None
            frozen = output[0] if isinstance(output, tuple) else output
            distance = self._twin(name, x, None).reshape(frozen.shape) - frozen
        return float(distance.norm() / frozen.norm()) if distance.any() else 0.0

    def release(self) -> None:
        """Leave no trace on modules that stay in the model."""
        if self.entry is not None:
            self.entry.remove()

    # --- what peft asks of a tuner layer ---

    def train(self, mode: bool = True) -> TwistLayer:
        """The frozen network stays in evaluation mode: no dropout, no noise in its routing."""
        super().train(mode)
        self.base_layer.eval()
        return self

    def enable_adapters(self, enabled: bool) -> None:
        """Switch all twins on or off; a twin that is off gets no gradient, so none is forbidden."""
        self._disable_adapters = not enabled

    def delete_adapter(self, adapter_name: str) -> None:
        """Remove a twin."""
        super().delete_adapter(adapter_name)
        self.shared_alpha.pop(adapter_name, None)
        self.adds_to_base.discard(adapter_name)

    def merge(self, safe_merge: bool = False, adapter_names: list[str] | None = None) -> None:
        """A twin cannot be merged: its own router and experts do not fold into frozen weights."""
        raise NotImplementedError("TWIST adapters cannot be merged into the base model; use unload() to get it back.")

    def unmerge(self) -> None:
        """Nothing is ever merged."""

    def _move_adapter_to_device_of_base_layer(self, adapter_name: str, device: torch.device | None = None) -> None:
        device = device or home_device(self.base_layer)
        for twins in (self.twin_experts, self.twin_router, self.twin_alpha):
            if adapter_name in twins:
                twin = twins[adapter_name]
                if not any(parameter.is_meta for parameter in twin.parameters()):
                    twin.to(device)  # devices only: the router and alpha stay in fp32

    def __getattr__(self, name: str) -> Any:
        """Decoder code that looks into its FFN finds the frozen one's attributes."""
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name == "base_layer":
                raise
            return getattr(super().__getattr__("base_layer"), name)


def _logit(value: float) -> float:
    return math.log(value / (1 - value))
