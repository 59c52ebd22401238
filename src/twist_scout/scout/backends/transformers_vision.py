"""A vision-language model of this process, with or without an adapter."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import torch

from twist_scout.boxes.frame import Frame
from twist_scout.data.chat import adds_special_tokens, to_chat
from twist_scout.data.images import load_image
from twist_scout.errors import BadInput, BadModel
from twist_scout.loading import choose_device, load_adapter, load_base
from twist_scout.processor_frame import frame_for
from twist_scout.scout.backends.base import Reply, Request
from twist_scout.scout.backends.batching import Batcher
from twist_scout.scout.backends.chat_form import Turns, chat_turns
from twist_scout.scout.backends.generation import generate, group_of, pad_with_something


class TransformersVision:
    """A model that sees pictures.

    Args:
        model: folder or hub id.
        adapter: adapter folder of any peft method; it is switched off for requests that want no boxes.
        dialect: how the model writes boxes.
        device: ``cpu``, ``cuda``, ...; None: a GPU where there is one.
        batch_size: requests that run together.

    Raises:
        BadModel: it cannot be loaded, or has no chat template.
        BadConfig: there is no such device.
    """

    def __init__(
        self,
        model: str,
        adapter: str | None = None,
        *,
        dialect: str | None = None,
        device: str | None = None,
        batch_size: int = 8,
    ) -> None:
        self.name = f"hf:{model}" + (f"+{adapter}" if adapter else "")
        self.dialect = dialect
        loaded, self._processor = load_base(model, device=choose_device(device))
        self._model = load_adapter(loaded, adapter) if adapter else loaded
        self._adapted = adapter is not None
        if not getattr(self._processor, "chat_template", None):
            raise BadModel(f"The processor of {model} has no chat template: save one into its folder.")
        pad_with_something(self._processor.tokenizer)
        self._batcher = Batcher(self._answer, batch_size, group=group_of)

    def frame(self, width: int, height: int) -> Frame:
        """What the model sees of a picture of this size."""
        return frame_for(self._processor, width, height)

    async def complete(self, request: Request) -> Reply:
        """Answer a request together with others."""
        return await self._batcher.complete(request)

    async def close(self) -> None:
        """Stop the model's thread."""
        await self._batcher.close()

    def _answer(self, requests: list[Request]) -> list[Reply]:
        pictures = [load_image(request.image) for request in requests if request.image is not None]
        texts = [chat_turns(self._processor, self._turns(request)) for request in requests]
        batch = self._processor(
            text=texts,
            images=[[picture] for picture in pictures] or None,
            padding=True,
            padding_side="left",
            add_special_tokens=adds_special_tokens(self._processor, texts[0]),
            return_tensors="pt",
        )
        model: Any = self._model
        inputs = {
            name: value.to(model.device, model.dtype if value.is_floating_point() else None)
            for name, value in batch.items()
            if isinstance(value, torch.Tensor)
        }
        bare = self._adapted and not requests[0].grounding
        with model.disable_adapter() if bare else nullcontext():
            return generate(model, self._processor.tokenizer, inputs, requests)

    def _turns(self, request: Request) -> Turns:
        """The conversation; the picture stands in the last user turn, the one that asks about it."""
        placeholder = getattr(self._processor, "image_token", None) or ""
        if placeholder and any(placeholder in message.text for message in request.messages):
            raise BadInput(f"The prompt holds {placeholder!r}, which this model reads as a picture.")
        turns = to_chat([{"role": m.role, "content": m.text} for m in request.messages], images=0)
        if request.image is not None:
            last = max(i for i, turn in enumerate(turns) if turn["role"] == "user")
            turns[last]["content"] = [{"type": "image"}, *turns[last]["content"]]
        return turns
