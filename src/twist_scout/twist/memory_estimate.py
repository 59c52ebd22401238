"""What a model with twins needs in memory, from shapes alone: every tensor may be on the meta device.

Sizes of weights, of the adapter file and of the key-value cache are exact. Activations, that is,
what autograd keeps for the backward pass, are an estimate by this formula. A frozen matrix keeps
nothing, as it gets no gradient; layers before the first twin keep nothing at all. For each token,
with h the hidden size, i the inner size of a network, c what its activation function keeps per
inner unit (counted by running the function once: 3 for SwiGLU, 1 for GELU), b bytes per number:

==================  =============================================================================
norms               4 h each (they compute in fp32), b h for ``nn.LayerNorm``
attention           b (q + k + v + output), keys and values repeated for each query head; and the
                    mask, b * length, or with eager attention the heads' weights,
                    (4 + b) * heads * length, 4 * heads * length in fp32
frozen network      b c i; for a mixture b k (c i + h) with k experts per token
twin, per choice    b (h + (c + 1) i): its matrices are trained, so their inputs are kept
twin, around it     b h for mixing with alpha; b h and 4 h for weighing and routing by a router
loss                4 V for each learned token (V: size of the vocabulary)
==================  =============================================================================

To this come, at the moment the backward pass starts, the logits and their gradient, 2 b V per
token, and 4 V per learned token. With gradient checkpointing each layer keeps its input, b h, and
what one layer keeps comes once, while it is computed again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from twist_scout.twist.anatomy import DenseFfn, Form, MixtureFfn, read_ffn
from twist_scout.twist.experts import ExpertBank
from twist_scout.twist.finding import DecoderFfn, find_decoder_ffns, text_config
from twist_scout.twist.layer import TwistLayer

ACTIVATION_FORMULA = (
    "Activations are an estimate: what autograd keeps per token (fp32 norms, attention's q, k, v and output, hidden "
    "units of the frozen network and of the twin, the twin's inputs), from the first twinned layer on, plus logits, "
    "their gradient and the loss. With checkpointing: every layer's input and one layer's activations."
)

# What configs call the experts that a mixture uses per token.
_TOP_K_NAMES = ("num_experts_per_tok", "num_experts_per_token", "moe_topk", "moe_top_k", "moe_k", "top_k_experts")


@dataclass(frozen=True)
class Batch:
    """The batch that memory is planned for.

    Attributes:
        rows: rows of the batch.
        length: tokens of each row, the picture's included; of the whole row where rows are packed.
        learned: tokens of each row that are learned (of answers); the loss is computed on them.
    """

    rows: int = 1
    length: int = 2048
    learned: int = 256


@dataclass(frozen=True)
class Activations:
    """Estimated bytes that are kept from the forward pass for the backward pass.

    Attributes:
        layers: by decoder layer; 0 before the first twin.
        layer_input: the input of one layer.
        loss: for the loss itself.
        logits: logits and gradients that live while the backward pass starts.
    """

    layers: tuple[int, ...]
    layer_input: int
    loss: int
    logits: int

    @property
    def saved(self) -> int:
        """What autograd saves: all layers, and the loss."""
        return sum(self.layers) + self.loss

    @property
    def peak(self) -> int:
        """The most that is alive at once."""
        return self.saved + self.logits

    @property
    def peak_with_checkpointing(self) -> int:
        """The same with gradient checkpointing of every decoder layer."""
        kept = sum(layer > 0 for layer in self.layers) * self.layer_input
        return kept + max(max(self.layers), self.loss + self.logits)


def tensor_bytes(tensors: Iterable[Tensor]) -> int:
    """Bytes of all tensors together."""
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def model_bytes(model: nn.Module) -> int:
    """Bytes of a model's parameters and buffers; what is shared (tied) counts once."""
    return tensor_bytes([*model.parameters(), *model.buffers()])


def adamw_bytes(parameters: Iterable[Tensor]) -> int:
    """Bytes of the states of ``torch.optim.AdamW``: two moments as large as the parameter, and a step count."""
    trained = list(parameters)
    return 2 * tensor_bytes(trained) + 4 * len(trained)


