"""Finds the feed-forward networks (FFNs) of a model's text decoder, by structure.

A vision-language model holds several transformers, and their FFNs often share one name (``mlp``),
so names decide nothing here. The text decoder's layers are the module list that

* is as long as the text config says (``num_hidden_layers``),
* belongs to the (sub)model that the text config describes, never to a vision or audio tower, and
* holds an FFN in its elements: a child that is called with the hidden states alone and maps
  ``hidden_size`` to ``hidden_size`` through at least two weight matrices. Attention and state-space
  mixers are called with more (masks, positions, caches); norms own no matrix.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from peft.tuners.tuners_utils import BaseTunerLayer
from torch import nn
from transformers import PreTrainedModel

from twist_scout.errors import BadConfig, BadModel
from twist_scout.twist.anatomy import is_mixture

# What a sequence mixer is called with, beside the hidden states; an FFN takes none of these.
_MIXER_ARGUMENTS = frozenset(
    {
        "attention_mask",
        "cache_params",
        "cache_position",
        "cu_seqlens",
        "encoder_hidden_states",
        "key_value_states",
        "layer_past",
        "past_key_value",
        "past_key_values",
        "position_embeddings",
        "position_ids",
    }
)


@dataclass(frozen=True)
class DecoderFfn:
    """One feed-forward network of the text decoder.

    Attributes:
        index: number of its decoder layer, from 0.
        path: dotted name of the module, from the model's root.
        module: the module itself, without any tuner around it.
    """

    index: int
    path: str
    module: nn.Module


def text_config(model: nn.Module) -> Any:
    """The part of a model's config that describes its text decoder.

    Raises:
        BadModel: the model has no config, or none that counts decoder layers.
    """
    kind = type(model).__name__
    config: Any = getattr(model, "config", None)
    if config is None:
        raise BadModel(
            f"{kind} has no config, so its text decoder cannot be found; TWIST wraps models of the "
            "transformers library."
        )
    if hasattr(config, "get_text_config"):
        config = config.get_text_config(decoder=True)
    if not isinstance(getattr(config, "num_hidden_layers", None), int):
        raise BadModel(
            f"the config of {kind} does not say how many layers its text decoder has "
            "(num_hidden_layers), so there is nothing to twin."
        )
    return config


def find_decoder_ffns(model: nn.Module) -> list[DecoderFfn]:
    """Find the FFN of every text-decoder layer of any vision-language or language model.

    Works before and after wrapping: a tuner around an FFN is looked through.

    Raises:
        BadModel: no such layers; says what was looked for and what was found.
    """
    config = text_config(model)
    length, hidden = config.num_hidden_layers, config.hidden_size
    candidates: list[tuple[int, list[DecoderFfn]]] = []
    lists: list[str] = []
    seen: list[str] = []
    for path, layers, owner in _module_lists(model):
        if len(layers) != length:
            continue
        parts = ", ".join(name for name, _ in layers[0].named_children())
        seen.append(f"{path} ({type(layers[0]).__name__} with {parts or 'no parts'})")
        rank = _belongs_to_text(owner, model, config)
        ffns = _ffns_of(path, layers, hidden)
        inside = any(path.startswith(f"{outer}.") for outer in lists)  # of a layer already found
        if rank and ffns and not inside:
            lists.append(path)
            candidates.append((rank, ffns))
    if not candidates:
        raise BadModel(
            f"no text decoder that TWIST can wrap was found in {type(model).__name__}: looked for "
            f"a list of {length} layers, each with a feed-forward network of hidden size {hidden}; "
            f"found these lists of that length: {'; '.join(seen) or 'none'}."
        )
    best = max(rank for rank, _ in candidates)
    return _the_decoders(model, [ffns for rank, ffns in candidates if rank == best])


def select_layers(ffns: Sequence[DecoderFfn], layers: str | list[int]) -> list[DecoderFfn]:
    """The networks that get a twin, by the rule of ``TwistConfig.layers``.

    Raises:
        BadConfig: the rule or the list fits no layer of this model.
    """
    mixtures = [ffn for ffn in ffns if is_mixture(ffn.module)]
    if layers == "auto":
        layers = "moe" if mixtures else "alternate"
    if layers == "all":
        return list(ffns)
    if layers == "alternate":
        return [ffn for ffn in ffns if ffn.index % 2 == 0]
    if layers == "moe":
        if not mixtures:
            raise BadConfig(
                "layers='moe' needs a mixture-of-experts base, and this one is dense; use 'alternate' or 'all'."
            )
        return mixtures
    known = [ffn.index for ffn in ffns]
    missing = [number for number in layers if number not in known]
    if missing:
        raise BadConfig(f"layers names {missing}, but the text decoder's layers are {known}.")
    return [ffn for ffn in ffns if ffn.index in layers]


def is_ffn(module: nn.Module, hidden: int) -> bool:
    """Whether a module is an FFN of that width: see the list at the top of this file."""
    if _is_mixer(module) or _required_arguments(module) != 1:
        return False
    return sum(p.dim() >= 2 and hidden in p.shape for p in module.parameters()) >= 2


def _module_lists(model: nn.Module) -> Iterator[tuple[str, nn.ModuleList, nn.Module]]:
    """Every module list, with its path and the nearest transformers model around it."""

    def walk(path: str, module: nn.Module, owner: nn.Module) -> Iterator[tuple[str, nn.ModuleList, nn.Module]]:
        if isinstance(module, PreTrainedModel):
            owner = module
        if isinstance(module, nn.ModuleList) and len(module):
            yield path, module, owner
        for name, child in module.named_children():
            yield from walk(f"{path}.{name}" if path else name, child, owner)

    yield from walk("", model, model)


def _belongs_to_text(owner: nn.Module, root: nn.Module, config: Any) -> int:
    """How surely the owner of some layers is the model that the text config describes.

    3: it has that config. 2: one of the same kind (a decoder's and an encoder's differ in a flag).
    1: it is the whole model, which has no model of its own for text. 0: it is something else.
    """
    owned: Any = getattr(owner, "config", None)
    if type(owned) is type(config):
        return 3 if owned is config or owned.to_dict() == config.to_dict() else 2
    return 1 if owner is root else 0


def _ffns_of(path: str, layers: nn.ModuleList, hidden: int) -> list[DecoderFfn]:
    """The FFNs of those layers that have one."""
    found = []
    for index, layer in enumerate(layers):
        ffn = _ffn_of(layer, hidden)
        if ffn is not None:
            name, module = ffn
            found.append(DecoderFfn(index, f"{path}.{index}.{name}", module))
    return found


def _ffn_of(layer: nn.Module, hidden: int, depth: int = 2) -> tuple[str, nn.Module] | None:
    """The FFN of a layer: the largest child that can be one, else the same one level down."""
    children = [(name, _unwrapped(child)) for name, child in layer.named_children()]
    ffns = [(name, child) for name, child in children if is_ffn(child, hidden)]
    if ffns:
        name, ffn = max(ffns, key=lambda pair: sum(p.numel() for p in pair[1].parameters()))
        return _core(name, ffn, hidden)
    if depth > 1:
        for name, child in children:
            below = None if _is_mixer(child) else _ffn_of(child, hidden, depth - 1)
            if below is not None:
                return f"{name}.{below[0]}", below[1]
    return None


def _core(name: str, ffn: nn.Module, hidden: int) -> tuple[str, nn.Module]:
    """Without a shell (a norm, a residual connection) that holds no matrix of its own."""
    for part, child in ffn.named_children():
        if is_ffn(child, hidden) and _matrices(child) == _matrices(ffn):
            return _core(f"{name}.{part}", child, hidden)
    return name, ffn


def _matrices(module: nn.Module) -> int:
    return sum(parameter.dim() >= 2 for parameter in module.parameters())


def _is_mixer(module: nn.Module) -> bool:
    return bool(_MIXER_ARGUMENTS & set(inspect.signature(module.forward).parameters))


def _required_arguments(module: nn.Module) -> int:
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(module.forward).parameters.values()
    return sum(p.kind in positional and p.default is inspect.Parameter.empty for p in parameters)


def _unwrapped(module: nn.Module) -> nn.Module:
    return module.get_base_layer() if isinstance(module, BaseTunerLayer) else module


def _the_decoders(model: nn.Module, candidates: list[list[DecoderFfn]]) -> list[DecoderFfn]:
    """Of several fitting lists (an encoder and a decoder of one kind), the decoder's."""
    if len(candidates) == 1:
        return candidates[0]
    if isinstance(model, PreTrainedModel):
        inside = {id(module) for module in model.get_decoder().modules()}
        chosen = [ffns for ffns in candidates if id(ffns[0].module) in inside]
        if len(chosen) == 1:
            return chosen[0]
    paths = ", ".join(ffns[0].path.rpartition(".")[0] for ffns in candidates)
    raise BadModel(f"{type(model).__name__} has several lists of layers that could be its text decoder: {paths}.")
