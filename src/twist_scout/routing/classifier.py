"""The classifier that is trained: transformers' own BERT for sequence classification, small."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from transformers import BertConfig, BertForSequenceClassification

from twist_scout.routing.arrays import HEAD_SIZE, NORM_EPSILON, Arrays
from twist_scout.routing.arrays import layers as _layers


def build_classifier(
    *,
    modes: int,
    vocabulary: int,
    hidden: int,
    inner: int,
    layers: int,
    longest: int,
    arrays: Arrays | None = None,
) -> Any:
    """A ``BertForSequenceClassification`` with one token type.

    Args:
        modes: how many classes.
        vocabulary: how many pieces.
        hidden: width.
        inner: width inside its FFNs.
        layers: how many.
        longest: most tokens of a prompt.
        arrays: take the weights, and all sizes but ``modes``, from these; the classes that they lack start at random.
    """
    if arrays is not None:
        (vocabulary, hidden), longest = arrays["words"].shape, len(arrays["positions"])
        inner, layers = arrays["0.up.bias"].size, _layers(arrays)
    config = BertConfig(
        vocab_size=vocabulary,
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=hidden // HEAD_SIZE,
        intermediate_size=inner,
        max_position_embeddings=longest,
        type_vocab_size=1,
        hidden_dropout_prob=0.05,
        attention_probs_dropout_prob=0.0,
        layer_norm_eps=NORM_EPSILON,
        num_labels=modes,
    )
    model = BertForSequenceClassification(config)
    if arrays is not None:
        _fill(model, arrays)
    return model


def _fill(model: Any, arrays: Arrays) -> None:
    """The inverse of :func:`twist_scout.routing.arrays.weights_of`."""
    state = model.state_dict()

    def put(name: str, array: np.ndarray) -> None:
        with torch.no_grad():
            state[name][: len(array)].copy_(torch.from_numpy(np.ascontiguousarray(array)))

    def linear(name: str, source: str) -> None:
        put(f"{name}.weight", arrays[f"{source}.weight"].T)
        put(f"{name}.bias", arrays[f"{source}.bias"])

    def norm(name: str, source: str) -> None:
        for part in ("weight", "bias"):
            put(f"{name}.{part}", arrays[f"{source}.{part}"])

    put("bert.embeddings.word_embeddings.weight", arrays["words"])
    put("bert.embeddings.position_embeddings.weight", arrays["positions"])
    put("bert.embeddings.token_type_embeddings.weight", np.zeros((1, arrays["words"].shape[1]), np.float32))
    norm("bert.embeddings.LayerNorm", "norm")
    for i in range(_layers(arrays)):
        at = f"bert.encoder.layer.{i}"
        thirds = (np.split(arrays[f"{i}.qkv.{kind}"], 3, axis=-1) for kind in ("weight", "bias"))
        for part, weight, bias in zip(("query", "key", "value"), *thirds, strict=True):
            put(f"{at}.attention.self.{part}.weight", weight.T)
            put(f"{at}.attention.self.{part}.bias", bias)
        linear(f"{at}.attention.output.dense", f"{i}.out")
        norm(f"{at}.attention.output.LayerNorm", f"{i}.norm")
        linear(f"{at}.intermediate.dense", f"{i}.up")
        linear(f"{at}.output.dense", f"{i}.down")
        norm(f"{at}.output.LayerNorm", f"{i}.norm_out")
    linear("bert.pooler.dense", "pooler")
    linear("classifier", "head")
