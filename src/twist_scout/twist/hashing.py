"""SHA-256 of a model's tensors, by their names in the untouched base."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from twist_scout.errors import BadModel

_WRAPPERS = ("base_layer", "original_module")  # what peft puts around a module that it adapts


def hash_tensor(tensor: Tensor) -> str:
    """SHA-256 over a tensor's data type, shape and bytes, whatever its data type or device.

    Equal hashes mean equal bits, which is stricter than `torch.equal` (0.0 and -0.0 differ).

    Raises:
        BadModel: the tensor has no data in memory.
    """
    if tensor.is_meta:
        raise BadModel("A tensor of the model is not in memory: load the model without offloading.")
    digest = hashlib.sha256(f"{tensor.dtype}{tuple(tensor.shape)}".encode())
    raw = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
    digest.update(raw.numpy().data)
    return digest.hexdigest()


def base_tensors(model: Any) -> Iterator[tuple[str, Tensor]]:
    """Tensors of the base's state by their names in the base, without copies; of a `PeftModel`
    those of its base.
    """
    if hasattr(model, "get_base_model"):
        tuner_prefix = getattr(model.base_model, "prefix", None)
        for name, tensor in model.get_base_model().state_dict().items():
            parts = name.split(".")
            own = [part for part in parts if part not in _WRAPPERS]
            if len(own) < len(parts) or not _is_adapter(parts, tuner_prefix):
                yield ".".join(own), tensor
    else:
        yield from model.state_dict().items()


def _is_adapter(parts: Sequence[str], prefix: str | None) -> bool:
    return "modules_to_save" in parts or bool(prefix and any(p.startswith(prefix) for p in parts))


def main_dtype(model: Any) -> torch.dtype:
    """The data type that most of the base's weights have."""
    sizes: dict[torch.dtype, int] = {}
    for _, tensor in base_tensors(model):
        sizes[tensor.dtype] = sizes.get(tensor.dtype, 0) + tensor.numel()
    return max(sizes, key=sizes.__getitem__)


def hash_all(tensors: Iterable[tuple[str, Tensor]]) -> tuple[dict[str, str], int]:
    """Hash of each tensor and the size of all; tied tensors are read once."""
    hashes: dict[str, str] = {}
    seen: dict[tuple[Any, ...], str] = {}
    size = 0
    for name, tensor in tensors:
        key = (tensor.data_ptr(), tensor.device, tensor.dtype, tensor.shape, tensor.stride())
        if key not in seen or not tensor.numel():
            seen[key] = hash_tensor(tensor)
            size += tensor.numel() * tensor.element_size()
        hashes[name] = seen[key]
    return hashes, size


def fingerprint(tensors: Mapping[str, str]) -> str:
    """SHA-256 over names and hashes: one value for a whole model."""
    lines = "".join(f"{name} {tensors[name]}\n" for name in sorted(tensors))
    return hashlib.sha256(lines.encode()).hexdigest()


def changed(expected: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    """Names whose hash is missing or different in ``found``."""
    return sorted(name for name in expected if found.get(name) != expected[name])


def hash_files(folder: str | Path) -> dict[str, str]:
    """SHA-256 of the weight files of an adapter's folder, by file name."""
    files = sorted(Path(folder).glob("adapter_model*"))
    return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in files}
