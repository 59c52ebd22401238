from __future__ import annotations

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import (
    BertConfig,
    BertModel,
    Blip2Config,
    Blip2ForConditionalGeneration,
    CLIPVisionConfig,
    CLIPVisionModel,
    Ernie4_5_VLMoeConfig,
    Ernie4_5_VLMoeForConditionalGeneration,
    Florence2Config,
    Florence2ForConditionalGeneration,
    IdeficsConfig,
    IdeficsForVisionText2Text,
    Llama4ForCausalLM,
    Llama4TextConfig,
    LongcatFlashConfig,
    LongcatFlashForCausalLM,
    MambaConfig,
    MambaForCausalLM,
    Phi3Config,
    Phi3ForCausalLM,
    T5Config,
    T5ForConditionalGeneration,
    XLMConfig,
    XLMWithLMHeadModel,
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


def t5():
    """Its encoder is not as deep as its decoder."""
    sizes = {"vocab_size": 50, "d_model": 32, "d_kv": 8, "d_ff": 48, "num_heads": 4, "pad_token_id": 0}
    return T5ForConditionalGeneration(T5Config(**sizes, num_layers=2, num_decoder_layers=3))


def blip2_with_t5():
    """A Q-Former and an encoder as deep and as wide as the decoder."""
    vision = {key: value for key, value in SMALL.items() if key != "vocab_size"}
    text = {"model_type": "t5", "vocab_size": 50, "d_model": 32, "d_kv": 8, "d_ff": 48, "num_layers": 3, "num_heads": 4}
    return Blip2ForConditionalGeneration(Blip2Config(vision_config=vision, qformer_config=SMALL, text_config=text))


def florence2():
    bart = {"d_model": 32, "encoder_layers": 2, "decoder_layers": 3, "encoder_ffn_dim": 48, "decoder_ffn_dim": 48}
    heads = {"encoder_attention_heads": 4, "decoder_attention_heads": 4, "vocab_size": 50, "model_type": "bart"}
    vision = {"depths": (1, 1, 1, 1), "embed_dim": (8, 8, 8, 8), "num_heads": (2, 2, 2, 2), "num_groups": (2, 2, 2, 2)}
    options = Florence2Config(text_config={**bart, **heads}, vision_config={**vision, "projection_dim": 32})
    with torch.device("meta"):
        return Florence2ForConditionalGeneration(options)


def idefics():
    """Its vision tower is no model of its own, and its layers that look at pictures lie in a list of their own."""
    vision = {**SMALL, "embed_dim": 32, "image_size": 28, "patch_size": 14}
    options = IdeficsConfig(**SMALL, cross_layer_interval=1, vision_config=vision, qk_layer_norms=False)
    return IdeficsForVisionText2Text(options)


def ernie():
    """Its layer asks for the class of its mixture, so that must stay where it is."""
    rope = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [1, 1, 2]}
    text = {**SMALL, "moe_intermediate_size": [24, 8], "moe_num_experts": 4, "moe_k": 2, "rope_parameters": rope}
    with torch.device("meta"):
        return Ernie4_5_VLMoeForConditionalGeneration(Ernie4_5_VLMoeConfig(text_config=text))


def xlm():
    """Its networks lie in one list and its attention in another."""
    return XLMWithLMHeadModel(XLMConfig(n_words=50, emb_dim=32, n_layers=3, n_heads=4))


DECODERS = {
    # without the shell that adds the norm and the residual
    t5: "decoder.block.{}.layer.2.DenseReluDense",
    blip2_with_t5: "language_model.decoder.block.{}.layer.2.DenseReluDense",
    florence2: "model.language_model.decoder.layers.{}.fc2",
    idefics: "model.layers.{}.mlp",
    xlm: "transformer.ffns.{}",
}


@pytest.mark.parametrize(("build", "path"), DECODERS.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_of_several_lists_the_text_decoders_is_found(build, path):
    assert paths(build()) == [path.format(number) for number in range(3)]


def test_a_part_stands_for_a_network_that_must_stay():
    found = paths(ernie())
    assert found == ["model.language_model.layers.0.mlp"] + [
        f"model.language_model.layers.{number}.mlp.shared_experts" for number in (1, 2)
    ]


def test_a_shell_is_looked_through_again_behind_a_tuner():
    base = t5()
    before = paths(base)
    model = get_peft_model(base, TwistConfig(layers="all"))
    assert paths(model.get_base_model()) == before


def test_layers_that_count_twice_are_found_by_what_they_are():
    sizes = {"vocab_size": 50, "hidden_size": 32, "num_layers": 2, "num_attention_heads": 4, "ffn_hidden_size": 48}
    latent = {"kv_lora_rank": 16, "q_lora_rank": 16, "qk_nope_head_dim": 8, "qk_rope_head_dim": 4, "v_head_dim": 8}
    experts = {"n_routed_experts": 4, "zero_expert_num": 2, "moe_topk": 2, "expert_ffn_hidden_size": 24}
    model = LongcatFlashForCausalLM(LongcatFlashConfig(**sizes, **latent, **experts))
    assert model.config.num_hidden_layers == 4
    assert paths(model) == [f"model.layers.{number}.mlp" for number in range(2)]


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (torch.nn.Linear(2, 2), "Linear has no config"),
        (
            MambaForCausalLM(MambaConfig(vocab_size=50, hidden_size=32, num_hidden_layers=3)),
            r"3 layers.*hidden size 32.*backbone\.layers \(MambaBlock with norm, mixer\)",
        ),
    ],
)
def test_what_was_looked_for_and_found_is_said(model, says):
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


@pytest.mark.parametrize(
    "model",
    [
        CLIPVisionModel(CLIPVisionConfig(**{key: value for key, value in SMALL.items() if key != "vocab_size"})),
        BertModel(BertConfig(**SMALL)),
    ],
)
def test_encoders_are_models_like_any_other(model):
    # a bare encoder has layers, and they are its "decoder"; nothing stops a user from twinning them
    assert len(paths(model)) == 3


def test_a_twin_on_a_bare_encoder_wraps():
    model = get_peft_model(BertModel(BertConfig(**SMALL)), TwistConfig()).eval()
    assert list(model.alphas()) == [0, 2]


def test_every_second_layer_is_selected():
    config = Phi3Config(**SMALL, eos_token_id=2, bos_token_id=1)
    model = get_peft_model(Phi3ForCausalLM(config), TwistConfig()).eval()
    assert list(model.alphas()) == [0, 2]
