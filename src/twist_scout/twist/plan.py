"""What a TWIST adapter will cost on a model, before any weight is loaded.

The twins are really put on the model, which lies on the meta device (see
:mod:`~twist_scout.twist.meta_model`), and then counted; there is no second copy of the arithmetic
that could differ from what training does::

    model = build_meta_model("config.json").model
    plan = make_plan(model, TwistConfig(expert_rank=16))
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import peft
from torch import nn

from twist_scout.twist.anatomy import DenseFfn, MixtureFfn, is_mixture, read_ffn
from twist_scout.twist.config import TwistConfig
from twist_scout.twist.finding import DecoderFfn, find_decoder_ffns, select_layers, text_config
from twist_scout.twist.memory_estimate import (
    ACTIVATION_FORMULA,
    Batch,
    adamw_bytes,
    cache_bytes,
    estimate_activations,
    model_bytes,
    safetensors_bytes,
    tensor_bytes,
)


@dataclass(frozen=True)
class TwinnedLayer:
    """A feed-forward network that gets a twin.

    Attributes:
        index: number of its decoder layer.
        path: dotted name of the module.
        module: its class.
        kind: what it is made of, in words.
    """

    index: int
    path: str
    module: str
    kind: str


@dataclass(frozen=True)
class TrainingMemory:
    """Bytes for training, on one device.

    Not in it: what the optimizer step and the vision tower hold for a moment, the allocator's
    rounding, and the device's own context.
    """

    base_weights: int
    twin_weights: int
    gradients: int
    optimizer: int
    activations: int

    @property
    def total(self) -> int:
        """All of them, which are alive together when the backward pass of a second step starts."""
        return sum(dataclasses.astuple(self))


@dataclass(frozen=True)
class InferenceMemory:
    """Bytes for generating: weights, and the key-value cache when every row is full."""

    base_weights: int
    twin_weights: int
    kv_cache: int

    @property
    def total(self) -> int:
        """All of them."""
        return sum(dataclasses.astuple(self))


@dataclass(frozen=True)
class Plan:
    """The cost of one adapter.

    Attributes:
        model: class of the base model.
        dtype: precision of its weights.
        options: the adapter's options that its size depends on.
        batch: what memory is planned for.
        decoder_layers: how many layers the text decoder has.
        layers: those that get a twin.
        base: parameters of the base.
        trainable: parameters of the twin.
        active: those of them that one token uses.
        total: base and twin.
        training: memory for training.
        training_with_checkpointing: the same with gradient checkpointing.
        inference: memory for generating.
        adapter_file: size of ``adapter_model.safetensors`` in bytes.
    """

    model: str
    dtype: str
    options: dict[str, Any]
    batch: Batch
    decoder_layers: int
    layers: tuple[TwinnedLayer, ...]
    base: int
    trainable: int
    active: int
    total: int
    training: TrainingMemory
    training_with_checkpointing: TrainingMemory
    inference: InferenceMemory
    adapter_file: int

    def to_dict(self) -> dict[str, Any]:
        """For JSON; all sizes in bytes."""
        record = dataclasses.asdict(self)
        record["layers"] = [dataclasses.asdict(layer) for layer in self.layers]
        for memory in ("training", "training_with_checkpointing", "inference"):
            record[memory]["total"] = getattr(self, memory).total
        return {**record, "activation_formula": ACTIVATION_FORMULA}


def make_plan(model: nn.Module, config: TwistConfig | None = None, batch: Batch | None = None) -> Plan:
    """Put twins on a model, count, and take them away again.

    Args:
        model: the base, best on the meta device; what ``get_peft_model`` takes. It is left as it
            was, except that its parameters are frozen.
        config: the adapter's options; ``TwistConfig()`` if not given.
        batch: what memory is planned for; ``Batch()`` if not given.

    Raises:
        BadModel: the model has no text decoder that can be twinned so.
        BadConfig: the options do not fit the model.
    """
    config, batch = config or TwistConfig(), batch or Batch()
    selected = select_layers(find_decoder_ffns(model), config.layers)
    layers = tuple(_described(ffn, text_config(model).hidden_size) for ffn in selected)
    base, base_weights = sum(parameter.numel() for parameter in model.parameters()), model_bytes(model)
    with _twinned(model, config) as twinned:
        counts = twinned.base_model.parameter_counts()
        trained = [parameter for parameter in twinned.parameters() if parameter.requires_grad]
        activations = estimate_activations(model, batch)
        twin_weights = model_bytes(twinned) - base_weights
        training = TrainingMemory(
            base_weights=base_weights,
            twin_weights=twin_weights,
            gradients=tensor_bytes(trained),
            optimizer=adamw_bytes(trained),
            activations=activations.peak,
        )
        return Plan(
            model=type(model).__name__,
            dtype=str(getattr(model, "dtype", next(model.parameters()).dtype)).removeprefix("torch."),
            options=_options(config),
            batch=batch,
            decoder_layers=text_config(model).num_hidden_layers,
            layers=layers,
            base=base,
            **counts,
            training=training,
            training_with_checkpointing=dataclasses.replace(training, activations=activations.peak_with_checkpointing),
            inference=InferenceMemory(base_weights, twin_weights, cache_bytes(model, batch)),
            adapter_file=safetensors_bytes(peft.get_peft_model_state_dict(twinned, save_embedding_layers=False)),
        )


@contextmanager
def _twinned(model: nn.Module, config: TwistConfig) -> Iterator[Any]:
    twinned: Any = peft.get_peft_model(model, copy.copy(config))
    try:
        yield twinned
    finally:
        twinned.unload()


def _options(config: TwistConfig) -> dict[str, Any]:
    names = ("num_experts", "top_k", "layers", "expert_rank", "expert_dtype", "alpha_scope", "alpha_learned")
    return {name: getattr(config, name) for name in names}


def _described(ffn: DecoderFfn, hidden: int) -> TwinnedLayer:
    read = read_ffn(ffn.module, hidden)
    if isinstance(read, DenseFfn):
        kind = f"dense, {_form_of(read)}, inner size {read.weights.down.shape[-1]}"
    elif isinstance(read, MixtureFfn):
        inner = read.experts[0].down.shape[-1]
        kind = f"mixture of {len(read.experts)} experts, {_form_of(read)}, inner size {inner}"
    else:
        kind = "mixture, experts not readable" if is_mixture(ffn.module) else "dense, copied as a whole"
    return TwinnedLayer(ffn.index, ffn.path, type(ffn.module).__name__, kind)


def _form_of(read: DenseFfn | MixtureFfn) -> str:
    return "gated" if read.form.gated else "un-gated"
