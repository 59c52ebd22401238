"""Model and adapter folders: what to load when, and one clear sentence where a folder is not what
it should be.
"""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import torch

from twist_scout.errors import BadConfig, BadModel, TwistScoutError, first_line

Source = str | Path

#: transformers switches parts of itself off while it loads (the tying of weights, for one), for the whole process.
_ONE_AT_A_TIME = threading.RLock()


def load_base(base: Source, *, dtype: torch.dtype | None = None, device: torch.device | str = "cpu") -> tuple[Any, Any]:
    """Load a vision-language model and its processor. Threads wait for each other.

    Args:
        base: folder or hub id.
        dtype: of the weights; ``None``: as saved, on a CPU float32.
        device: where to put the model.

    Returns:
        The model in evaluation mode, and its processor.

    Raises:
        BadModel: it is no such model, or a part of it is missing or damaged.
    """
    from transformers import AutoModelForImageTextToText

    import twist_scout.backbones  # noqa: F401 - makes MoE-LLaVA known to the Auto classes
    from twist_scout.processor_loading import load_processor

    name = _checked_base(base)
    where = torch.device(device)
    weights: Any = dtype or (torch.float32 if where.type == "cpu" else "auto")
    try:
        with _ONE_AT_A_TIME:
            model = AutoModelForImageTextToText.from_pretrained(name, dtype=weights)
    except Exception as error:  # every layer below raises its own types for a damaged folder
        raise BadModel(
            f"{base} cannot be loaded as a vision-language model ({first_line(error)}): give a "
            "folder that save_pretrained wrote, or a hub id."
        ) from error
    try:
        processor = load_processor(name)
    except Exception as error:
        raise BadModel(
            f"The processor of {base} cannot be loaded ({first_line(error)}): save it into the "
            "same folder with processor.save_pretrained."
        ) from error
    if not (hasattr(processor, "image_processor") and hasattr(processor, "tokenizer")):
        raise BadModel(
            f"The processor of {base} is a {type(processor).__name__}, which does not take "
            "pictures and text: save the model's own processor into its folder."
        )
    return model.to(where).eval(), processor


def load_adapter(model: Any, adapter: Source, *, trainable: bool = False) -> Any:
    """Put an adapter of any peft method on a model.

    Args:
        model: the base that it was trained on.
        adapter: its folder or hub id.
        trainable: whether its weights take gradients.

    Returns:
        A ``PeftModel`` in evaluation mode whose adapter is active.

    Raises:
        BadModel: the folder holds no adapter, a damaged one, or one that was trained on another
            base.
    """
    import warnings

    from peft import PeftModel

    read_adapter_config(adapter)
    try:
        with _ONE_AT_A_TIME, warnings.catch_warnings():
            # peft only warns about weights that find no place; the adapter would silently be a
            # random one.
            warnings.filterwarnings("error", message=".*missing adapter keys.*")
            return PeftModel.from_pretrained(model, str(adapter), is_trainable=trainable).eval()
    except TwistScoutError as error:
        raise BadModel(f"The adapter {adapter} does not fit this base model: {error}") from error
    except Exception as error:
        raise BadModel(
            f"The adapter {adapter} does not fit this base model, or is damaged "
            f"({first_line(error)}): load it on the base that it was trained on."
        ) from error


def read_adapter_config(adapter: Source) -> dict[str, Any]:
    """The adapter's config, from its folder or from the hub.

    Raises:
        BadModel: the folder does not exist or holds no readable adapter config.
    """
    path = Path(adapter).expanduser()
    if not path.exists():
        if is_path(adapter):
            raise BadModel(f"The adapter folder {adapter} does not exist: check the path.")
        return _hub_adapter_config(str(adapter))
    file = path / "adapter_config.json"
    if not file.is_file():
        raise BadModel(
            f"{adapter} is not an adapter folder, it has no adapter_config.json: give a folder "
            "that a PeftModel's save_pretrained wrote."
        )
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise BadModel(f"{file} cannot be read ({first_line(error)}): save the adapter again.") from error
    if not isinstance(config, dict) or "peft_type" not in config:
        raise BadModel(f"{file} names no peft_type: save the adapter again with save_pretrained.")
    return config


def choose_device(device: str | torch.device | None) -> torch.device:
    """The device asked for; ``None``: a GPU where there is one.

    Raises:
        BadConfig: it does not exist or cannot be used here.
    """
    if device is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(device)
        torch.empty(0, device=chosen)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise BadConfig(f"Device {str(device)!r} cannot be used ({first_line(error)}): try 'cpu'.") from error
    return chosen


def _checked_base(base: Source) -> str:
    """The base as transformers wants it, after the checks that give a clearer sentence than
    transformers would.
    """
    path = Path(base).expanduser()
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise BadModel(
                f"{base} is not a model folder, it has no config.json: give a folder that save_pretrained wrote."
            )
        return str(path)
    if path.exists():
        raise BadModel(f"{base} is a file: give the folder that holds the model.")
    if is_path(base):
        raise BadModel(f"The model folder {base} does not exist: check the path.")
    return str(base)


def is_path(source: Source) -> bool:
    """Whether a source that is not on this disk was meant to be: a hub id is ``owner/name``."""
    text = str(source)
    return isinstance(source, Path) or text.startswith((".", "/", "~")) or text.count("/") != 1


def _hub_adapter_config(adapter: str) -> dict[str, Any]:
    from peft import PeftConfig

    try:
        return dict(PeftConfig.from_pretrained(adapter).to_dict())
    except Exception as error:  # the hub, the network and peft raise their own types
        raise BadModel(
            f"{adapter} is neither a folder here nor an adapter that the hub gives out "
            f"({first_line(error)}): check the name."
        ) from error


def resolve_folders(base: Source | None, adapter: Source | None) -> tuple[Source, Source | None]:
    """Fill in what the caller left out.

    Nothing given: the pocket base and its adapter, both shipped. An adapter alone: the base that
    its config names, or the pocket base where it names none. A base alone: no adapter.

    Raises:
        BadModel: the adapter folder is not one.
    """
    from twist_scout import toyworld

    if base is not None:
        return base, adapter
    pocket = toyworld.pocket_adapter()
    if adapter is None or Path(adapter) == pocket:
        # It was trained where the repository lay then; its base is the one shipped beside it.
        return toyworld.pocket_base(), pocket
    named = read_adapter_config(adapter).get("base_model_name_or_path")
    return named or toyworld.pocket_base(), adapter
