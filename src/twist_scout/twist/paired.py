"""FFNs whose two matrices lie apart in their layer, each called by the layer itself.

BART's decoder layers own ``fc1`` and ``fc2``; BERT's keep one matrix in ``intermediate`` and one in
``output``, behind which a residual and a norm follow. No module is the network, so none can be
wrapped. But the two matrices are called one after the other in every pass, so the twin stands at
the second: it takes what went into the first, and its output is mixed with what leaves the second::

    x ──> [entry] ─> activation ─> [exit] ──(+)──> dropout, residual, norm: the layer's own
    └───────────────> twin ───────────────────┘

That is Eq. 6 on the outputs of the FFN, as everywhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from twist_scout.twist.probing import evaluating, functions_of, is_bare, required_arguments


class PairedFfn(nn.Module):
    """The network of two matrices of one layer, as a module that can be run and read.

    It refers to the layer's own modules; it is no part of the model, and holds nothing.

    Args:
        layer: the decoder layer, or a part of it that runs both.
        entry: its first matrix.
        exit: its second.
    """

    def __init__(self, layer: nn.Module, entry: nn.Module, exit: nn.Module) -> None:
        super().__init__()
        self.entry, self.exit = entry, exit
        self.between = nn.ModuleList(part for part in layer.modules() if is_bare(part))
        for number, function in enumerate(functions_of(layer)):
            setattr(self, f"function_{number}", function)
        self._layer = (layer,)  # in a tuple, so that it is not registered: it is no part of its network

    def forward(self, x: Tensor) -> Tensor:
        """What the layer computes between the two matrices: (batch, sequence, hidden) -> the same.

        The layer runs on some hidden states, and ``x`` is put in where the first matrix is called.

        Raises:
            Exception: whatever the layer raises when it is run on hidden states alone.
        """
        layer = self._layer[0]
        count = required_arguments(layer) - 1
        try:  # what else it demands is absent
            return self._run(layer, x, [None] * count)
        except Exception:
            if not count:
                raise
        return self._run(layer, x, [x] * count)  # or a residual

    def _run(self, layer: nn.Module, x: Tensor, others: Sequence[Tensor | None]) -> Tensor:
        tokens, taken = x.reshape(-1, x.shape[-1]), 0
        left: list[Tensor] = []

        def put_in(_module: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...]:
            nonlocal taken  # the layer may take some tokens after the other
            first, taken = taken, taken + args[0].shape[:-1].numel()
            return (tokens[first:taken].reshape(args[0].shape), *args[1:])

        handles = [
            self.entry.register_forward_pre_hook(put_in),
            self.exit.register_forward_hook(lambda _, __, output: left.append(output.flatten(0, -2))),
        ]
        try:
            with evaluating(layer):
                layer(x, *others)
        finally:
            for handle in handles:
                handle.remove()
        return torch.cat(left).view(x.shape)


class EntryInput:
    """Keeps what goes into a pair's first matrix until the second is reached.

    Args:
        network: the pair.
    """

    def __init__(self, network: PairedFfn) -> None:
        self.network = network
        self._kept: Tensor | None = None
        self._handle = network.entry.register_forward_pre_hook(self._keep, with_kwargs=True)

    def _keep(self, _module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._kept = args[0] if args else next(iter(kwargs.values()))

    def take(self) -> Tensor | None:
        """The input of the pass that is now at the second matrix; it is not kept any longer."""
        kept, self._kept = self._kept, None
        return kept

    def remove(self) -> None:
        """Stop watching the first matrix."""
        self._handle.remove()
        self._kept = None
