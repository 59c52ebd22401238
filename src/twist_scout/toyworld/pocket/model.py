"""The pocket base: an ordinary LLaVA, small enough for two CPU cores.

======================  =================================================================
vision tower            SigLIP, 144 x 144 px, 12 x 12 patches of 12 px, no pooling head
projector               LLaVA's two-layer MLP
decoder                 Qwen3-MoE: 4 experts (top 2) in every other layer, dense between
======================  =================================================================

Nothing here is special: ``AutoModelForImageTextToText`` and ``AutoProcessor`` load the folder as they load any LLaVA.
"""

from __future__ import annotations

from transformers import (
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    Qwen3MoeConfig,
    SiglipVisionConfig,
)
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

from twist_scout.toyworld.pocket.tokenizer import ASSISTANT, END, IMAGE, PAD, USER, build_tokenizer

IMAGE_SIZE = 144
PATCH = 12
GRID = IMAGE_SIZE // PATCH
WIDTH = 224

#: One user turn with its picture first, one assistant turn, and so on.
CHAT_TEMPLATE = (
    "{% for m in messages %}"
    "{% if m['role'] == 'assistant' %}" + ASSISTANT + "{% generation %}"
    "{% if m['content'] is string %}{{ m['content'] }}{% else %}"
    "{% for c in m['content'] %}{% if c['type'] == 'text' %}{{ c['text'] }}{% endif %}{% endfor %}{% endif %}"
    + END
    + "{% endgeneration %}"
    "{% else %}" + USER + "{% if m['content'] is string %}{{ m['content'] }}{% else %}"
    "{% for c in m['content'] %}{% if c['type'] == 'image' %}" + IMAGE + "{% endif %}{% endfor %}"
    "{% for c in m['content'] %}{% if c['type'] == 'text' %}{{ c['text'] }}{% endif %}{% endfor %}"
    "{% endif %}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}" + ASSISTANT + "{% endif %}"
)


def build_processor() -> LlavaProcessor:
    """Tokenizer, image processor (plain resize to the square, no crop) and chat template."""
    images = SiglipImageProcessorPil(size={"height": IMAGE_SIZE, "width": IMAGE_SIZE}, resample=3, do_convert_rgb=True)
    return LlavaProcessor(
        image_processor=images,
        tokenizer=build_tokenizer(),
        patch_size=PATCH,
        vision_feature_select_strategy="full",
        chat_template=CHAT_TEMPLATE,
    )


def build_config(*, experts: bool = True) -> LlavaConfig:
    """The architecture. ``experts=False``: dense everywhere, the form in which training starts before upcycling.

    The projections start at ``1 / sqrt(width)``: at this width the usual 0.02 leaves attention flat, and words never bind to
    things.
    """
    tokenizer = build_tokenizer()
    text = Qwen3MoeConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        num_hidden_layers=6,
        num_attention_heads=WIDTH // 32,
        num_key_value_heads=WIDTH // 32,
        head_dim=32,
        intermediate_size=2 * WIDTH,
        moe_intermediate_size=2 * WIDTH,
        num_experts=4,
        num_experts_per_tok=2,
        norm_topk_prob=True,
        decoder_sparse_step=2,
        mlp_only_layers=[] if experts else list(range(6)),
        max_position_embeddings=1024,
        initializer_range=WIDTH**-0.5,
        tie_word_embeddings=False,
        pad_token_id=tokenizer.convert_tokens_to_ids(PAD),
        eos_token_id=tokenizer.convert_tokens_to_ids(END),
        bos_token_id=None,
    )
    vision = SiglipVisionConfig(
        image_size=IMAGE_SIZE,
        patch_size=PATCH,
        hidden_size=WIDTH,
        intermediate_size=3 * WIDTH,
        num_hidden_layers=6,
        num_attention_heads=WIDTH // 32,
        vision_use_head=False,
    )
    return LlavaConfig(
        vision_config=vision,
        text_config=text,
        image_token_index=tokenizer.convert_tokens_to_ids(IMAGE),
        image_token_id=tokenizer.convert_tokens_to_ids(IMAGE),
        vision_feature_layer=-1,
        vision_feature_select_strategy="full",
        image_seq_length=GRID * GRID,
        tie_word_embeddings=False,
    )


def build_model(*, experts: bool = True) -> LlavaForConditionalGeneration:
    """An untrained pocket base."""
    return LlavaForConditionalGeneration(build_config(experts=experts))
