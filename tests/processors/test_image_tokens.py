"""There are as many picture tokens in the text as the vision tower makes features."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from typing import Any

import pytest
import torch
from PIL import Image

from twist_scout.data.inputs import prompt_inputs

from .conftest import SIZES
from .family import Family


def count_tokens(processor: Any, model: Any, batch: dict[str, Any]) -> int:
    return int((batch["input_ids"] == model.config.image_token_id).sum())


def count_features(model: Any, batch: dict[str, Any]) -> int:
    """Rows that the vision half hands to the decoder."""
    taken = inspect.signature(model.model.get_image_features).parameters
    features = model.model.get_image_features(**{k: v for k, v in batch.items() if k in taken}).pooler_output
    parts = features if isinstance(features, (list, tuple)) else [features]
    return sum(part.flatten(0, -2).shape[0] for part in parts)


@pytest.mark.parametrize("size", SIZES)
def test_one_picture(family: Family, processor: Any, model: Any, collate: Callable[..., Any], size: str) -> None:
    batch = collate((size, "Where is the dog?", "Here."))
    inputs = {k: v for k, v in batch.items() if k not in ("labels", "step_ids")}
    with torch.inference_mode():
        assert count_tokens(processor, model, inputs) == count_features(model, inputs) > 0
        logits = model(**inputs).logits
    assert logits.shape[:2] == batch["input_ids"].shape
    assert logits.isfinite().all()


def test_pictures_of_all_sizes_in_one_batch(
    family: Family, processor: Any, model: Any, collate: Callable[..., Any]
) -> None:
    batch = collate(*((size, "Where is the dog?", "Here.") for size in SIZES))
    inputs = {k: v for k, v in batch.items() if k not in ("labels", "step_ids")}
    with torch.inference_mode():
        assert count_tokens(processor, model, inputs) == count_features(model, inputs)
        together = model(**inputs).logits
        for row, size in enumerate(SIZES):
            alone = collate((size, "Where is the dog?", "Here."))
            for key in ("labels", "step_ids"):
                del alone[key]
            expected = model(**alone).logits[0]
            torch.testing.assert_close(together[row, : len(expected)], expected, atol=2e-4, rtol=1e-3)


def test_a_training_step_has_a_finite_loss(family: Family, model: Any, collate: Callable[..., Any]) -> None:
    batch = collate(("wide", "Where is the dog?", "Here."), ("tall", "And it?", "It is here."))
    del batch["step_ids"]
    model = copy.deepcopy(model).train()
    loss = model(**batch).loss
    loss.backward()
    assert loss.isfinite()
    assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


def test_a_prompt_without_a_picture(family: Family, processor: Any, model: Any) -> None:
    prompts = ["What is this?", "Where is the dog? And it?"]
    inputs = prompt_inputs(processor, prompts, None)
    assert "pixel_values" not in inputs
    with torch.inference_mode():
        logits = model(**inputs).logits
        alone = model(**prompt_inputs(processor, prompts[:1], None)).logits
    torch.testing.assert_close(logits[0, -1], alone[0, -1], atol=2e-4, rtol=1e-3)


def test_left_padding_is_no_part_of_a_prompt(family: Family, processor: Any, model: Any) -> None:
    pictures = [Image.new("RGB", size, "red") for size in ((150, 90), (30, 24))]
    prompts = ["Where is the dog?", "Is it?"]
    inputs = prompt_inputs(processor, prompts, pictures)
    assert inputs["attention_mask"][:, -1].all()
    with torch.inference_mode():
        together = model(**inputs).logits[:, -1]
        for row in range(2):
            alone = model(**prompt_inputs(processor, [prompts[row]], [pictures[row]])).logits[0, -1]
            torch.testing.assert_close(together[row], alone, atol=2e-4, rtol=1e-3)
