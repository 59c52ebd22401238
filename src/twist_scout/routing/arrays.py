"""The classifier's numbers, apart from any framework: what is exported, and what both engines run.

A BERT of the ordinary build (word and position embeddings, post-norm layers, tanh pooler, linear head) folded into few arrays:
the embedding of the one token type is added to the positions, query, key and value are one matrix, and every matrix stands as
(inputs, outputs).

    names, for layer i                shape
    words                             (vocabulary, hidden)
    positions                         (longest, hidden)
    norm.{weight,bias}                (hidden,)
    i.qkv.{weight,bias}               (hidden, 3 hidden), (3 hidden,)
    i.out.{weight,bias}               (hidden, hidden), (hidden,)
    i.norm.{weight,bias}              (hidden,)
    i.up.{weight,bias}                (hidden, inner), (inner,)
    i.down.{weight,bias}              (inner, hidden), (hidden,)
    i.norm_out.{weight,bias}          (hidden,)
    pooler.{weight,bias}              (hidden, hidden), (hidden,)
    head.{weight,bias}                (hidden, modes), (modes,)
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

import numpy as np

Arrays = Mapping[str, np.ndarray]
#: The classifier's, everywhere.
NORM_EPSILON = 1e-12
HEAD_SIZE = 32


def layers(arrays: Arrays) -> int:
    """How many layers there are."""
    return next(number for number in count() if f"{number}.qkv.weight" not in arrays)


def parameters(arrays: Arrays) -> int:
    """How many numbers the classifier has."""
    return sum(array.size for array in arrays.values())


def weights_of(model: Any) -> dict[str, np.ndarray]:
    """The arrays of a ``BertForSequenceClassification``."""
    state = {name: tensor.detach().float().cpu().numpy() for name, tensor in model.state_dict().items()}

    def linear(name: str, prefix: str) -> dict[str, np.ndarray]:
        return {f"{name}.weight": state[f"{prefix}.weight"].T, f"{name}.bias": state[f"{prefix}.bias"]}

    def norm(name: str, prefix: str) -> dict[str, np.ndarray]:
        return {f"{name}.{part}": state[f"{prefix}.{part}"] for part in ("weight", "bias")}

    found = {
        "words": state["bert.embeddings.word_embeddings.weight"],
        "positions": state["bert.embeddings.position_embeddings.weight"]
        + state["bert.embeddings.token_type_embeddings.weight"][0],
        **norm("norm", "bert.embeddings.LayerNorm"),
    }
    for i in range(model.config.num_hidden_layers):
        at = f"bert.encoder.layer.{i}"
        parts = [linear("x", f"{at}.attention.self.{part}") for part in ("query", "key", "value")]
        found |= {
            f"{i}.qkv.{kind}": np.concatenate([part[f"x.{kind}"] for part in parts], axis=-1)
            for kind in ("weight", "bias")
        }
        found |= linear(f"{i}.out", f"{at}.attention.output.dense") | norm(
            f"{i}.norm", f"{at}.attention.output.LayerNorm"
        )
        found |= linear(f"{i}.up", f"{at}.intermediate.dense") | linear(f"{i}.down", f"{at}.output.dense")
        found |= norm(f"{i}.norm_out", f"{at}.output.LayerNorm")
    found |= linear("pooler", "bert.pooler.dense") | linear("head", "classifier")
    return {name: np.ascontiguousarray(array, dtype=np.float32) for name, array in found.items()}
