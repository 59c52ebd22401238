"""The same decision serves twin experts, LoRA, and several named adapters."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model

from twist_scout import TwistConfig
from twist_scout.errors import BadConfig
from twist_scout.routing.switching import adapter_for

CONFIGS = {
    "twist": lambda: TwistConfig(layers="all"),
    "lora": lambda: LoraConfig(r=4, target_modules=["q_proj", "v_proj"], init_lora_weights=False),
}
INPUT = {"input_ids": torch.arange(3, 40)[None]}


def logits(model: Any, mode: str) -> torch.Tensor:
    with torch.inference_mode(), adapter_for(model, mode):
        return model(**INPUT).logits


def disturbed(model: Any) -> Any:
    """Adapters that have learnt something."""
    torch.manual_seed(1)
    for name, parameter in model.named_parameters():
        if any(part in name for part in ("lora_", "twin_")):
            parameter.data.add_(torch.randn_like(parameter) * 0.2)
    return model.eval()


@pytest.fixture(params=CONFIGS)
def two_skills(request, make_tiny_model) -> Any:
    base = make_tiny_model()
    model = get_peft_model(base, CONFIGS[request.param](), adapter_name="grounding")
    model.add_adapter("medical", CONFIGS[request.param]())
    return disturbed(model)


def test_understanding_is_the_base_to_the_bit_and_skills_differ(two_skills, make_tiny_model) -> None:
    base = logits(make_tiny_model(), "understanding")
    assert torch.equal(logits(two_skills, "understanding"), base)
    grounding, medical = logits(two_skills, "grounding"), logits(two_skills, "medical")
    assert not torch.equal(grounding, base)
    assert not torch.equal(medical, base)
    assert not torch.equal(medical, grounding)
    assert torch.equal(logits(two_skills, "grounding"), grounding)
    assert torch.equal(logits(two_skills, "understanding"), base)


def test_the_adapter_in_use_is_in_use_again_afterwards(two_skills) -> None:
    two_skills.set_adapter("grounding")
    in_use = []

    def fail() -> None:
        with adapter_for(two_skills, "medical"):
            in_use.append(two_skills.active_adapter)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert [*in_use, two_skills.active_adapter] == ["medical", "grounding"]


def test_grounding_is_whatever_adapter_there_is(make_tiny_model) -> None:
    model = disturbed(get_peft_model(make_tiny_model(), CONFIGS["lora"]()))
    with torch.inference_mode():
        assert torch.equal(logits(model, "grounding"), model(**INPUT).logits)


def test_a_skill_without_an_adapter_is_refused(two_skills, make_tiny_model) -> None:
    with pytest.raises(BadConfig, match="no adapter 'legal'"):
        adapter_for(two_skills, "legal")
    bare = make_tiny_model()
    assert torch.equal(logits(bare, "legal"), logits(bare, "understanding"))
