"""The Qwen families: pictures of any size, rounded to whole patches, positions along three axes."""

from __future__ import annotations

from functools import partial
from typing import Any

from . import templates
from .families import QWEN, ids
from .family import PATCH, WIDTH, Family, decoder
from .tokenizers_of import make_tokenizer

SPECIAL = {
    "image_token": "<|image_pad|>",
    "video_token": "<|video_pad|>",
    "vision_start_token": "<|vision_start|>",
    "vision_end_token": "<|vision_end|>",
}


def _family(
    name: str,
    kind: str,
    vision: dict[str, Any],
    *,
    template: str,
    patch: int = PATCH,
    **sizes: int,
) -> Family:
    """One Qwen family; ``sizes`` are the limits on a picture's area in pixels, by the names of edges."""
    tokenizer = partial(make_tokenizer, "qwen", ["<|im_start|>", *SPECIAL.values()], **QWEN)
    area = {"shortest_edge": sizes["smallest"], "longest_edge": sizes["largest"]}
    rotary = {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 10_000.0}
    if name == "qwen3_vl":
        rotary["mrope_interleaved"] = True
    return Family(
        name,
        tokenizer=tokenizer,
        config=lambda t: {
            "model_type": name,
            "text_config": decoder(t, f"{name}_text", rope_parameters=rotary),
            "vision_config": {
                "model_type": f"{name}_vision",
                "depth": 2,
                "num_heads": 2,
                "patch_size": patch,
                "spatial_merge_size": 2,
                "temporal_patch_size": 2,
                **vision,
            },
            **ids(t, **{f"{key}_id": token for key, token in SPECIAL.items()}),
        },
        image={
            "image_processor_type": "Qwen2VLImageProcessorFast" if name == "qwen3_vl" else "Qwen2VLImageProcessor",
            "processor_class": f"{kind}Processor",
            "patch_size": patch,
            "temporal_patch_size": 2,
            "merge_size": 2,
            **(
                {"size": area}
                if name == "qwen3_vl"
                else {"min_pixels": sizes["smallest"], "max_pixels": sizes["largest"]}
            ),
        },
        # Qwen2-VL and Qwen2.5-VL are published with one file for pictures and videos.
        video={"video_processor_type": "Qwen3VLVideoProcessor", "patch_size": patch} if name == "qwen3_vl" else {},
        template=template,
        turn_end="<|im_end|>",
    )


_LIMITS = {"smallest": 4 * 28 * 28, "largest": 40 * 28 * 28}

QWEN2_VL = _family(
    "qwen2_vl",
    "Qwen2VL",
    {"embed_dim": WIDTH, "hidden_size": WIDTH, "mlp_ratio": 2},
    template=templates.QWEN2_VL,
    **_LIMITS,
)
QWEN2_5_VL = _family(
    "qwen2_5_vl",
    "Qwen2_5_VL",
    {
        "hidden_size": WIDTH,
        "intermediate_size": 2 * WIDTH,
        "out_hidden_size": WIDTH,
        "window_size": 112,
        "fullatt_block_indexes": [1],
    },
    template=templates.QWEN2_VL,
    **_LIMITS,
)
QWEN3_VL = _family(
    "qwen3_vl",
    "Qwen3VL",
    {
        "hidden_size": WIDTH,
        "intermediate_size": 2 * WIDTH,
        "out_hidden_size": WIDTH,
        "num_position_embeddings": 64,
        "deepstack_visual_indexes": [0],
    },
    template=templates.QWEN3_VL,
    patch=16,
    smallest=4 * 32 * 32,
    largest=40 * 32 * 32,
)
