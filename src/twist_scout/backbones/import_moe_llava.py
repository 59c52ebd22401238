"""Published MoE-LLaVA checkpoints into folders that ``from_pretrained`` opens.

Needs neither DeepSpeed nor the original code. Every key is matched before anything is written, and
weights pass through shard by shard, so a checkpoint needs no more memory than its largest shard.
Files are read as tensors only: ``.bin`` files with ``torch.load(weights_only=True)``.
"""

from __future__ import annotations

import json
import pickle
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from twist_scout.backbones.configuration import MoeLlavaConfig
from twist_scout.backbones.families import Family, family_of, new_names, read_config
from twist_scout.errors import BadInput, BadModel

# Copied as they are, where a checkpoint has them
_TOKENIZER_FILES = (
    "tokenizer.json tokenizer_config.json tokenizer.model vocab.json merges.txt added_tokens.json "
    "special_tokens_map.json qwen.tiktoken generation_config.json"
).split()
_LISTED = 12  # keys named in an error message


def import_checkpoint(
    folder: str | Path,
    out: str | Path,
    *,
    vision_tower: str | Path | None = None,
    image_token_id: int | None = None,
) -> Path:
    """Import a MoE-LLaVA checkpoint: ``AutoModelForImageTextToText.from_pretrained(out)`` opens the result.

    :func:`~twist_scout.backbones.add_processor` then gives it its processor.

    Args:
        folder: the checkpoint: ``config.json`` and its weights, as safetensors or ``.bin`` files.
        out: where to write; must not exist, or be empty. It appears when it is complete.
        vision_tower: folder of the vision tower (CLIP or SigLIP). Its config is needed for a tower
            other than the published ones, its weights where the checkpoint has none.
        image_token_id: id of the ``<image>`` placeholder in prompts, a row of the vocabulary that no
            word uses. None: the last one, which in Phi-2, StableLM-2 and Qwen is spare.

    Returns:
        ``out``.

    Raises:
        BadInput: a folder that is missing, or an ``out`` that is in use.
        BadModel: not such a checkpoint, a damaged or unsafe file, or keys that do not match; all of
            them are counted, and the first of each kind named.
    """
    folder, out = Path(folder), Path(out)
    source = _read_config(folder)
    tower = None if vision_tower is None else _tower_config(Path(vision_tower))
    config = read_config(source, tower=tower, image_token_id=image_token_id)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadInput(f"{out} is in use: give a folder that does not exist yet, or an empty one.")

    family = family_of(source)
    shards = _shards(folder)
    shapes = _shapes(shards)
    if vision_tower is not None and not any(".image_tower." in key for key in shapes):
        tower_shards = _shards(Path(vision_tower), only="vision_model.", prefix="model.image_tower.image_tower.")
        shards, shapes = [*shards, *tower_shards], {**shapes, **_shapes(tower_shards)}
    names = match_keys(shapes, config, family)

    partial = out.with_name(f".{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        config.dtype = _write_weights(shards, names, partial)
        config.architectures = ["MoeLlavaForConditionalGeneration"]
        config.save_pretrained(partial)
        for name in _TOKENIZER_FILES:
            if (folder / name).is_file():
                shutil.copyfile(folder / name, partial / name)
        if out.exists():
            out.rmdir()
        partial.replace(out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return out


def match_keys(shapes: Mapping[str, torch.Size], config: MoeLlavaConfig, family: Family) -> dict[str, tuple[str, ...]]:
    """Where each tensor of a checkpoint goes.

    Args:
        shapes: the checkpoint's keys and shapes.
        config: of the model to fill.
        family: of the checkpoint.

    Returns:
        Key of the checkpoint -> names in the model: several if it is to be cut along its first
        dimension, none if transformers computes it.

    Raises:
        BadModel: keys that have no place, places that have no key, or shapes that differ.
    """
    from twist_scout.backbones.moe_llava import MoeLlavaForConditionalGeneration

    with torch.device("meta"):
        model = MoeLlavaForConditionalGeneration(config)
    expected = {name: tensor.shape for name, tensor in model.state_dict().items()}
    if config.tie_word_embeddings and "lm_head.weight" not in shapes:
        del expected["lm_head.weight"]  # the embeddings' own
    found: dict[str, tuple[str, ...]] = {}
    unknown: list[str] = []
    wrong: list[str] = []
    for key, shape in shapes.items():
        names = new_names(key, family)
        if names is None or any(name not in expected for name in names):
            unknown.append(key)
            continue
        found[key] = names
        if names and shape != (whole := _stacked([expected[name] for name in names])):
            wrong.append(f"{key} {tuple(shape)} instead of {tuple(whole)}")
    filled = {name for names in found.values() for name in names}
    missing = sorted(expected.keys() - filled)
    problems = {"unmatched in the checkpoint": unknown, "missing from it": missing, "of another shape": wrong}
    if any(problems.values()):
        said = "; ".join(f"{len(keys)} {what}: {_listed(keys)}" for what, keys in problems.items() if keys)
        tower = all(name.startswith("model.vision_tower.") for name in missing) and missing and not (unknown or wrong)
        remedy = " Pass vision_tower=, a folder with the vision tower's weights." if tower else ""
        raise BadModel(f"The keys of the checkpoint do not match those of a MoE-LLaVA: {said}.{remedy}")
    return found


def _stacked(parts: list[torch.Size]) -> torch.Size:
    """The shape of tensors of one shape that are laid on each other along their first dimension."""
    return parts[0] if len(parts) == 1 else torch.Size([len(parts) * parts[0][0], *parts[0][1:]])


def _write_weights(shards: list[_Shard], names: Mapping[str, tuple[str, ...]], out: Path) -> str:
    """Write each file's tensors under their new names; returns the precision of most of them."""
    sizes: dict[str, int] = {}  # bytes by precision
    places: dict[str, str] = {}
    for number, shard in enumerate(shards, start=1):
        renamed: dict[str, Tensor] = {}
        for key, tensor in shard.tensors():
            parts = tensor.chunk(len(names[key])) if names[key] else ()
            for name, part in zip(names[key], parts, strict=True):
                precise = part.float() if name.endswith(".gate.wg.weight") else part  # the router works in fp32
                renamed[name] = precise.clone(memory_format=torch.contiguous_format)
        for tensor in renamed.values():
            dtype = str(tensor.dtype).removeprefix("torch.")
            sizes[dtype] = sizes.get(dtype, 0) + tensor.nbytes
        file = f"model-{number:05d}-of-{len(shards):05d}.safetensors" if len(shards) > 1 else "model.safetensors"
        places.update(dict.fromkeys(renamed, file))
        save_file(renamed, out / file, metadata={"format": "pt"})
    if len(shards) > 1:
        index = {"metadata": {"total_size": sum(sizes.values())}, "weight_map": places}
        (out / "model.safetensors.index.json").write_text(json.dumps(index, indent=2, sort_keys=True) + "\n")
    return max(sizes, key=lambda dtype: sizes[dtype])


# --- reading ---


def _read_config(folder: Path) -> dict[str, Any]:
    if not (folder / "config.json").is_file():
        raise BadInput(f"{folder} has no config.json: give the folder of a model.")
    return _read_json(folder / "config.json")


def _read_json(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadModel(f"{file} is no JSON ({error}): download it again.") from error
    if not isinstance(content, dict):
        raise BadModel(f"{file} holds no JSON object: download it again.")
    return content


def _tower_config(folder: Path) -> dict[str, Any]:
    content = _read_config(folder)
    vision = content.get("vision_config", content)  # a whole CLIP or a tower alone
    kind = str(vision.get("model_type", content.get("model_type")))
    known = {"clip": "clip_vision_model", "siglip": "siglip_vision_model"}
    return {**vision, "model_type": known.get(kind, kind)}


def _shards(folder: Path, *, only: str = "", prefix: str = "") -> list[_Shard]:
    """The files with weights: those of an index, else all; safetensors before ``.bin``."""
    for index_name, pattern in (
        ("model.safetensors.index.json", "*.safetensors"),
        ("pytorch_model.bin.index.json", "pytorch_model*.bin"),
    ):
        index = folder / index_name
        files = sorted(folder.glob(pattern))
        if index.is_file():
            files = [folder / name for name in sorted(set(_read_json(index)["weight_map"].values()))]
            absent = [file.name for file in files if not file.is_file()]
            if absent:
                raise BadModel(f"{folder} lacks {_listed(absent)}, which its {index_name} names: download it again.")
        if files:
            return [_Shard(file, only, prefix) for file in files]
    raise BadModel(f"{folder} holds no weights: neither safetensors files nor pytorch_model*.bin were found.")


def _shapes(shards: list[_Shard]) -> dict[str, torch.Size]:
    return {key: tensor.shape for shard in shards for key, tensor in shard.tensors(shapes_only=True)}


@dataclass(frozen=True)
class _Shard:
    """A file with weights, of which those are read whose key starts with ``only``.

    Attributes:
        file: a safetensors or ``.bin`` file.
        only: what keys must start with.
        prefix: put before every key.
    """

    file: Path
    only: str = ""
    prefix: str = ""

    def tensors(self, *, shapes_only: bool = False) -> Iterator[tuple[str, Tensor]]:
        """The tensors one by one; with ``shapes_only`` their content may be absent."""
        for key, tensor in _read(self.file, shapes_only):
            if key.startswith(self.only):
                yield self.prefix + key, tensor


def _read(file: Path, shapes_only: bool) -> Iterator[tuple[str, Tensor]]:
    try:
        if file.suffix == ".safetensors":
            with safe_open(file, framework="pt") as tensors:
                for key in tensors.keys():  # noqa: SIM118  (not a dictionary)
                    if shapes_only:
                        yield key, torch.empty(tensors.get_slice(key).get_shape(), device="meta")
                    else:
                        yield key, tensors.get_tensor(key)
        else:
            # a file of the zip kind is mapped, not read, so that shapes cost nothing
            content = torch.load(file, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(file))
            if not isinstance(content, dict) or not all(isinstance(value, Tensor) for value in content.values()):
                raise BadModel(f"{file} holds something other than tensors: it is no checkpoint of a model.")
            yield from content.items()
    except (pickle.UnpicklingError, RuntimeError, EOFError, SafetensorError) as error:
        raise BadModel(
            f"{file} cannot be read as tensors alone; it is damaged, or holds code, which is not run: {_first(error)}"
        ) from error


def _first(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".") + "."


def _listed(keys: list[str]) -> str:
    more = len(keys) - _LISTED
    return ", ".join(keys[:_LISTED]) + (f" and {more} more" if more > 0 else "")
