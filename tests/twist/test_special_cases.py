from __future__ import annotations

import pytest
import torch
from torch import nn
from transformers import PI0Config, PI0ForConditionalGeneration

from twist_scout.errors import BadModel
from twist_scout.twist import find_decoder_ffns
from twist_scout.twist.special_cases import PARTS, UNSUPPORTED, refuse_unsupported


class Model(nn.Module):
    def __init__(self, model_type):
        super().__init__()
        self.config = type("Config", (), {"model_type": model_type})()


@pytest.mark.parametrize("kind", UNSUPPORTED)
def test_a_refusal_says_why_and_what_else(kind):
    with pytest.raises(BadModel, match=kind) as caught:
        refuse_unsupported(Model(kind))
    assert UNSUPPORTED[kind] in str(caught.value)


@pytest.mark.parametrize("model", [Model("llama"), nn.Linear(2, 2)], ids=["another type", "no config"])
def test_others_are_not_refused(model):
    refuse_unsupported(model)


def test_a_model_that_moves_robots_is_refused():
    text = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "head_dim": 8}
    sizes = {**text, "num_key_value_heads": 1, "vocab_size": 64}
    vision = {**text, "image_size": 28, "patch_size": 14, "model_type": "siglip_vision_model"}
    vlm = {"model_type": "paligemma", "text_config": {**sizes, "model_type": "gemma"}, "vision_config": vision}
    with torch.device("meta"):
        model = PI0ForConditionalGeneration(PI0Config(vlm_config=vlm, dit_config={**sizes, "model_type": "gemma"}))
    with pytest.raises(BadModel, match="robot"):
        find_decoder_ffns(model)


def test_the_parts_are_names_of_parts():
    from transformers import Ernie4_5_VLMoeConfig
    from transformers.models.ernie4_5_vl_moe import modeling_ernie4_5_vl_moe as ernie

    options = Ernie4_5_VLMoeConfig(text_config={"hidden_size": 16, "moe_intermediate_size": [24, 8]}).text_config
    for kind, part in PARTS.items():
        assert isinstance(getattr(getattr(ernie, kind)(options), part), nn.Module)
