"""What a block of experts computes around them, found by watching one run.

A block is ``after(weight * sum_e w_e * E_e(before(x))) + shared(x)``, and most blocks lack most of
these parts. A part stands before the experts if its output is what they are given, and behind them
if it is given theirs. It is shared if its output is what remains when the experts are silenced.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from twist_scout.twist.form import FrozenParts, MixtureWeights
from twist_scout.twist.probing import Call, agree, observe, probe_input


def watch(block: nn.Module, container: nn.Module, up: Tensor, hidden: int) -> tuple[FrozenParts, MixtureWeights] | None:
    """Find the parts around the experts, in evaluation mode.

    Args:
        block: the mixture.
        container: its part that holds the experts.
        up: the first expert's first matrix, (rows, width of the experts).
        hidden: the decoder's width.

    Returns:
        The parts and the weights, as far as they can be told; None if the experts have another
        width than the decoder and the way there and back is not found.
    """
    needs_way = up.shape[1] != hidden
    if up.is_meta or container is block:
        return FrozenParts(), MixtureWeights()
    x = probe_input(up, hidden)
    experts = list(container) if isinstance(container, nn.ModuleList) else [container]
    normal, silent = observe(block, x), observe(block, x, dict.fromkeys(experts, torch.zeros_like))
    if normal is None or silent is None:
        return None if needs_way else (FrozenParts(), MixtureWeights())
    (output, calls), rest, tokens = normal, silent[0], x[0]
    beside = [call for call in calls if not set(experts) & set(call.part.modules())]
    own = [call for call in calls if call.part is container]
    before: Sequence[Call] = ()
    after: Sequence[Call] = ()
    if isinstance(container, nn.ModuleList):
        ones = observe(block, x, dict.fromkeys(experts, torch.ones_like))
        weights = MixtureWeights() if ones is None else MixtureWeights(float((ones[0] - rest).float().mean()))
    else:
        way_in = _way_in(own[0].inputs[0], beside, tokens) if len(own) == 1 else None
        way_out = _way_out(own[0].output, beside) if len(own) == 1 else ()
        factor = _factor(output - rest, way_out[-1].output if way_out else own[0].output) if own else None
        if way_in is not None and factor is not None:
            before, after = way_in, way_out
        elif needs_way:
            return None
        weights = _weights(own[0], tokens, factor or 1.0) if own else MixtureWeights()
    shared, gate, share = _shared(rest, output, beside, tokens)
    ways = [tuple(call.part for call in way) for way in (before, after)]
    return FrozenParts(ways[0], ways[1], shared, gate, share), MixtureWeights(
        *(1.0 if abs(w - 1) < 1e-3 else w for w in weights)
    )


def _way_in(given: Tensor, calls: Sequence[Call], tokens: Tensor) -> list[Call] | None:
    """The parts that lead from the block's input to what the experts are given; None if they do not."""
    way: list[Call] = []
    while not _same(given, tokens):
        # the outermost of several calls that end alike returns last
        last = next((call for call in reversed(calls) if _leads(call) and _same(call.output, given)), None)
        if last is None or any(last is call for call in way):
            return None
        way.insert(0, last)
        given = last.inputs[0]
    return way


def _way_out(returned: Tensor, calls: Sequence[Call]) -> list[Call]:
    """The parts that what the experts return goes through."""
    way: list[Call] = []
    while True:
        following = next((call for call in reversed(calls) if _leads(call) and _same(call.inputs[0], returned)), None)
        if following is None or any(following is call for call in way):
            return way
        way.append(following)
        returned = following.output


def _leads(call: Call) -> bool:
    """Whether a call turns one tensor into another."""
    return len(call.inputs) == 1 and not _same(call.inputs[0], call.output)


def _same(one: Tensor, other: Tensor) -> bool:
    return one.numel() == other.numel() and torch.equal(one.reshape(-1), other.reshape(-1))


def _factor(whole: Tensor, part: Tensor) -> float | None:
    """The number that makes one tensor of another, both (tokens, hidden), if there is one."""
    if part.numel() != whole.numel():
        return None
    part = part.reshape(whole.shape)
    size = float(part.float().square().sum())
    factor = float((whole.float() * part.float()).sum()) / size if size else 0.0
    return factor if factor and agree(whole, (factor * part.float()).to(whole.dtype)) else None


def _weights(own: Call, tokens: Tensor, factor: float) -> MixtureWeights:
    """What the experts are weighted with, from how they were called."""
    given = own.inputs[0]
    choices = next((value for value in own.inputs if not value.is_floating_point()), None)
    if choices is not None:
        chosen = [value for value in own.inputs[1:] if value.is_floating_point() and value.shape == choices.shape]
        return MixtureWeights(factor * float(chosen[0].float().sum(dim=-1).mean()) if chosen else 1.0)
    if len(own.inputs) == 1 and given.dim() == 2 and len(given) % len(tokens) == 0:
        # every token once for each expert, multiplied by its score: zero for those not chosen
        scores = given.float().view(-1, *tokens.shape).norm(dim=-1) / tokens.float().norm(dim=-1)
        return MixtureWeights(input=float(scores[scores > 0].mean()))
    return MixtureWeights()


def _shared(
    rest: Tensor, output: Tensor, calls: Sequence[Call], tokens: Tensor
) -> tuple[nn.Module | None, nn.Module | None, float]:
    """The shared network, its gate and its factor, if they explain what remains without the experts."""
    if float(rest.abs().max()) <= 1e-6 * float(output.abs().max()):
        return None, None, 1.0
    calls = [call for call in reversed(calls) if len(call.inputs) == 1 and _same(call.inputs[0], tokens)]
    networks = [call for call in calls if call.output.numel() == rest.numel()]
    gates = [call for call in calls if call.output.numel() == len(tokens)]
    for network in networks:
        factor = _factor(rest, network.output)
        if factor is not None:
            return network.part, None, 1.0 if abs(factor - 1) < 1e-3 else factor
    for network in networks:
        returned = network.output.reshape(rest.shape)
        for gate in gates:
            if agree(rest, gate.output.reshape(-1, 1).sigmoid() * returned):
                return network.part, gate.part, 1.0
    return None, None, 1.0
