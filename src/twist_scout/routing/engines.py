"""What runs the classifier: onnxruntime where it is installed, else torch with the same weights.

onnxruntime multiplies in int8 and answers in well under a millisecond; torch multiplies the same int8 weights, turned back into
floats, and is slower. Their probabilities agree to about a hundredth, which a test states.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from twist_scout.errors import BadConfig, BadModel, first_line
from twist_scout.routing.arrays import HEAD_SIZE, NORM_EPSILON, Arrays, layers

ENGINES = ("onnxruntime", "torch")


class Engine(Protocol):
    """Runs the classifier."""

    name: str

    def logits(self, ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """(rows, tokens) int64 ids and mask -> (rows, modes) float32."""
        ...


class OnnxEngine:
    """The int8 graph under onnxruntime, on one thread.

    Raises:
        BadModel: the file is no graph that onnxruntime can run.
    """

    name = "onnxruntime"

    def __init__(self, path: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its exceptions share no base class
            raise BadModel(f"{path} is not a graph that onnxruntime can run ({first_line(error)}).") from error

    def logits(self, ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """As :meth:`Engine.logits`."""
        result: np.ndarray = self._session.run(["logits"], {"input_ids": ids, "attention_mask": mask})[0]
        return result


class TorchEngine:
    """The classifier in torch, from arrays as in :mod:`twist_scout.routing.arrays`."""

    name = "torch"

    def __init__(self, arrays: Arrays) -> None:
        import torch

        self._weights = {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in arrays.items()}
        self._layers = layers(arrays)

    def logits(self, ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """As :meth:`Engine.logits`."""
        import torch
        from torch.nn import functional

        w = self._weights

        def linear(name: str, x: Any) -> Any:
            return x @ w[f"{name}.weight"] + w[f"{name}.bias"]

        def norm(name: str, x: Any) -> Any:
            return functional.layer_norm(x, x.shape[-1:], w[f"{name}.weight"], w[f"{name}.bias"], NORM_EPSILON)

        with torch.inference_mode():
            rows, tokens = ids.shape
            present = torch.from_numpy(mask).bool()[:, None, None]  # (rows, 1, 1, tokens)
            x = norm("norm", w["words"][torch.from_numpy(ids)] + w["positions"][:tokens])  # (rows, tokens, hidden)
            for i in range(self._layers):
                query, key, value = linear(f"{i}.qkv", x).view(rows, tokens, 3, -1, HEAD_SIZE).permute(2, 0, 3, 1, 4)
                seen = functional.scaled_dot_product_attention(query, key, value, attn_mask=present)
                x = norm(f"{i}.norm", x + linear(f"{i}.out", seen.transpose(1, 2).reshape(x.shape)))
                x = norm(f"{i}.norm_out", x + linear(f"{i}.down", functional.gelu(linear(f"{i}.up", x))))
            result: np.ndarray = linear("head", torch.tanh(linear("pooler", x[:, 0]))).numpy()
        return result


def open_engine(path: Path, engine: str | None = None) -> Engine:
    """The engine for a graph.

    Args:
        path: the int8 graph.
        engine: one of :data:`ENGINES`; None takes the first that is installed.

    Raises:
        BadConfig: there is no such engine, or it is not installed.
        BadModel: the file is not the graph of a router.
    """
    if engine not in (None, *ENGINES):
        raise BadConfig(f"There is no engine {engine!r}: choose one of {', '.join(ENGINES)}.")
    if not path.is_file():
        raise BadModel(f"{path} does not exist: give the folder of a trained router.")
    installed = find_spec("onnxruntime") is not None
    if engine == "onnxruntime" and not installed:
        raise BadConfig("onnxruntime is not installed: pip install 'twist-scout[router]', or use the engine 'torch'.")
    if installed and engine != "torch":
        return OnnxEngine(path)
    from twist_scout.routing.onnx_file import read_weights

    return TorchEngine(read_weights(path))
