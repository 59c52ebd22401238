"""A language model of this process: any causal model of transformers, or a GGUF file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from twist_scout.data.records import FrameChoice
from twist_scout.errors import BadConfig, BadModel, first_line
from twist_scout.loading import choose_device
from twist_scout.scout.backends.base import BackendDown, Reply, Request
from twist_scout.scout.backends.batching import Batcher
from twist_scout.scout.backends.chat_form import chat_turns
from twist_scout.scout.backends.generation import generate, group_of, pad_with_something


class TransformersText:
    """A causal language model that writes questions.

    Args:
        model: folder, hub id, or a ``.gguf`` file (unpacked to full precision).
        device: ``cpu``, ``cuda``, ...; None: a GPU where there is one.
        batch_size: requests that run together. With 1, a reply does not depend on its neighbours in the last bits of
            its logits either.

    Raises:
        BadModel: it cannot be loaded.
        BadConfig: there is no such device, or reading GGUF files needs a package that is not installed.
    """

    dialect: str | None = None
    frame: FrameChoice | None = None

    def __init__(self, model: str, *, device: str | None = None, batch_size: int = 8) -> None:
        self.name = f"hf:{model}"
        where = choose_device(device)
        self._model, self._tokenizer = _load(model, where)
        pad_with_something(self._tokenizer)
        self._batcher = Batcher(self._answer, batch_size, group=group_of)

    async def complete(self, request: Request) -> Reply:
        """Answer a request together with others."""
        if request.image is not None:
            raise BackendDown(f"{self.name} reads text alone and cannot see pictures: give a vision-language model.")
        return await self._batcher.complete(request)

    async def close(self) -> None:
        """Stop the model's thread."""
        await self._batcher.close()

    def _answer(self, requests: list[Request]) -> list[Reply]:
        texts = [self._prompt(request) for request in requests]
        batch = self._tokenizer(
            texts,
            padding=True,
            padding_side="left",
            add_special_tokens=not self._tokenizer.chat_template,
            return_tensors="pt",
        )
        inputs = {name: batch[name].to(self._model.device) for name in ("input_ids", "attention_mask")}
        longest = getattr(self._model.config, "max_position_embeddings", None)
        if longest and inputs["input_ids"].shape[1] >= longest:
            raise BadModel(f"The prompt has {inputs['input_ids'].shape[1]:,} tokens, the model reads {longest:,}.")
        return generate(self._model, self._tokenizer, inputs, requests)

    def _prompt(self, request: Request) -> str:
        if not self._tokenizer.chat_template:  # a base model goes on where the worked examples end
            return "\n\n".join(message.text for message in request.messages) + "\n"
        return chat_turns(self._tokenizer, [{"role": m.role, "content": m.text} for m in request.messages])


def _load(model: str, device: torch.device) -> tuple[Any, Any]:
    path = Path(model).expanduser()
    options: dict[str, Any] = {}
    name = str(path) if path.exists() else model
    if path.suffix == ".gguf":
        if not path.is_file():
            raise BadModel(f"The model file {model} does not exist: check the path.")
        try:
            import gguf  # noqa: F401
        except ImportError as error:
            raise BadConfig("Reading GGUF files needs the 'gguf' package: pip install gguf.") from error
        name, options = str(path.parent), {"gguf_file": path.name}
    dtype: Any = torch.float32 if device.type == "cpu" else "auto"
    try:
        tokenizer = AutoTokenizer.from_pretrained(name, **options)
        loaded = AutoModelForCausalLM.from_pretrained(name, dtype=dtype, **options)
    except Exception as error:  # every layer below raises its own types for a damaged folder
        raise BadModel(
            f"{model} cannot be loaded as a language model ({first_line(error)}): give a folder that save_pretrained "
            "wrote, a .gguf file, or a hub id."
        ) from error
    return loaded.to(device).eval(), tokenizer
