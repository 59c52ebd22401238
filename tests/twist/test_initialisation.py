from __future__ import annotations

import pytest
import torch
from peft import get_peft_model
from transformers import JetMoeConfig
from transformers.models.jetmoe.modeling_jetmoe import JetMoeMoE

from twist_scout.errors import BadConfig, BadModel
from twist_scout.twist import DecoderFfn, TwistConfig, find_decoder_ffns
from twist_scout.twist.experts import ExpertBank, WholeExperts
from twist_scout.twist.initialisation import build_experts, start_alpha

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
    assert torch.equal(experts(x, torch.zeros(7, 1, dtype=torch.long)), torch.zeros(7, HIDDEN))
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
    wrapped = get_peft_model(model, TwistConfig(num_experts=1)).eval()
    assert isinstance(wrapped.base_model.model.model.layers[0].mlp.twin_experts["default"], WholeExperts)
    assert torch.equal(logits(wrapped, batch), before)
    wrapped.train()(**batch, labels=batch["input_ids"]).loss.backward()
    assert wrapped.base_model.model.model.layers[0].mlp.twin_experts["default"].copies[0].scale.grad


class Jet(torch.nn.Module):
    """A mixture that TWIST cannot read, in the place of a network."""

    def __init__(self):
        super().__init__()
        options = JetMoeConfig(hidden_size=HIDDEN, intermediate_size=48, num_local_experts=3, num_experts_per_tok=2)
        self.inside, self.more = JetMoeMoE(options), torch.nn.Parameter(torch.zeros(2))

    def forward(self, x):
        return self.inside(x)


class Shifting(torch.nn.Module):
    """A network that looks at the token before, as RWKV's does."""

    def __init__(self):
        super().__init__()
        self.up, self.down = torch.nn.Linear(HIDDEN, 48), torch.nn.Linear(48, HIDDEN)

    def forward(self, x):
        return self.down(self.up(x + x.roll(1, dims=1)).relu())


def spread(module):
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return module.eval()


@pytest.mark.parametrize(
    ("kind", "says"),
    [(Jet, r"experts of model\.layers\.1\.mlp \(Jet\).*cannot read"), (Shifting, r"layers\.1\.mlp.*more than a token")],
)
def test_what_cannot_be_copied_is_refused_with_a_remedy(llama_family, kind, says):
    torch.manual_seed(0)
    ffn = DecoderFfn(1, "model.layers.1.mlp", spread(kind()))
    with pytest.raises(BadModel, match=f"{says}.*expert_rank"):
        build_experts(ffn, TwistConfig(), HIDDEN)
    experts, _ = build_experts(ffn, TwistConfig(expert_rank=4), HIDDEN)
    assert isinstance(experts, ExpertBank)


class Quantised(torch.nn.Module):
    def __init__(self, dtype):
        super().__init__()
        self.up, self.down = torch.nn.Linear(HIDDEN, 48), torch.nn.Linear(48, HIDDEN)
        for part in (self.up, self.down):
            part.weight = torch.nn.Parameter(part.weight.detach().to(dtype), requires_grad=False)

    def forward(self, x):
        inner = torch.nn.functional.linear(x, self.up.weight.to(x.dtype), self.up.bias)
        return torch.nn.functional.linear(inner.relu(), self.down.weight.to(x.dtype), self.down.bias)


@pytest.mark.parametrize("dtype", [torch.int8, torch.float8_e4m3fn])
def test_quantised_weights_are_refused_with_a_remedy(dtype):
    ffn = DecoderFfn(1, "model.layers.1.mlp", Quantised(dtype))
    with pytest.raises(BadModel, match=r"layers\.1\.mlp are quantised.*expert_rank"):
        build_experts(ffn, TwistConfig(), HIDDEN)
    experts, _ = build_experts(ffn, TwistConfig(expert_rank=4), HIDDEN)
    assert {parameter.dtype for parameter in experts.parameters()} == {torch.float32}


def test_a_twin_that_is_the_network_starts_in_the_middle():
    assert start_alpha(0.0) == start_alpha(0.04) == 0.5


def test_an_unknown_twin_starts_close_to_the_base():
    assert start_alpha(None) == start_alpha(1.0) == start_alpha(0.2) == 0.95


@pytest.mark.parametrize("distance", [0.06, 0.5, 1.0, 1.5, 10.0, 40.0])
def test_no_twin_moves_the_output_by_more_than_a_twentieth(distance):
    assert (1 - start_alpha(distance)) * distance <= 0.05 + 1e-9


def test_alpha_never_starts_where_the_twin_cannot_learn():
    assert start_alpha(float("inf")) < 1