def safetensors_bytes(tensors: Mapping[str, Tensor]) -> int:
    """Size of the file that ``safetensors`` writes for these tensors, its header included."""
    # Larger elements come first, then names in order; the header tells shapes and places.
    order = sorted(tensors.items(), key=lambda item: (-item[1].element_size(), item[0]))
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, tensor in order:
        begin, end = end, end + tensor.numel() * tensor.element_size()
        header[name] = {"dtype": _code(tensor.dtype), "shape": list(tensor.shape), "data_offsets": [begin, end]}
    written = len(json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode())
    return 8 + (written + 7) // 8 * 8 + end


def cache_bytes(model: nn.Module, batch: Batch) -> int:
    """Bytes of the key-value cache when every row is full.

    Layers with a sliding window keep that many tokens; recurrent states are not counted.
    """
    from transformers import DynamicCache

    config = text_config(model)
    numbers = 0
    for index, layer in enumerate(DynamicCache(config=config).layers):
        if not hasattr(layer, "keys"):
            continue
        own = _layer_config(config, index)
        window = getattr(layer, "sliding_window", None)  # the newest token comes on top of the kept ones
        tokens = batch.length if window is None else min(batch.length, window - 1)
        if getattr(own, "kv_lora_rank", None):  # latent attention keeps what all heads are computed from
            numbers += tokens * (own.kv_lora_rank + own.qk_rope_head_dim)
        else:
            numbers += tokens * 2 * _key_heads(own) * _head_size(own)
    return batch.rows * numbers * _number_bytes(model)


def estimate_activations(model: nn.Module, batch: Batch, *, adapter: str = "default") -> Activations:
    """Estimate what training keeps, by the formula at the top of this file.

    Args:
        model: the base with its twins (``PeftModel.get_base_model()``).
        batch: the batch.
        adapter: the adapter that trains.
    """
    config = text_config(model)
    ffns = find_decoder_ffns(model)
    by_index = {ffn.index: ffn.module for ffn in ffns}
    tokens, learned = batch.rows * batch.length, batch.rows * min(batch.learned, batch.length)
    number = _number_bytes(model)
    kept: list[int] = []
    for index, layer in enumerate(_decoder_layers(model, ffns)):
        twin = next((part for part in layer.modules() if isinstance(part, TwistLayer)), None)
        per_token = 0.0
        if any(kept):  # otherwise no gradient goes below this layer's twin
            own, inside = _layer_config(config, index), by_index.get(index)
            networks = [network for network in (twin, inside) if network is not None]
            per_token += _outside_ffn(layer, networks, own, number, batch.length)
            per_token += 0 if inside is None else _frozen_ffn(inside, own, number)
        if twin is not None and adapter in twin.twin_experts:
            per_token += _twin(twin, adapter, config, number)
        kept.append(round(per_token * tokens))
    return Activations(
        layers=tuple(kept),
        layer_input=tokens * config.hidden_size * number,
        loss=4 * config.vocab_size * learned + 4 * config.hidden_size * tokens,  # and the last norm
        logits=config.vocab_size * (2 * number * tokens + 4 * learned),
    )


def _outside_ffn(layer: nn.Module, networks: list[nn.Module], config: Any, number: int, length: int) -> float:
    """Bytes per token that norms and attention (or another mixer) keep.

    ``networks`` are left out: the twin's, and the frozen one's, of which a pair has a half outside of the twin.
    """
    own = {id(part) for network in networks for part in network.modules()}
    parts = [part for part in layer.modules() if id(part) not in own]
    heads, size = config.num_attention_heads, _head_size(config)
    linears = sum(part.out_features for part in parts if isinstance(part, nn.Linear))
    kept: float = number * max(linears, 4 * heads * size) + 4 * heads  # and a logarithm per head
    if getattr(config, "_attn_implementation", None) == "eager":
        kept += heads * length * (4 + number if number < 4 else 4)
    else:  # a mask of booleans becomes one of numbers, in every layer anew
        kept += number * length
    for part in parts:
        vectors = [parameter for parameter in part.parameters(recurse=False) if parameter.dim() == 1]
        if not vectors or len(vectors) < sum(1 for _ in part.parameters()):
            continue
        if vectors[0].numel() == config.hidden_size:
            kept += (number if isinstance(part, nn.LayerNorm) else 4) * config.hidden_size
        else:  # of queries, or of keys
            kept += 4 * size * (heads + _key_heads(config)) / 2
    return kept


