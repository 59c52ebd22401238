from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from transformers import (
    GptOssConfig,
    GptOssForCausalLM,
    Llama4ForCausalLM,
    Llama4TextConfig,
    MixtralConfig,
    MixtralForCausalLM,
)

from twist_scout.errors import BadModel
from twist_scout.twist import count_expert_use, find_decoder_ffns

TEXT = {
    "vocab_size": 50,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "num_local_experts": 4,
    "pad_token_id": 0,
}


def batch(rows=3, length=11):
    return {"input_ids": torch.randint(1, 50, (rows, length), generator=torch.Generator().manual_seed(0))}


def spread(model):
    torch.manual_seed(0)
    for parameter in model.parameters():
        if parameter.dim() > 1:
            nn.init.normal_(parameter, std=0.3)
    return model.eval()


class Listed(nn.Module):
    """A mixture as older models keep it: each expert is called with its own tokens."""

    def __init__(self, base: nn.Module) -> None:
        super().__init__()
        self.gate = nn.Linear(32, 4, bias=False)
        self.experts = nn.ModuleList(nn.Sequential(nn.Linear(32, 48), nn.SiLU(), nn.Linear(48, 32)) for _ in range(4))

    def forward(self, hidden_states: Tensor) -> Tensor:
        x = hidden_states.reshape(-1, 32)
        weights, choices = self.gate(x).softmax(-1).topk(2, dim=-1)
        output = torch.zeros_like(x)
        for number, expert in enumerate(self.experts):
            token, place = torch.where(choices == number)
            output[token] += weights[token, place, None] * expert(x[token])
        return output.view(hidden_states.shape)


def mixtral():
    return spread(MixtralForCausalLM(MixtralConfig(**TEXT, num_experts_per_tok=2)))


def gpt_oss():
    return spread(GptOssForCausalLM(GptOssConfig(**TEXT, num_experts_per_tok=2)))


def llama4():
    options = {"intermediate_size_mlp": 48, "moe_layers": [0, 1], "num_experts_per_tok": 2}
    return spread(Llama4ForCausalLM(Llama4TextConfig(**TEXT, **options)))


def listed():
    model = mixtral()
    for layer in model.model.layers:
        layer.mlp = Listed(layer.mlp)
    return spread(model)


def chosen(model, kind):
    """What the routers chose, seen from their own side."""
    seen = []

    def note(_module, args, output):
        logits = output if isinstance(output, Tensor) else output[-1 if kind is llama4 else 0]
        seen.append(logits.topk(2, dim=-1).indices)

    routers = {mixtral: "gate", gpt_oss: "router", llama4: "router", listed: "gate"}
    block = find_decoder_ffns(model)[1].module
    handle = getattr(block, routers[kind]).register_forward_hook(note)
    with torch.no_grad():
        model(**batch())
    handle.remove()
    return torch.bincount(seen[0].reshape(-1), minlength=4).tolist()


@pytest.mark.parametrize("kind", [mixtral, gpt_oss, llama4, listed])
def test_choices_are_counted_however_the_experts_are_called(kind):
    model = kind()
    use = count_expert_use(model, [batch(), batch()])
    assert list(use) == ["0", "1"]
    assert all(sum(counts) == 2 * 2 * 33 for counts in use.values())  # two batches, two experts for each token
    assert use["1"] == [2 * count for count in chosen(model, kind)]
    assert not any(part._forward_pre_hooks for part in model.modules())


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


def test_nothing_is_left_behind_when_a_batch_fails():
    model = mixtral()
    with pytest.raises(IndexError):
        count_expert_use(model, [{"input_ids": torch.tensor([[51]])}])
    assert not any(part._forward_pre_hooks for part in model.modules())


def test_a_dense_base_has_no_use_to_count(dense):
    with pytest.raises(BadModel, match="no mixture"):
        count_expert_use(dense.model(), [])
