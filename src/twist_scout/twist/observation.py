"""What a base model is and says, with or without an adapter that is switched off."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

from twist_scout.data.images import ImageSource, load_image
from twist_scout.data.inputs import prompt_inputs
from twist_scout.errors import BadInput
from twist_scout.twist.hashing import base_tensors, hash_all, hash_tensor


class Observation(BaseModel):
    """What a base model is and says.

    Attributes:
        tensors: SHA-256 of each tensor of the state, over its data type, shape and bytes.
        bytes: size of all of them.
        logits: SHA-256 of the logits of each prompt, over data type, shape and bytes.
        answers: token ids of each greedy answer.
    """

    model_config = ConfigDict(frozen=True)

    tensors: dict[str, str]
    bytes: int
    logits: list[str]
    answers: list[list[int]]


@dataclass(frozen=True)
class Probe:
    """What a base is asked, before and after.

    Args:
        prompts: the questions, one conversation each.
        images: a picture for each prompt, or ``None`` for a prompt without one.
        processor: of the base; needed where there are prompts.
        max_new_tokens: length of the greedy answers.

    Raises:
        BadInput: pictures and prompts differ in number, or there is no processor.
    """

    prompts: Sequence[str] = ()
    images: Sequence[ImageSource | None] | None = None
    processor: Any = None
    max_new_tokens: int = 32

    def __post_init__(self) -> None:
        if self.images is not None and len(self.images) != len(self.prompts):
            raise BadInput(f"{len(self.images)} images for {len(self.prompts)} prompts: give one for each, or None.")
        if self.prompts and self.processor is None:
            raise BadInput("Prompts need the base model's processor: pass processor=...")

    def pairs(self) -> Iterator[tuple[str, Image.Image | None]]:
        """Each prompt with its picture, read when it is its turn."""
        images = self.images if self.images is not None else [None] * len(self.prompts)
        for prompt, source in zip(self.prompts, images, strict=True):
            yield prompt, None if source is None else load_image(source)

    def inputs(self, device: torch.device) -> Iterator[dict[str, Tensor]]:
        """Each prompt as a model's inputs, a batch of one row."""
        for prompt, picture in self.pairs():
            inputs = prompt_inputs(self.processor, [prompt], None if picture is None else [picture])
            yield {name: value.to(device) for name, value in inputs.items()}

    def hashes(self) -> list[str]:
        """SHA-256 of each prompt's text and picture."""
        hashes = []
        for prompt, picture in self.pairs():
            digest = hashlib.sha256(prompt.encode())
            if picture is not None:
                digest.update(f"{picture.size}".encode() + picture.tobytes())
            hashes.append(digest.hexdigest())
        return hashes


def observe(model: nn.Module, probe: Probe) -> Observation:
    """Hash a base's tensors, and ask it the prompts one by one.

    Args:
        model: the base, or a `PeftModel`, which is looked at with its adapter switched off.
        probe: what to ask.

    Raises:
        BadModel: a tensor has no data in memory.
    """
    tensors, size = hash_all(base_tensors(model))
    logits: list[str] = []
    answers: list[list[int]] = []
    with _understanding(model), torch.inference_mode():
        for inputs in probe.inputs(next(model.parameters()).device):
            logits.append(hash_tensor(model(**inputs).logits))
            tokens = model.generate(  # type: ignore[operator]
                **inputs, do_sample=False, max_new_tokens=probe.max_new_tokens
            )
            tokens = getattr(tokens, "sequences", tokens)  # some families wrap them
            answers.append(tokens[0, inputs["input_ids"].shape[1] :].tolist())
    return Observation(tensors=tensors, bytes=size, logits=logits, answers=answers)


@contextmanager
def _understanding(model: Any) -> Iterator[None]:
    """Adapter off (alpha = 1), evaluation mode, no gradient wanted; everything is put back afterwards.

    A base that is wrapped is frozen, and a bare one may not be. torch chooses between two ways to multiply by whether a
    weight wants a gradient, even where none is computed, and they differ in the last bit.
    """
    training = {module: module.training for module in model.modules()}
    wanting = [parameter for parameter in model.parameters() if parameter.requires_grad]
    model.eval()
    for parameter in wanting:
        parameter.requires_grad_(False)
    try:
        with model.disable_adapter() if hasattr(model, "disable_adapter") else nullcontext():
            yield
    finally:
        for parameter in wanting:
            parameter.requires_grad_(True)
        for module, mode in training.items():
            module.training = mode