def _frozen_ffn(module: nn.Module, config: Any, number: int) -> float:
    """Bytes per token that the frozen network keeps."""
    hidden = config.hidden_size
    read = read_ffn(module, hidden)
    if isinstance(read, DenseFfn):
        return number * _kept_per_unit(read.form) * read.weights.down.shape[-1]
    if isinstance(read, MixtureFfn):
        chosen = next((getattr(config, name) for name in _TOP_K_NAMES if getattr(config, name, None)), 2)
        own = {id(part) for part in read.container.modules()}
        shared = [p for p in module.modules() if isinstance(p, nn.Linear) and id(p) not in own]
        expert = _kept_per_unit(read.form) * read.experts[0].down.shape[-1] + hidden
        return number * (chosen * expert + sum(linear.out_features for linear in shared))
    return number * sum(part.out_features for part in module.modules() if isinstance(part, nn.Linear))


def _twin(layer: TwistLayer, adapter: str, config: Any, number: int) -> float:
    """Bytes per token that the twin keeps."""
    hidden = config.hidden_size
    experts: Any = layer.twin_experts[adapter]
    own = next(experts.parameters()).element_size()
    if isinstance(experts, ExpertBank):
        inner = experts.stacks[1].shape[-1]
        choice = hidden + (_kept_per_unit(experts.form) + 1) * inner
    else:
        linears = [part for part in experts.copies[0].modules() if isinstance(part, nn.Linear)]
        choice = sum(linear.in_features + linear.out_features for linear in linears)
    if adapter not in layer.twin_router:
        return own * choice + number * hidden
    router: Any = layer.twin_router[adapter]
    top_k = router.top_k
    routing = 4 * hidden + 8 * experts.num_experts + 24 * top_k  # its input, its output, the order of tokens
    return own * (top_k * choice + top_k * hidden) + number * hidden + routing


def _kept_per_unit(form: Form) -> float:
    """Numbers that autograd keeps for each inner unit, counted by running the activation on a few."""
    units = 64
    product = torch.randn(1, units * (1 + form.gated), device="cpu", requires_grad=True)
    saved: dict[int, Tensor] = {}

    def note(tensor: Tensor) -> Tensor:
        saved[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    try:
        with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
            form.inner(product)
    except Exception:  # an activation with tensors of its own, which are on the meta device
        return 3.0 if form.gated else 1.0
    return sum(tensor.untyped_storage().nbytes() for tensor in saved.values()) / (4 * units)


def _decoder_layers(model: nn.Module, ffns: list[DecoderFfn]) -> nn.ModuleList:
    """The module list that holds the decoder's layers."""
    parts = ffns[0].path.split(".")
    lists = (".".join(parts[:end]) for end in range(1, len(parts)) if parts[end] == str(ffns[0].index))
    return next(found for path in lists if isinstance(found := model.get_submodule(path), nn.ModuleList))


def _layer_config(config: Any, index: int) -> Any:
    """The config of one layer, where layers differ in more than their kind."""
    each = getattr(config, "per_layer_config", None)
    return config if each is None else each[index]


def _head_size(config: Any) -> int:
    return getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads


def _key_heads(config: Any) -> int:
    return getattr(config, "num_key_value_heads", None) or config.num_attention_heads


def _number_bytes(model: nn.Module) -> int:
    """Bytes of one activation: the model computes in the precision of its weights."""
    dtype: torch.dtype = getattr(model, "dtype", torch.float32)
    return dtype.itemsize


def _code(dtype: torch.dtype) -> str:
    """What safetensors calls a floating-point precision."""
    return "BF16" if dtype == torch.bfloat16 else f"F{8 * dtype.itemsize}"
