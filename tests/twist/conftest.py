"""Tiny random models that stand for the families users bring, and fixtures over them.

`family` runs a test on all of them, `dense` and `mixed` on those with a dense or a
mixture-of-experts decoder, `variant` with every kind of twin.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
import torch
from peft import get_peft_model
from torch import Tensor, nn
from transformers import (
    CLIPVisionConfig,
    LlamaConfig,
    LlamaForCausalLM,
    LlavaConfig,
    LlavaForConditionalGeneration,
    MixtralConfig,
    MixtralForCausalLM,
    PhiConfig,
    PhiForCausalLM,
    Qwen3MoeConfig,
)

from twist_scout.twist import TwistConfig

VOCAB = 96
IMAGE = 5  # id of the image token
PATCHES = 4  # image tokens per picture
TEXT = {
    "vocab_size": VOCAB,
    "hidden_size": 32,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}


def llava(text: Any) -> LlavaForConditionalGeneration:
    """A LLaVA whose vision tower is as deep and as wide as its decoder."""
    vision = CLIPVisionConfig(
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=4,
        num_attention_heads=2,
        image_size=16,
        patch_size=8,
    )
    config = LlavaConfig(vision_config=vision, text_config=text, image_token_index=IMAGE, pad_token_id=0)
    return LlavaForConditionalGeneration(config)


def llava_moe() -> nn.Module:
    """A 4-expert top-2 Qwen3-MoE decoder with mixtures in alternate layers, as MoE-LLaVA has."""
    text = Qwen3MoeConfig(
        **TEXT,
        intermediate_size=64,
        moe_intermediate_size=48,
        num_experts=4,
        num_experts_per_tok=2,
        decoder_sparse_step=2,
        head_dim=8,
        norm_topk_prob=True,
        tie_word_embeddings=True,
    )
    return llava(text)


def llava_llama() -> nn.Module:
    return llava(LlamaConfig(**TEXT, intermediate_size=64))


def llava_phi() -> nn.Module:
    """Phi: attention and FFN in parallel, un-gated FFN with biases, as MoE-LLaVA's."""
    return llava(PhiConfig(**{**TEXT, "num_key_value_heads": 4}, intermediate_size=64))


def llama() -> nn.Module:
    return LlamaForCausalLM(LlamaConfig(**TEXT, intermediate_size=64))


def phi() -> nn.Module:
    return PhiForCausalLM(PhiConfig(**{**TEXT, "num_key_value_heads": 4}, intermediate_size=64))


def mixtral() -> nn.Module:
    return MixtralForCausalLM(
        MixtralConfig(
            **TEXT,
            intermediate_size=48,
            num_local_experts=4,
            num_experts_per_tok=2,
            router_jitter_noise=0.1,
        )
    )


@dataclass(frozen=True)
class Family:
    """One base model of the matrix."""

    name: str
    build: Any
    is_mixture: bool
    sees: bool

    def model(self) -> nn.Module:
        torch.manual_seed(0)
        model = self.build().eval()
        with torch.no_grad():  # biases start at zero, which would hide a bias that is used wrongly
            for name, parameter in model.named_parameters():
                if name.endswith("bias"):
                    parameter.normal_(std=0.02)
                elif parameter.dim() > 1:
                    parameter.mul_(3)  # far enough from linear for mistakes to show
        return model

    def inputs(
        self,
        rows: int = 3,
        length: int = 12,
        padding: tuple[int, ...] = (0, 3, 1),
        side: str = "right",
    ) -> dict[str, Tensor]:
        """A padded batch; ``padding[n]`` positions of row n are padding."""
        generator = torch.Generator().manual_seed(1)
        ids = torch.randint(6, VOCAB, (rows, length), generator=generator)
        mask = torch.ones_like(ids)
        for row, count in enumerate(padding[:rows]):
            if count:
                where = slice(-count, None) if side == "right" else slice(0, count)
                ids[row, where], mask[row, where] = 0, 0
        batch = {"input_ids": ids, "attention_mask": mask}
        if self.sees:
            first = 0 if side == "right" else max(padding[:rows])
            ids[:, first + 1 : first + 1 + PATCHES] = IMAGE
            batch["pixel_values"] = torch.randn(rows, 3, 16, 16, generator=generator)
        return batch


FAMILIES = [
    Family("llava-qwen3moe", llava_moe, is_mixture=True, sees=True),
    Family("llava-llama", llava_llama, is_mixture=False, sees=True),
    Family("llava-phi", llava_phi, is_mixture=False, sees=True),
    Family("llama", llama, is_mixture=False, sees=False),
    Family("phi", phi, is_mixture=False, sees=False),
    Family("mixtral", mixtral, is_mixture=True, sees=False),
]

VARIANTS: dict[str, dict[str, Any]] = {
    "one": {"num_experts": 1},
    "default": {},
    "four-top2": {"num_experts": 4, "top_k": 2, "layers": "all"},
    "rank": {"expert_rank": 4},
    "alpha-per-layer": {"alpha_scope": "layer", "alpha_init": 0.3},
}


@pytest.fixture(params=FAMILIES, ids=lambda family: family.name)
def family(request) -> Family:
    return request.param


@pytest.fixture(params=[f for f in FAMILIES if not f.is_mixture], ids=lambda family: family.name)
def dense(request) -> Family:
    return request.param


@pytest.fixture(params=[f for f in FAMILIES if f.is_mixture], ids=lambda family: family.name)
def mixed(request) -> Family:
    return request.param


@pytest.fixture(params=VARIANTS.values(), ids=VARIANTS.keys())
def variant(request) -> dict[str, Any]:
    return request.param


@pytest.fixture
def llava_family() -> Family:
    return FAMILIES[0]


@pytest.fixture
def llama_family() -> Family:
    return FAMILIES[3]


@pytest.fixture
def wrap():
    """A model with one twin that has left its start: its experts, router and alpha are shaken."""

    def wrapped(family: Family, *, shaken: bool = True, name: str = "default", **options: Any):
        model = get_peft_model(family.model(), TwistConfig(**options), adapter_name=name).eval()
        if shaken:
            shake(model, name)
        return model

    return wrapped


def shake(model: nn.Module, name: str = "default", seed: int = 2) -> None:
    """Move one adapter's parameters away from their start."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for path, parameter in model.named_parameters():
            if "twin_" in path and f".{name}." in path:
                noise = torch.randn(parameter.shape, generator=generator)
                parameter.add_(noise.to(parameter), alpha=0.2)


@pytest.fixture(name="shake")
def shake_fixture():
    return shake


@pytest.fixture
def logits():
    def run(model: nn.Module, batch: dict[str, Tensor], **kwargs: Any) -> Tensor:
        with torch.no_grad():
            return model(**batch, **kwargs).logits

    return run


@pytest.fixture
def answers():
    """Eight greedy tokens after a left-padded prompt, with the key-value cache."""

    def run(model: nn.Module, family: Family, **kwargs: Any) -> Tensor:
        batch = family.inputs(side="left")
        return model.generate(**batch, max_new_tokens=8, min_new_tokens=8, do_sample=False, **kwargs)

    return run
