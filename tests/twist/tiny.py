"""Tiny random models that stand for the families users bring, and inputs for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
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
    """A LLaVA whose vision tower has as many layers, and as wide, as its decoder: only structure tells them apart."""
    vision = CLIPVisionConfig(
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=4,
        num_attention_heads=2,
        image_size=16,
        patch_size=8,
    )
    config = LlavaConfig(
        vision_config=vision, text_config=text, image_token_index=IMAGE, pad_token_id=0
    )
    return LlavaForConditionalGeneration(config)


def llava_moe() -> nn.Module:
    """The pocket model's shape: a 4-expert top-2 Qwen3-MoE decoder, mixtures in alternate layers."""
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
    """Phi: attention and FFN in parallel, un-gated FFN with biases. The base of MoE-LLaVA's published models."""
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
