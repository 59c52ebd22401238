"""The router in the product: each row of a batch has its own mode, and any adapter is served."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from PIL import Image

from twist_scout.errors import BadConfig
from twist_scout.grounder import Grounder
from twist_scout.routing import Router

PICTURE = Image.new("RGB", (60, 40), "red")
MIXED = ["Find the red car.", "What color is the car?", "Draw a box around the car.", "Hello!"]
MODES = ["grounding", "understanding", "grounding", "understanding"]


@pytest.fixture(scope="module")
def base(tiny_base: Path) -> Grounder:
    return Grounder.from_pretrained(tiny_base)


def with_lora(tiny_base: Path, *names: str, router: Router | None = None) -> Grounder:
    grounder = Grounder.from_pretrained(tiny_base)
    config: dict[str, Any] = {"r": 4, "target_modules": ["q_proj", "v_proj"], "init_lora_weights": False}
    model = get_peft_model(grounder.model, LoraConfig(**config), adapter_name=names[0])
    for name in names[1:]:
        model.add_adapter(name, LoraConfig(**config))
    return Grounder(model, grounder.processor, router=router)


def test_an_answer_says_its_mode_and_how_likely_it_was(tiny_base: Path, tiny_adapter: Path) -> None:
    grounder = Grounder.from_pretrained(tiny_base, tiny_adapter, "cpu")
    answers = grounder.ground(PICTURE, MIXED)
    assert [answer.mode for answer in answers] == MODES
    assert all(answer.probability > 0.8 for answer in answers)
    assert answers[0].to_dict(60, 40)["probability"] == answers[0].probability
    insisted = grounder.ground(PICTURE, "Find the red car.", "understanding")
    assert (insisted.mode, insisted.probability) == ("understanding", None)


def test_understanding_rows_beside_a_lora_adapter_are_the_base_model(tiny_base: Path, base: Grounder) -> None:
    lora = with_lora(tiny_base, "default")
    together = lora.ground(PICTURE, MIXED)
    assert [answer.mode for answer in together] == MODES
    for prompt, answer in zip(MIXED, together, strict=True):
        assert answer.text == lora.ground(PICTURE, prompt).text
        if answer.mode == "understanding":
            assert answer.text == base.ground(PICTURE, prompt).text
            assert torch.equal(lora.logits([PICTURE], [prompt]), base.logits([PICTURE], [prompt]))
        else:
            assert not torch.equal(lora.logits([PICTURE], [prompt]), base.logits([PICTURE], [prompt]))


def test_adapters_are_modes(tiny_base: Path) -> None:
    lora = with_lora(tiny_base, "grounding", "medical")
    prompt = ["Find the red car."]
    grounding, medical = (lora.logits([PICTURE], prompt, mode) for mode in ("grounding", "medical"))
    assert not torch.equal(grounding, medical)
    assert torch.equal(lora.logits([PICTURE], prompt), grounding)
    with pytest.raises(BadConfig, match="auto, grounding, understanding, medical"):
        lora.ground(PICTURE, prompt[0], "legal")


def test_a_router_of_ones_own_is_asked(tiny_base: Path) -> None:
    cautious = with_lora(tiny_base, "default", router=Router(confidence=1.0))
    assert {answer.mode for answer in cautious.ground(PICTURE, MIXED)} == {"understanding"}
