"""The classifier as an ONNX graph, quantised to int8.

The graph is written node by node: it needs no exporter, is the same whatever the version of torch, and names its weights as
:mod:`twist_scout.routing.arrays` does. Matrices become int8 with one scale for each output, embeddings int8 with one scale;
activations are quantised as they come (dynamic quantisation). The int8 numbers are unsigned: with signed weights a processor
that has AVX2 and no VNNI adds pairs of products in 16 bits, which overflow without a word.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from twist_scout.errors import BadConfig
from twist_scout.routing.arrays import HEAD_SIZE, NORM_EPSILON, Arrays, layers

_OPSET = 17


def export_int8(arrays: Arrays, path: Path) -> None:
    """Write the int8 graph.

    Raises:
        BadConfig: ``onnx`` or ``onnxruntime`` is not installed.
    """
    try:
        import onnx
        from onnxruntime.quantization import QuantType, quantize_dynamic
    except ImportError as error:
        raise BadConfig(
            f"Exporting a router needs the package {error.name!r}: pip install 'twist-scout[router]' onnx."
        ) from error
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "float.onnx"
        onnx.save(build_graph(arrays), whole)
        quantize_dynamic(
            whole,
            path,
            op_types_to_quantize=["MatMul", "Gather"],
            weight_type=QuantType.QUInt8,
            per_channel=True,
            extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
        )


def build_graph(arrays: Arrays) -> Any:
    """The float graph, an ``onnx.ModelProto``: ``input_ids``, ``attention_mask`` (batch, tokens) -> ``logits`` (batch, modes)."""
    from onnx import TensorProto, checker, helper, numpy_helper

    nodes: list[Any] = []
    constants: dict[str, np.ndarray] = {
        "zero": np.array([0], np.int64),
        "one": np.array([1], np.int64),
        "first": np.array(0, np.int64),
        "unit": np.array(1, np.float32),
        "never": np.array(-1e9, np.float32),
        "scale": np.array(HEAD_SIZE**-0.5, np.float32),
        "half": np.array(0.5, np.float32),
        "root_half": np.array(0.5**0.5, np.float32),
        "heads": np.array([0, 0, 3, -1, HEAD_SIZE], np.int64),
        "joined": np.array([0, 0, -1], np.int64),
        "mask_axes": np.array([1, 2], np.int64),
    }

    def node(kind: str, *inputs: str, out: str | None = None, **attributes: Any) -> str:
        out = out or f"{kind.lower()}_{len(nodes)}"
        nodes.append(helper.make_node(kind, list(inputs), [out], **attributes))
        return out

    def linear(name: str, x: str) -> str:
        return node("Add", node("MatMul", x, f"{name}.weight"), f"{name}.bias")

    def norm(name: str, x: str) -> str:
        return node("LayerNormalization", x, f"{name}.weight", f"{name}.bias", axis=-1, epsilon=NORM_EPSILON)

    tokens = node("Gather", node("Shape", "input_ids"), "one", axis=0)
    positions = node("Slice", "positions", "zero", tokens, "zero")
    x = norm("norm", node("Add", node("Gather", "words", "input_ids", axis=0), positions))  # (batch, tokens, hidden)
    absent = node("Sub", "unit", node("Cast", "attention_mask", to=TensorProto.FLOAT))
    mask = node("Mul", node("Unsqueeze", absent, "mask_axes"), "never")  # (batch, 1, 1, tokens)
    for i in range(layers(arrays)):
        split = node("Transpose", node("Reshape", linear(f"{i}.qkv", x), "heads"), perm=[2, 0, 3, 1, 4])
        constants |= {f"part{number}": np.array(number, np.int64) for number in range(3)}
        query, key, value = (node("Gather", split, f"part{number}", axis=0) for number in range(3))
        likeness = node("MatMul", query, node("Transpose", key, perm=[0, 1, 3, 2]))  # (batch, heads, tokens, tokens)
        weights = node("Softmax", node("Add", node("Mul", likeness, "scale"), mask), axis=-1)
        seen = node("Reshape", node("Transpose", node("MatMul", weights, value), perm=[0, 2, 1, 3]), "joined")
        x = norm(f"{i}.norm", node("Add", x, linear(f"{i}.out", seen)))
        inner = linear(f"{i}.up", x)
        bell = node("Add", node("Erf", node("Mul", inner, "root_half")), "unit")
        active = node("Mul", node("Mul", inner, bell), "half")  # GELU
        x = norm(f"{i}.norm_out", node("Add", x, linear(f"{i}.down", active)))
    pooled = node("Tanh", linear("pooler", node("Gather", x, "first", axis=1)))
    node("Add", node("MatMul", pooled, "head.weight"), "head.bias", out="logits")

    def rows(name: str, kind: int, *shape: str | int) -> Any:
        return helper.make_tensor_value_info(name, kind, shape)

    graph = helper.make_graph(
        nodes,
        "prompt_router",
        [rows(name, TensorProto.INT64, "batch", "tokens") for name in ("input_ids", "attention_mask")],
        [rows("logits", TensorProto.FLOAT, "batch", arrays["head.bias"].size)],
        [numpy_helper.from_array(array, name) for name, array in {**arrays, **constants}.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], producer_name="twist-scout")
    model.ir_version = 9
    checker.check_model(model)
    return model
