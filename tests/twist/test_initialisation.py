from __future__ import annotations

import pytest
import torch
from transformers import Llama4ForCausalLM, Llama4TextConfig

from twist_scout.errors import BadConfig, BadModel
from twist_scout.twist import TwistConfig, count_expert_use, find_decoder_ffns
from twist_scout.twist.experts import ExpertBank, WholeExperts
from twist_scout.twist.initialisation import build_experts

HIDDEN = 32


def build(family, layer=1, **options):
    ffn = next(ffn for ffn in find_decoder_ffns(family.model()) if ffn.index == layer)
    experts, router = build_experts(ffn, TwistConfig(**options), HIDDEN)
    return ffn.module, experts, router


def test_a_dense_network_is_copied(dense):
    x = torch.randn(2, 5, HIDDEN)
    for init in ("first", "most_used", "mean"):
        module, experts, router = build(dense, num_experts=3, init=init)
        assert isinstance(experts, ExpertBank)
        for number in range(3):
            weights = experts.expert(number)
            assert torch.equal(experts.form.run(x, weights), module(x))
        stored = {p.data_ptr() for p in module.parameters()}
        assert not stored & {p.data_ptr() for p in experts.parameters()}
        assert router.weight.shape == (3, HIDDEN)


def test_experts_of_a_mixture_come_with_their_rows(mixed):
    module, experts, router = build(mixed, num_experts=3)
    assert torch.equal(experts.gate_up_proj, module.experts.gate_up_proj[:3])
    assert torch.equal(experts.down_proj, module.experts.down_proj[:3])
    assert torch.equal(router.weight, module.gate.weight[:3])


def test_the_most_used_are_picked(mixed):
    use = {"1": [3, 9, 0, 7]}
    module, experts, router = build(mixed, init="most_used", expert_use=use)
    assert torch.equal(experts.down_proj, module.experts.down_proj[[1, 3]])
    assert torch.equal(router.weight, module.gate.weight[[1, 3]])


@pytest.mark.parametrize("use", [None, {"3": [1, 2, 3, 4]}, {"1": [1, 2]}])
def test_most_used_needs_counts(mixed, use):
    with pytest.raises(BadConfig, match=r"4 counts for layer 1.*count_expert_use"):
        build(mixed, init="most_used", expert_use=use)


def test_use_is_counted(mixed):
    model, batch = mixed.model(), mixed.inputs()
    use = count_expert_use(model, [batch, batch])
    layers = [1, 3] if mixed.sees else [0, 1, 2, 3]
    tokens = batch["input_ids"].numel()
    assert list(use) == [str(layer) for layer in layers]
    assert all(sum(counts) == 2 * 2 * tokens for counts in use.values())  # two batches, top-2
    chosen = []
    block = find_decoder_ffns(model)[layers[0]].module
    block.gate.register_forward_hook(lambda _m, _a, out: chosen.append(out[2]))
    with torch.no_grad():
        model(**batch)
    expected = torch.bincount(chosen[0].reshape(-1), minlength=4) * 2
    assert use[str(layers[0])] == expected.tolist()
    assert not block.experts._forward_pre_hooks


def test_a_dense_base_has_no_use_to_count(dense):
    with pytest.raises(BadModel, match="no mixture"):
        count_expert_use(dense.model(), [])


def test_the_mean_is_the_mean(mixed):
    module, experts, _ = build(mixed, init="mean")
    for number in range(2):
        torch.testing.assert_close(experts.down_proj[number], module.experts.down_proj.mean(0))


def test_more_experts_than_the_mixture_has_begin_again_but_route_apart(mixed):
    module, experts, router = build(mixed, num_experts=6)
    assert torch.equal(experts.down_proj[4:], module.experts.down_proj[:2])
    assert len({tuple(row.tolist()) for row in router.weight}) == 6


def test_noise_is_relative_to_each_weight(family):
    layer = 1
    _, plain, _ = build(family, layer, num_experts=2)
    torch.manual_seed(0)
    _, noisy, _ = build(family, layer, num_experts=2, init="copy+noise", init_noise=0.1)
    for before, after in zip(plain.parameters(), noisy.parameters(), strict=True):
        for own_before, own_after in zip(before, after, strict=True):
            ratio = (own_after - own_before).std() / own_before.std()
            assert 0.05 < ratio < 0.2


def test_new_units_are_few_and_silent(family):
    module, experts, _ = build(family, expert_rank=2)
    x = torch.randn(7, HIDDEN)
    assert experts.down_proj.shape == (2, HIDDEN, 2)
    assert torch.equal(experts(x, torch.zeros(7, dtype=torch.long)), torch.zeros(7, HIDDEN))
    most = sum(p.numel() for p in module.parameters())
    assert sum(p.numel() for p in experts.parameters()) < most / 4


@pytest.mark.parametrize("rank", [1, 3])
def test_new_units_change_the_function_by_their_rank(dense, rank):
    _, experts, _ = build(dense, expert_rank=rank, num_experts=1)
    torch.nn.init.normal_(experts.down_proj)
    x = torch.randn(HIDDEN, dtype=torch.float32)
    change = torch.autograd.functional.jacobian(lambda v: experts(v[None], None)[0], x)
    assert torch.linalg.matrix_rank(change, rtol=1e-4) == rank


def test_one_expert_needs_no_router(family):
    assert build(family, num_experts=1)[2] is None


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_the_dtype_is_the_configs(family, dtype):
    _, experts, router = build(family, expert_dtype=dtype)
    assert {p.dtype for p in experts.parameters()} == {getattr(torch, dtype)}
    assert router.weight.dtype == torch.float32


class Twisted(torch.nn.Module):
    """A network with something of its own in the forward pass."""

    def __init__(self):
        super().__init__()
        self.up, self.down = torch.nn.Linear(HIDDEN, 48), torch.nn.Linear(48, HIDDEN)
        self.scale = torch.nn.Parameter(torch.tensor(0.5))

    def forward(self, x):
        return self.down(self.up(x).relu() * self.scale)


def test_an_unreadable_network_is_copied_whole(llama_family, wrap, logits):
    model = llama_family.model()
    torch.manual_seed(0)
    for layer in model.model.layers:
        layer.mlp = Twisted()
    model.requires_grad_(False)
    batch = llama_family.inputs()
    before = logits(model, batch)
    from peft import get_peft_model

    wrapped = get_peft_model(model, TwistConfig(num_experts=1)).eval()
    assert isinstance(wrapped.base_model.model.model.layers[0].mlp.twin_experts["default"], WholeExperts)
    assert torch.equal(logits(wrapped, batch), before)
    wrapped.train()(**batch, labels=batch["input_ids"]).loss.backward()
    assert wrapped.base_model.model.model.layers[0].mlp.twin_experts["default"].copies[0].scale.grad


def test_an_unreadable_mixture_is_refused_with_a_remedy():
    config = Llama4TextConfig(
        vocab_size=50,
        hidden_size=32,
        intermediate_size=48,
        intermediate_size_mlp=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_local_experts=2,
        moe_layers=[1],
        head_dim=8,
        pad_token_id=0,
    )
    ffn = find_decoder_ffns(Llama4ForCausalLM(config))[1]
    with pytest.raises(BadModel, match=r"layers\.1\.feed_forward.*expert_rank"):
        build_experts(ffn, TwistConfig(), 32)
    experts, _ = build_experts(ffn, TwistConfig(expert_rank=4), 32)
    assert isinstance(experts, ExpertBank)
