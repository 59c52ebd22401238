"""What the twin of a mixture starts from, for every kind of mixture."""

from __future__ import annotations

import copy

import pytest
import torch
from peft import get_peft_model
from transformers import (
    DeepseekV3Config,
    DeepseekV3ForCausalLM,
    GptOssConfig,
    Llama4TextConfig,
    Qwen2MoeConfig,
    Qwen2MoeForCausalLM,
)
from transformers.models.deepseek_v3.modeling_deepseek_v3 import DeepseekV3MoE
from transformers.models.gpt_oss.modeling_gpt_oss import GptOssMLP
from transformers.models.llama4.modeling_llama4 import Llama4TextMoe
from transformers.models.muse_spark.configuration_muse_spark import MuseSparkTextConfig
from transformers.models.muse_spark.modeling_muse_spark import MuseSparkMoE
from transformers.models.qwen2_moe.modeling_qwen2_moe import Qwen2MoeSparseMoeBlock

from twist_scout.twist import DecoderFfn, TwistConfig, count_expert_use
from twist_scout.twist.anatomy import read_ffn
from twist_scout.twist.dispatch import mixture
from twist_scout.twist.initialisation import build_experts

HIDDEN = 32


def spread(module):
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return module.eval()


def text(kind, **more):
    """A mixture's options, with four experts of which two are chosen."""
    sizes = {"hidden_size": HIDDEN, "intermediate_size": 48, "moe_intermediate_size": 24, "num_experts_per_tok": 2}
    counts = {"num_experts": 4, "num_local_experts": 4, "n_routed_experts": 4}
    return kind(**{**sizes, **counts, **more})


def qwen2_moe():
    return Qwen2MoeSparseMoeBlock(text(Qwen2MoeConfig, shared_expert_intermediate_size=24, norm_topk_prob=True))


def qwen2_moe_as_published():
    return Qwen2MoeSparseMoeBlock(text(Qwen2MoeConfig, shared_expert_intermediate_size=24))


def deepseek():
    return DeepseekV3MoE(text(DeepseekV3Config, n_shared_experts=2, n_group=1, topk_group=1, routed_scaling_factor=2.5))


def gpt_oss():
    return GptOssMLP(text(GptOssConfig))


def llama4():
    return Llama4TextMoe(text(Llama4TextConfig, num_experts_per_tok=1))


def muse_spark():
    heads = {"num_attention_heads": 4, "num_key_value_heads": 4}
    return MuseSparkMoE(text(MuseSparkTextConfig, **heads, moe_hidden_size=16, routed_scaling_factor=2.0))


KINDS = [qwen2_moe, qwen2_moe_as_published, deepseek, gpt_oss, llama4, muse_spark]


def made(kind, **options):
    torch.manual_seed(0)
    block = spread(kind())
    experts, router = build_experts(DecoderFfn(1, "model.layers.1.mlp", block), TwistConfig(**options), HIDDEN)
    return block, experts, router


