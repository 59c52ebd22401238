from __future__ import annotations

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import (
    BertConfig,
    BertModel,
    CLIPVisionConfig,
    CLIPVisionModel,
    Llama4ForCausalLM,
    Llama4TextConfig,
    OPTConfig,
    OPTForCausalLM,
    Phi3Config,
    Phi3ForCausalLM,
    T5Config,
    T5ForConditionalGeneration,
)

from twist_scout.errors import BadModel
from twist_scout.twist import TwistConfig, find_decoder_ffns
from twist_scout.twist.anatomy import is_mixture

SMALL = {
    "vocab_size": 50,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "pad_token_id": 0,
}


def paths(model):
    return [ffn.path for ffn in find_decoder_ffns(model)]


def test_the_decoders_networks_are_found(family):
    model = family.model()
    root = "model.language_model" if family.sees else "model"
    assert paths(model) == [f"{root}.layers.{n}.mlp" for n in range(4)]
    for number, ffn in enumerate(find_decoder_ffns(model)):
        assert ffn.index == number
        assert model.get_submodule(ffn.path) is ffn.module


def test_they_are_found_again_behind_a_tuner(family, wrap):
    base = [type(ffn.module) for ffn in find_decoder_ffns(family.model())]
    model = wrap(family).get_base_model()
    assert [type(ffn.module) for ffn in find_decoder_ffns(model)] == base


def test_no_name_decides():
    # llama4 says feed_forward; its mixtures return a tuple
    config = Llama4TextConfig(**SMALL, intermediate_size_mlp=48, num_local_experts=2, moe_layers=[1], head_dim=8)
    model = Llama4ForCausalLM(config)
    assert paths(model) == [f"model.layers.{n}.feed_forward" for n in range(3)]
    assert [is_mixture(ffn.module) for ffn in find_decoder_ffns(model)] == [False, True, False]


def test_an_encoder_decoder_is_twinned_in_its_decoder():
    config = T5Config(vocab_size=50, d_model=32, d_kv=8, d_ff=48, num_layers=3, num_heads=4, pad_token_id=0)
    found = paths(T5ForConditionalGeneration(config))
    assert len(found) == 3
    # without the shell that adds the norm and the residual
    assert found == [f"decoder.block.{n}.layer.2.DenseReluDense" for n in range(3)]


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (torch.nn.Linear(2, 2), "Linear has no config"),
        (
            OPTForCausalLM(OPTConfig(**{**SMALL, "ffn_dim": 48, "word_embed_proj_dim": 32})),
            "model.decoder.layers.*fc1, fc2",  # the matrices lie in the layer itself
        ),
    ],
)
def test_what_was_found_is_said(model, says):
    with pytest.raises(BadModel, match=says):
        find_decoder_ffns(model)


def test_a_model_without_layers_is_said():
    model = Phi3ForCausalLM(Phi3Config(**SMALL))
    model.model.layers = torch.nn.ModuleList()
    with pytest.raises(BadModel, match=r"3 layers.*hidden size 32.*none"):
        find_decoder_ffns(model)


def test_wrapping_a_lora_model_twins_the_same_layers(llama_family):
    # another peft method may already sit inside the networks
    lora = get_peft_model(llama_family.model(), LoraConfig(target_modules=["q_proj"]))
    assert len(find_decoder_ffns(lora.get_base_model())) == 4


def test_vision_and_text_encoders_are_models_like_any_other():
    # a bare encoder has layers, and they are its "decoder"; nothing stops a user from twinning them
    vision = CLIPVisionModel(CLIPVisionConfig(**{k: v for k, v in SMALL.items() if k != "vocab_size"}))
    assert len(paths(vision)) == 3
    with pytest.raises(BadModel, match="intermediate"):
        find_decoder_ffns(BertModel(BertConfig(**SMALL)))


def test_a_twin_on_a_bare_encoder_wraps(logits):
    config = Phi3Config(**SMALL, eos_token_id=2, bos_token_id=1)
    model = get_peft_model(Phi3ForCausalLM(config), TwistConfig()).eval()
    assert list(model.alphas()) == [0, 2]
