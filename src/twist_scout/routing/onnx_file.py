"""The weights in an ONNX file, read without onnx or onnxruntime.

So a router works wherever torch does. An ONNX file is a protocol buffer: fields, each a key (number and wire type) and a value.
Only the graph's initialisers are read, and int8 ones are turned back into numbers with the scales that lie beside them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from twist_scout.errors import BadModel

# Field numbers: ModelProto.graph, GraphProto.initializer, and those of TensorProto.
_GRAPH, _INITIALIZER = 7, 5
_DIMS, _TYPE, _FLOATS, _INTEGERS, _NAME, _LONGS, _RAW = 1, 2, 4, 5, 8, 7, 9
_TYPES = {1: np.float32, 2: np.uint8, 3: np.int8, 6: np.int32, 7: np.int64}


def read_weights(path: Path) -> dict[str, np.ndarray]:
    """The float arrays of :mod:`twist_scout.routing.arrays`, from an int8 graph.

    Raises:
        BadModel: the file is missing, damaged, or not such a graph.
    """
    try:
        found = dict(_tensors(path.read_bytes()))
    except OSError as error:
        raise BadModel(f"{path} cannot be read ({error.strerror or error}): give the folder of a router.") from error
    except (IndexError, KeyError, ValueError) as error:
        raise BadModel(f"{path} is not an ONNX file that can be read: train the router again.") from error
    arrays: dict[str, np.ndarray] = {}
    for name, array in found.items():
        if name.endswith("_quantized"):
            plain = name.removesuffix("_quantized")
            scale, zero = found[f"{plain}_scale"], found[f"{plain}_zero_point"]
            arrays[plain] = (array.astype(np.float32) - zero.astype(np.float32)) * scale
        elif "." in name or name in ("words", "positions"):
            arrays[name] = array
    if "head.weight" not in arrays:
        raise BadModel(f"{path} is not the graph of a router: give the folder of a router.")
    return {name: array for name, array in arrays.items() if not name.endswith(("_scale", "_zero_point"))}


def _tensors(data: bytes) -> Iterator[tuple[str, np.ndarray]]:
    for number, graph in _fields(data):
        if number == _GRAPH and isinstance(graph, bytes):
            for inner, tensor in _fields(graph):
                if inner == _INITIALIZER and isinstance(tensor, bytes):
                    yield _tensor(tensor)


def _tensor(data: bytes) -> tuple[str, np.ndarray]:
    shape: list[int] = []
    name = ""
    kind: np.dtype[Any] = np.dtype(np.float32)
    values = np.empty(0)
    for number, value in _fields(data):
        if number == _DIMS:
            shape += [value] if isinstance(value, int) else _integers(value)
        elif number == _TYPE and isinstance(value, int):
            kind = np.dtype(_TYPES[value])
        elif number == _NAME and isinstance(value, bytes):
            name = value.decode()
        elif number == _RAW and isinstance(value, bytes):
            values = np.frombuffer(value, kind.newbyteorder("<"))
        elif number == _FLOATS and isinstance(value, bytes):
            values = np.append(values, np.frombuffer(value, "<f4"))
        elif number in (_INTEGERS, _LONGS):
            values = np.append(values, [value] if isinstance(value, int) else _integers(value))
    return name, values.astype(kind).reshape(shape)


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(data):
        key, at = _integer(data, at)
        wire = key & 7
        if wire == 0:
            value, at = _integer(data, at)
            yield key >> 3, value
            continue
        if wire == 2:
            size, at = _integer(data, at)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise ValueError(f"wire type {wire}")
        if at + size > len(data):
            raise ValueError("cut short")
        yield key >> 3, data[at : at + size]
        at += size


def _integers(data: bytes) -> list[int]:
    values, at = [], 0
    while at < len(data):
        value, at = _integer(data, at)
        values.append(value)
    return values


def _integer(data: bytes, at: int) -> tuple[int, int]:
    """A variable-length integer and the place after it; negative ones are 64-bit two's complement."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return (value - (1 << 64) if value >> 63 else value), at
