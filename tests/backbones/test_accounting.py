"""The paper's parameter counts (Tables 7 and A.5), from the full-size model without its weights."""

from __future__ import annotations

import peft
import pytest
import torch
from transformers import PhiConfig

from twist_scout.backbones import MoeLlavaConfig, MoeLlavaForConditionalGeneration
from twist_scout.backbones.families import TOWERS
from twist_scout.twist import TwistConfig, TwistLayer

HIDDEN, INNER, MIXTURES = 2560, 10240, 16
EXPERT = HIDDEN * INNER + INNER + INNER * HIDDEN + HIDDEN  # Phi-2's feed-forward network


def moe_llava_phi2() -> MoeLlavaForConditionalGeneration:
    text = PhiConfig(vocab_size=51200, hidden_size=HIDDEN, intermediate_size=INNER, num_hidden_layers=32)
    vision = TOWERS["clip-vit-large-patch14-336"]
    with torch.device("meta"):
        return MoeLlavaForConditionalGeneration(MoeLlavaConfig(vision_config=vision, text_config=text))


def test_the_base_holds_four_experts_in_every_other_layer() -> None:
    model = moe_llava_phi2()
    experts = sum(p.numel() for name, p in model.named_parameters() if ".experts." in name)
    assert experts == MIXTURES * 4 * EXPERT
    # MoE-LLaVA reports 5.3 B, 3.6 B of them active, for everything but the vision tower
    total = sum(p.numel() for name, p in model.named_parameters() if "vision_tower" not in name)
    assert total / 1e9 == pytest.approx(5.3, abs=0.05)
    assert (total - experts // 2) / 1e9 == pytest.approx(3.6, abs=0.05)


@pytest.mark.parametrize(("experts", "trainable"), [(1, 0.839), (2, 1.678), (4, 3.356)])
def test_twins_cost_what_the_paper_says(experts: int, trainable: float) -> None:
    """E = 1, 2, 4 experts: 0.8, 1.6 and 3.3 B trainable (Table 7); of two, 0.8 B active with top-1."""
    model = peft.get_peft_model(moe_llava_phi2(), TwistConfig(num_experts=experts, top_k=1))
    counts = model.base_model.parameter_counts()
    router = MIXTURES * HIDDEN * experts if experts > 1 else 0
    alpha = 1
    assert counts["trainable"] == MIXTURES * experts * EXPERT + router + alpha
    assert counts["active"] == MIXTURES * EXPERT + router + alpha
    assert round(counts["trainable"] / 1e9, 3) == pytest.approx(trainable, abs=5e-4)
    assert round(counts["active"] / 1e9, 3) == 0.839
    twinned = [module.index for module in model.modules() if isinstance(module, TwistLayer)]
    assert twinned == list(range(0, 32, 2))
