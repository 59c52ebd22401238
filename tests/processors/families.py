"""The ten most-used families of vision-language models, LLaVA-NeXT and Idefics 3 beside them."""

from __future__ import annotations

from functools import partial
from typing import Any

from . import templates
from .family import PATCH, SIDE, WIDTH, Family, decoder, square, tower
from .tokenizers_of import make_tokenizer

GRID = [[SIDE, 2 * SIDE], [2 * SIDE, SIDE], [2 * SIDE, 2 * SIDE], [3 * SIDE, SIDE], [SIDE, 3 * SIDE]]
"""The canvases of the LLaVA families, (height, width): published checkpoints have the same shapes, of larger tiles."""

LLAMA = {"pad_token": "<pad>", "unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>", "add_bos_token": True}
QWEN = {"pad_token": "<|endoftext|>", "eos_token": "<|im_end|>", "bos_token": None, "unk_token": None}
GEMMA = {"pad_token": "<pad>", "eos_token": "<eos>", "bos_token": "<bos>", "unk_token": "<unk>", "add_bos_token": True}


def ids(tokenizer: Any, **names: str) -> dict[str, int]:
    """Token ids for a configuration."""
    return {name: tokenizer.convert_tokens_to_ids(token) for name, token in names.items()}


LLAVA = Family(
    "llava",
    tokenizer=partial(make_tokenizer, "llama", ["<image>"], named={"image_token": "<image>"}, **LLAMA),
    config=lambda t: {
        "model_type": "llava",
        "text_config": decoder(t, "llama"),
        "vision_config": tower("clip_vision_model", projection_dim=WIDTH),
        "image_seq_length": (SIDE // PATCH) ** 2,
        **ids(t, image_token_index="<image>"),
    },
    image={
        "image_processor_type": "CLIPImageProcessor",
        "processor_class": "LlavaProcessor",
        "size": {"shortest_edge": SIDE},
        "crop_size": square(),
    },
    processor={
        "processor_class": "LlavaProcessor",
        "patch_size": PATCH,
        "num_additional_image_tokens": 1,
        "vision_feature_select_strategy": "default",
        "image_token": "<image>",
    },
    template=templates.LLAVA,
    turn_end="</s>",
)

LLAVA_NEXT = Family(
    "llava_next",
    tokenizer=partial(make_tokenizer, "llama", ["<image>"], named={"image_token": "<image>"}, **LLAMA),
    config=lambda t: {
        "model_type": "llava_next",
        "text_config": decoder(t, "mistral"),
        "vision_config": tower("clip_vision_model", projection_dim=WIDTH),
        "image_grid_pinpoints": GRID,
        "image_seq_length": (SIDE // PATCH) ** 2,
        **ids(t, image_token_index="<image>"),
    },
    image={
        "image_processor_type": "LlavaNextImageProcessor",
        "processor_class": "LlavaNextProcessor",
        "size": {"shortest_edge": SIDE},
        "crop_size": square(),
        "image_grid_pinpoints": GRID,
    },
    processor={
        "processor_class": "LlavaNextProcessor",
        "patch_size": PATCH,
        "num_additional_image_tokens": 1,
        "vision_feature_select_strategy": "default",
        "image_token": "<image>",
    },
    template=templates.LLAVA_NEXT,
    turn_end="</s>",
)

LLAVA_ONEVISION = Family(
    "llava_onevision",
    tokenizer=partial(
        make_tokenizer,
        "qwen",
        ["<|im_start|>", "<image>", "<video>"],
        named={"image_token": "<image>", "video_token": "<video>"},
        **QWEN,
    ),
    config=lambda t: {
        "model_type": "llava_onevision",
        "text_config": decoder(t, "qwen2"),
        "vision_config": tower("siglip_vision_model", vision_use_head=False),
        "image_grid_pinpoints": GRID,
        **ids(t, image_token_index="<image>", video_token_index="<video>"),
    },
    image={
        "image_processor_type": "LlavaOnevisionImageProcessor",
        "processor_class": "LlavaOnevisionProcessor",
        "size": square(),
        "image_grid_pinpoints": GRID,
    },
    processor={
        "processor_class": "LlavaOnevisionProcessor",
        "num_image_tokens": (SIDE // PATCH) ** 2,
        "vision_feature_select_strategy": "full",
        "image_token": "<image>",
        "video_token": "<video>",
    },
    video={"video_processor_type": "LlavaOnevisionVideoProcessor", "size": square()},
    template=templates.LLAVA_ONEVISION,
    turn_end="<|im_end|>",
)


def _idefics(name: str, kind: str, start: str, eos: str, video: dict[str, Any], template: str) -> Family:
    """SmolVLM and Idefics 3: tiles of one size in a grid, each behind a mark of its row and column."""
    marks = [f"<row_{row}_col_{column}>" for row in range(1, 7) for column in range(1, 7)]
    special = ["<image>", "<fake_token_around_image>", "<global-img>", "<end_of_utterance>", *marks]
    return Family(
        name,
        tokenizer=partial(make_tokenizer, "bytes", special, pad_token="<pad>", bos_token=start, eos_token=eos),
        config=lambda t: {
            "model_type": name,
            "text_config": decoder(t, "llama"),
            "vision_config": tower(f"{name}_vision"),
            "scale_factor": 2,
            "pad_token_id": t.pad_token_id,
            **ids(t, image_token_id="<image>"),
        },
        image={
            "image_processor_type": f"{kind}ImageProcessor",
            "processor_class": f"{kind}Processor",
            "size": {"longest_edge": 4 * SIDE},
            "max_image_size": {"longest_edge": SIDE},
        },
        processor={"processor_class": f"{kind}Processor", "image_seq_len": (SIDE // PATCH // 2) ** 2},
        video=video,
        template=template,
        turn_end="<end_of_utterance>",
    )


SMOLVLM = _idefics(
    "smolvlm",
    "SmolVLM",
    "<|im_start|>",
    "<end_of_utterance>",
    {"video_processor_type": "SmolVLMVideoProcessor", "num_frames": 8, "fps": 1},
    templates.SMOLVLM,
)
IDEFICS3 = _idefics("idefics3", "Idefics3", "<|begin_of_text|>", "<|end_of_text|>", {}, templates.IDEFICS3)

PALIGEMMA = Family(
    "paligemma",
    tokenizer=partial(make_tokenizer, "gemma", ["<image>"], named={"image_token": "<image>"}, **GEMMA),
    config=lambda t: {
        "model_type": "paligemma",
        "text_config": decoder(t, "gemma", vocab_size=len(t) + 1152),  # the processor adds <loc....> and <seg...>
        "vision_config": tower("siglip_vision_model", vision_use_head=False),
        "projection_dim": WIDTH,
        "hidden_size": WIDTH,
        **ids(t, image_token_index="<image>"),
    },
    image={
        "image_processor_type": "SiglipImageProcessor",
        "processor_class": "PaliGemmaProcessor",
        "size": square(),
        "image_seq_length": (SIDE // PATCH) ** 2,
    },
    turn_end="<eos>",
)

GEMMA3 = Family(
    "gemma3",
    tokenizer=partial(
        make_tokenizer,
        "gemma",
        ["<start_of_turn>", "<end_of_turn>", "<start_of_image>", "<end_of_image>", "<image_soft_token>"],
        named={"image_token": "<image_soft_token>", "boi_token": "<start_of_image>", "eoi_token": "<end_of_image>"},
        **GEMMA,
    ),
    config=lambda t: {
        "model_type": "gemma3",
        "text_config": decoder(t, "gemma3_text", layer_types=["sliding_attention", "full_attention"]),
        "vision_config": tower("siglip_vision_model", vision_use_head=False),
        "mm_tokens_per_image": (SIDE // PATCH // 2) ** 2,
        **ids(
            t,
            image_token_index="<image_soft_token>",
            boi_token_index="<start_of_image>",
            eoi_token_index="<end_of_image>",
        ),
    },
    image={
        "image_processor_type": "Gemma3ImageProcessor",
        "processor_class": "Gemma3Processor",
        "size": square(),
        "do_pan_and_scan": None,
    },
    processor={"processor_class": "Gemma3Processor", "image_seq_length": (SIDE // PATCH // 2) ** 2},
    template=templates.GEMMA3,
    turn_end="<end_of_turn>",
)

INTERNVL = Family(
    "internvl",
    tokenizer=partial(
        make_tokenizer,
        "qwen",
        ["<|im_start|>", "<img>", "</img>", "<IMG_CONTEXT>", "<video>"],
        named={
            "start_image_token": "<img>",
            "end_image_token": "</img>",
            "context_image_token": "<IMG_CONTEXT>",
            "video_token": "<video>",
        },
        **QWEN,
    ),
    config=lambda t: {
        "model_type": "internvl",
        "text_config": decoder(t, "qwen2"),
        "vision_config": tower("internvl_vision", image_size=[SIDE, SIDE], patch_size=[PATCH, PATCH]),
        "image_seq_length": (SIDE // PATCH // 2) ** 2,
        **ids(t, image_token_id="<IMG_CONTEXT>"),
    },
    image={
        "image_processor_type": "GotOcr2ImageProcessor",
        "processor_class": "InternVLProcessor",
        "size": square(),
        "crop_to_patches": False,  # as published; the processor turns it on
        "min_patches": 1,
        "max_patches": 12,
    },
    processor={"processor_class": "InternVLProcessor", "image_seq_length": (SIDE // PATCH // 2) ** 2},
    video={"video_processor_type": "InternVLVideoProcessor", "size": square()},
    template=templates.INTERNVL,
    turn_end="<|im_end|>",
)

MISTRAL3 = Family(
    "mistral3",
    tokenizer=partial(
        make_tokenizer,
        "bytes",
        ["[INST]", "[/INST]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[IMG]", "[IMG_BREAK]", "[IMG_END]"],
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
    ),
    config=lambda t: {
        "model_type": "mistral3",
        "text_config": decoder(t, "mistral"),
        "vision_config": tower("pixtral", image_size=4 * SIDE, head_dim=WIDTH // 2),
        "spatial_merge_size": 2,
        **ids(t, image_token_index="[IMG]"),
    },
    image={
        "image_processor_type": "PixtralImageProcessor",
        "processor_class": "PixtralProcessor",
        "size": {"longest_edge": 4 * SIDE},
        "patch_size": PATCH,
    },
    processor={
        "processor_class": "PixtralProcessor",
        "patch_size": PATCH,
        "spatial_merge_size": 2,
        "image_token": "[IMG]",
        "image_break_token": "[IMG_BREAK]",
        "image_end_token": "[IMG_END]",
    },
    template=templates.MISTRAL3,
    turn_end="</s>",
)