@pytest.mark.parametrize("init", ["first", "most_used", "mean", "copy+noise"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_start_works_on_every_kind_of_mixture(kind, init):
    block, experts, router = made(kind, init=init, expert_use={"1": [1, 5, 0, 9]})
    found = read_ffn(block, HIDDEN)
    seeds = {"most_used": [3, 1]}.get(init, [0, 1])
    x = torch.randn(7, HIDDEN)
    for number in range(2):
        output = experts(x, torch.full((7, 1), number))
        assert output.shape == (7, HIDDEN)
        if init == "mean":
            mean = torch.stack([own.down for own in found.experts]).mean(0)
            close_to_parallel(experts.down_proj[number], mean)
        else:
            ratio = experts.down_proj[number].std() / found.experts[seeds[number]].down.std()
            own = found.experts[seeds[number]].down * ratio
            torch.testing.assert_close(
                experts.down_proj[number], own, atol=0.05 * float(own.detach().abs().max()), rtol=0
            )
    if init not in ("mean", "copy+noise") and found.router is not None:
        assert torch.equal(router.weight, found.router[seeds])


def close_to_parallel(one, other):
    assert torch.nn.functional.cosine_similarity(one.flatten(), other.flatten(), dim=0) > 0.9999


def test_the_parts_around_the_experts_are_the_frozen_ones_and_no_parameters():
    block, experts, _ = made(qwen2_moe)
    assert experts.around.shared is block.shared_expert
    own = {id(parameter) for parameter in experts.parameters()}
    assert not own & {id(parameter) for parameter in block.parameters()}
    assert set(dict(experts.named_parameters())) == {"gate_up_proj", "down_proj"}


def test_a_twin_with_every_expert_is_the_mixture():
    block, experts, router = made(qwen2_moe, num_experts=4, top_k=2)
    x = torch.randn(2, 5, HIDDEN)
    with torch.no_grad():
        twin = mixture(x.view(-1, HIDDEN), experts, router(x.view(-1, HIDDEN)))
        torch.testing.assert_close(twin.view(x.shape), block(x), rtol=1e-4, atol=1e-5)


def test_a_scale_of_the_experts_is_part_of_their_copies():
    block, experts, _ = made(deepseek)
    torch.testing.assert_close(experts.down_proj, 2.5 * block.experts.down_proj[:2])
    assert torch.equal(experts.gate_up_proj, block.experts.gate_up_proj[:2])


def test_a_score_on_the_input_is_part_of_their_copies():
    block, experts, _ = made(llama4)
    ratio = experts.gate_up_proj / block.experts.gate_up_proj[:2].transpose(1, 2)
    assert 0 < ratio.min() <= ratio.max() < 1
    torch.testing.assert_close(ratio, ratio.mean().expand_as(ratio))


def test_behind_a_norm_a_scale_is_kept_apart():
    block, experts, _ = made(muse_spark)
    assert torch.equal(experts.gate_up_proj, block.experts.gate_up_proj[:2])
    assert torch.equal(experts.down_proj, block.experts.down_proj[:2])
    assert experts.around.weight == 2.0


def successors():
    return torch.randint(2, 32, (32,), generator=torch.Generator().manual_seed(4))


def sentences(rows, seed):
    """Every token but one in four follows from the one before it."""
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(2, 32, (rows, 16), generator=generator)
    keeps = torch.rand(rows, 16, generator=generator) < 0.75
    for place in range(1, 16):
        follows = successors()[ids[:, place - 1]]
        ids[:, place] = torch.where(keeps[:, place], follows, ids[:, place])
    return {"input_ids": ids, "labels": ids}


@pytest.mark.parametrize("kind", ["qwen2_moe", "deepseek_v3"])
def test_before_training_the_loss_of_a_trained_mixture_moves_by_less_than_a_hundredth(kind):
    torch.manual_seed(0)
    sizes = {"vocab_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 4}
    if kind == "qwen2_moe":
        model = Qwen2MoeForCausalLM(text(Qwen2MoeConfig, **sizes, shared_expert_intermediate_size=24))
    else:
        latent = {"kv_lora_rank": 16, "q_lora_rank": 16, "qk_nope_head_dim": 8, "qk_rope_head_dim": 4, "v_head_dim": 8}
        groups = {"n_group": 1, "topk_group": 1, "first_k_dense_replace": 0, "head_dim": 4}
        model = DeepseekV3ForCausalLM(text(DeepseekV3Config, **sizes, **latent, **groups))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    losses = []
    for step in range(60):
        loss = model(**sentences(32, step)).loss
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    model.eval().requires_grad_(False)
    held_out = sentences(64, 999)
    with torch.no_grad():
        base = float(model(**held_out).loss)
        assert base < 0.6 * losses[0]
        use = count_expert_use(model, [held_out])
        for options in ({}, {"num_experts": 1}, {"init": "mean"}, {"init": "most_used", "expert_use": use}):
            twinned = get_peft_model(copy.deepcopy(model), TwistConfig(**options)).eval()
            assert abs(float(twinned(**held_out).loss) / base - 1) < 0.01
