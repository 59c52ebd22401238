"""A model without its weights: built from its config alone, on torch's meta device.

Every module is there, with the shape and precision of every tensor, and not one tensor has memory;
a model of any size is built in a second or two.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from twist_scout.errors import BadConfig, BadModel, first_line
from twist_scout.loading import is_path
from twist_scout.twist.config import DTYPES


@dataclass(frozen=True)
class MetaModel:
    """A model on the meta device.

    Attributes:
        model: the module that ``from_pretrained`` would fill with weights.
        dtype: precision of its weights.
        notes: what a reader of sizes should know, a sentence each.
    """

    model: Any
    dtype: torch.dtype
    notes: tuple[str, ...] = ()


def build_meta_model(source: str | Path, *, dtype: str | None = None) -> MetaModel:
    """Build a vision-language or language model without weights.

    Args:
        source: model folder, ``config.json``, or hub id (``owner/name``, whose config is downloaded).
        dtype: precision of the weights, one of ``float32``, ``bfloat16``, ``float16``; None: as the config says.

    Raises:
        BadModel: there is no such model, it cannot be read or built, or the hub is out of reach.
        BadConfig: an unknown precision.
    """
    from transformers import AutoModelForCausalLM, AutoModelForImageTextToText
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_CAUSAL_LM_MAPPING,
        MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING,
    )

    import twist_scout.backbones  # noqa: F401 - makes MoE-LLaVA known to the Auto classes

    config = _read_config(source)
    kind: Any = next(
        (
            auto
            for auto, known in (
                (AutoModelForImageTextToText, MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING),
                (AutoModelForCausalLM, MODEL_FOR_CAUSAL_LM_MAPPING),
            )
            if type(config) in known
        ),
        None,
    )
    if kind is None:
        raise BadModel(
            f"{source} is a {config.model_type!r} model, which is neither a vision-language nor a language model "
            "of transformers: TWIST needs a text decoder."
        )
    chosen, notes = _choose_dtype(config, dtype)
    try:
        with torch.device("meta"):
            model = kind.from_config(config, dtype=chosen)
    except ImportError as error:
        raise BadModel(f"{source} needs a library that is not installed here: {first_line(error)}.") from error
    except Exception as error:  # a config can be wrong in as many ways as there are models
        raise BadModel(
            f"transformers cannot build the model that {source} describes ({first_line(error)}): check its config.json."
        ) from error
    return MetaModel(model.eval(), chosen, tuple(notes))


def _choose_dtype(config: Any, wanted: str | None) -> tuple[torch.dtype, list[str]]:
    """The weights' precision, and what has to be said about it."""
    notes = []
    if wanted is not None and wanted not in DTYPES:
        raise BadConfig(f"dtype must be one of {', '.join(DTYPES)}, but it is {wanted!r}.")
    named = wanted or getattr(config, "dtype", None) or getattr(config.get_text_config(), "dtype", None)
    if named is None:
        notes.append("The config names no precision, so float32 is assumed; choose another with dtype.")
        named = "float32"
    name = str(named).removeprefix("torch.")
    if name not in DTYPES:
        raise BadModel(
            f"The config names the precision {name}, which cannot be planned: choose one of {', '.join(DTYPES)}."
        )
    quantised = getattr(config, "quantization_config", None)
    if quantised:
        method = quantised.get("quant_method") if isinstance(quantised, dict) else quantised.quant_method
        notes.append(
            f"The checkpoint is quantised ({getattr(method, 'value', method)!s}); all sizes are those of {name} "
            "weights. Quantised networks take experts with expert_rank only."
        )
    chosen: torch.dtype = getattr(torch, name)
    return chosen, notes


# --- reading a config ---


def _read_config(source: str | Path) -> Any:
    path = Path(source).expanduser()
    if path.exists():
        return _local_config(source, _config_file(path))
    if is_path(source):
        raise BadModel(
            f"{source} does not exist: check the path, or give a config.json or a hub id, which is written owner/name."
        )
    return _hub_config(str(source))


def _config_file(path: Path) -> Path:
    if path.is_file():
        if path.suffix != ".json":
            raise BadModel(f"{path} is not a config: give the folder that holds the model, or its config.json.")
        return path
    if (path / "config.json").is_file():
        return path / "config.json"
    if (path / "adapter_config.json").is_file():
        raise BadModel(f"{path} holds an adapter, not a model: give the base that it was trained on.")
    raise BadModel(
        f"{path} is not a model folder, it has no config.json: give a folder that save_pretrained wrote, a config.json "
        "or a hub id."
    )


def _local_config(source: str | Path, file: Path) -> Any:
    from transformers import AutoConfig

    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadModel(f"{file} cannot be read as JSON ({first_line(error)}): save the model again.") from error
    if not isinstance(content, dict) or "model_type" not in content:
        raise BadModel(f"{file} names no model_type, so it is not the config of a transformers model.")
    try:
        return AutoConfig.from_pretrained(str(file), trust_remote_code=False)
    except Exception as error:
        raise BadModel(
            f"transformers does not understand the config of {source} (model_type {content['model_type']!r}; "
            f"{first_line(error)}): check the file, or update transformers."
        ) from error


def _hub_config(name: str) -> Any:
    from huggingface_hub import errors
    from transformers import AutoConfig

    try:
        return AutoConfig.from_pretrained(name, trust_remote_code=False, local_files_only=not _hub_answers(name))
    except Exception as error:  # transformers wraps the hub's errors, and its own differ between versions
        causes = tuple(_causes(error))

    def has(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in causes)

    if has(errors.GatedRepoError):
        problem = f"The hub keeps {name} behind its terms of use: accept them there and log in with `hf auth login`."
    elif has(errors.RepositoryNotFoundError):
        problem = f"The hub has no model {name}: check the name, or log in if it is private."
    elif has(errors.OfflineModeIsEnabled, errors.LocalEntryNotFoundError):
        problem = (
            f"{name} is not a folder here, and the hub is out of reach: connect to the internet (HF_HUB_OFFLINE must "
            "not be set), or give a model folder or a config.json."
        )
    else:
        problem = (
            f"The config of {name} cannot be used ({first_line(causes[0])}): give a model that transformers knows."
        )
    raise BadModel(problem) from causes[0]


def _hub_answers(name: str) -> bool:
    """Whether the hub can be asked. One try tells; a download would try again for half a minute."""
    from huggingface_hub import errors, get_hf_file_metadata, hf_hub_url

    try:
        get_hf_file_metadata(hf_hub_url(name, "config.json"), timeout=10)
    except errors.HfHubHTTPError:  # it answers no
        return True
    except Exception:  # switched off, or whatever the http library of this version raises
        return False
    return True


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
