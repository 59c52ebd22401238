"""Finds the feed-forward networks (FFNs) of a model's text decoder, by structure.

A vision-language model holds several transformers, and their FFNs often share one name (``mlp``),
so names decide nothing here. The text decoder's layers are the module list that

* is as long as the text config says (``num_hidden_layers``),
* belongs to the (sub)model that the text config describes, never to a vision or audio tower, and
* holds an FFN in its elements (see :mod:`~twist_scout.twist.layer_network`).

Of an encoder and a decoder, the decoder is meant: the model's own ``get_decoder`` tells which it is.
What structure cannot tell is a row in :mod:`~twist_scout.twist.special_cases`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from torch import nn
from transformers import PreTrainedModel

from twist_scout.errors import BadConfig, BadModel
from twist_scout.twist.anatomy import is_mixture
from twist_scout.twist.layer_network import network_of
from twist_scout.twist.paired import PairedFfn
from twist_scout.twist.probing import argument_names
from twist_scout.twist.special_cases import refuse_unsupported

# How layers name states of another origin that they attend to.
_FOREIGN = ("cross", "encoder", "image", "vision")


@dataclass(frozen=True)
class DecoderFfn:
    """One feed-forward network of the text decoder.

    Attributes:
        index: number of its decoder layer, from 0.
        path: dotted name, from the model's root, of the module whose output is the network's.
        module: the network, without any tuner around it; of two matrices that lie apart in their
            layer, a :class:`~twist_scout.twist.paired.PairedFfn`.
    """

    index: int
    path: str
    module: nn.Module

    @property
    def pair(self) -> PairedFfn | None:
        """The two matrices that lie apart, if the network is made so; ``path`` names the second."""
        return self.module if isinstance(self.module, PairedFfn) else None


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
        config = _decoders_config(config)
    if not isinstance(getattr(config, "num_hidden_layers", None), int):
        raise BadModel(
            f"the config of {kind} does not say how many layers its text decoder has "
            "(num_hidden_layers), so there is nothing to twin."
        )
    return config


def _decoders_config(config: Any) -> Any:
    """The text part of a config, and of an encoder-decoder's one with the decoder's numbers."""
    for _ in range(2):  # the text part may hold an encoder and a decoder itself
        config = config.get_text_config(decoder=True)
    count = getattr(config, "num_decoder_layers", None)
    if config.is_encoder_decoder and isinstance(count, int):  # as T5 calls it
        config = copy.deepcopy(config)
        config.num_hidden_layers = count
    return config


def find_decoder_ffns(model: nn.Module) -> list[DecoderFfn]:
    """Find the FFN of every text-decoder layer of any vision-language or language model.

    Works before and after wrapping: a tuner around an FFN is looked through.

    Raises:
        BadModel: no such layers; says what was looked for and what was found.
    """
    refuse_unsupported(model)
    config = text_config(model)
    length, hidden = config.num_hidden_layers, config.hidden_size
    candidates, seen = _candidates(model, config)
    if not candidates:
        raise BadModel(
            f"no text decoder that TWIST can wrap was found in {type(model).__name__}: looked for "
            f"a list of {length} layers, each with a feed-forward network of hidden size {hidden}; "
            f"found these lists of that length: {'; '.join(seen) or 'none'}."
        )
    best = max(found.fit for found in candidates)
    return _the_decoders(model, [found for found in candidates if found.fit == best])


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


class _Candidate(NamedTuple):
    """A list of layers that can be the text decoder's, and how well it fits: better compares greater."""

    path: str
    layers: nn.ModuleList
    ffns: list[DecoderFfn]
    fit: tuple[bool, int]


def _candidates(model: nn.Module, config: Any) -> tuple[list[_Candidate], list[str]]:
    """The lists that can be the text decoder's, and a description of all that have its length.

    Where no list has it (a layer may hold two of everything, and count twice), a list of another
    length can be the decoder's if it surely belongs to the text model and has an FFN in every layer.
    """
    decoder = {id(module) for module in _innermost_decoder(model).modules()}
    exact: list[_Candidate] = []
    others: list[_Candidate] = []
    seen: list[str] = []
    for path, layers, owner in _module_lists(model):
        rank = _belongs_to_text(owner, model, config)
        fits = len(layers) == config.num_hidden_layers
        if fits:
            parts = ", ".join(name for name, _ in layers[0].named_children())
            seen.append(f"{path} ({type(layers[0]).__name__} with {parts or 'no parts'})")
        found = exact if fits else others
        inside = any(path.startswith(f"{outer.path}.") for outer in found)  # of a layer already found
        ffns = _ffns_of(path, layers, config.hidden_size) if rank and not inside else []
        if len(ffns) >= (1 if fits else max(2, len(layers))) and (fits or rank == 3):
            found.append(_Candidate(path, layers, ffns, (id(layers) in decoder, rank)))
    return exact or others, seen


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


def _innermost_decoder(model: nn.Module) -> nn.Module:
    """What the model calls its decoder, and that its own decoder, as deep as it goes."""
    seen = [model]
    while isinstance(seen[-1], PreTrainedModel):
        inner = seen[-1].get_decoder()
        if not isinstance(inner, nn.Module) or any(inner is module for module in seen):
            break
        seen.append(inner)
    return seen[-1]


def _belongs_to_text(owner: nn.Module, root: nn.Module, config: Any) -> int:
    """How surely the owner of some layers is the model that the text config describes.

    3: it has that config. 2: one of the same kind (a decoder's and an encoder's differ in a flag).
    1: it is a whole model, with that config for its text, which has no model of its own for text.
    0: it is something else.
    """
    owned: Any = getattr(owner, "config", None)
    if type(owned) is type(config):
        return 3 if owned is config or owned.to_dict() == config.to_dict() else 2
    return 1 if owner is root or owned is getattr(root, "config", None) else 0


def _ffns_of(path: str, layers: nn.ModuleList, hidden: int) -> list[DecoderFfn]:
    """The FFNs of those layers that have one."""
    found = []
    for index, layer in enumerate(layers):
        network = network_of(layer, hidden)
        if network is not None:
            name, module = network
            found.append(DecoderFfn(index, f"{path}.{index}.{name}".rstrip("."), module))
    return found


def _the_decoders(model: nn.Module, candidates: list[_Candidate]) -> list[DecoderFfn]:
    """Of several fitting lists, the one whose layers attend to what the decoder has written so far.

    (Idefics keeps layers that look at pictures in one list, those that do not in another, and its
    vision tower is no model of its own.)
    """
    for fits in (_keeps_a_cache, _sees_its_own_states):
        candidates = [found for found in candidates if fits(found.layers[0])] or candidates
        if len(candidates) == 1:
            return candidates[0].ffns
    paths = ", ".join(found.path for found in candidates)
    raise BadModel(f"{type(model).__name__} has several lists of layers that could be its text decoder: {paths}.")


def _keeps_a_cache(layer: nn.Module) -> bool:
    return any("past" in name or "cache" in name for name in argument_names(layer))


def _sees_its_own_states(layer: nn.Module) -> bool:
    return not any(word in name for name in argument_names(layer) for word in _FOREIGN)
