"""Random patches have the names, shapes and types that the families' own image processors give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import transformers
from PIL import Image

from twist_scout.families.catalogue import find_family
from twist_scout.families.catalogue.native_sizes import NATIVE_SIZES
from twist_scout.families.catalogue.patches import PATCHES
from twist_scout.families.inputs import WORDS, image_token
from twist_scout.families.inputs_native import pooled_patches
from twist_scout.families.inputs_patches import GRID
from twist_scout.families.tiny import Family

ROWS = 2
SIDE = 8  # of a patch, in pixels
TEXT = ("input_ids", "attention_mask", "mm_token_type_ids", "moe_mm_token_type_ids")
# Processors that need nothing but PIL; {processor: (families, its settings)}.
QWEN = [
    "qwen2_vl",
    "qwen2_5_vl",
    "qwen3_vl",
    "qwen3_5",
    "qwen3_5_moe",
    "qwen4_exp",
    "cosmos3_omni",
    "exaone4_5",
    "hyperclovax_vision_v2",
    "lfm3_vl",
]
PROCESSORS: dict[str, tuple[list[str], dict[str, int]]] = {
    "Qwen2VLImageProcessorPil": (QWEN, {"temporal_patch_size": 2}),
    "Glm4vImageProcessorPil": (["glm4v", "glm4v_moe", "glm_ocr"], {"temporal_patch_size": 2}),
    "Glm46VImageProcessorPil": (["glm46v"], {"temporal_patch_size": 2}),
    "GlmgaImageProcessorPil": (["glmga"], {"temporal_patch_size": 2}),
    "Glm5NextImageProcessorPil": (["glm5_next"], {"temporal_patch_size": 2}),
    "Cosmos3EdgeImageProcessorPil": (["cosmos3_edge"], {}),
    "Ernie4_5_VLMoeImageProcessorPil": (["ernie4_5_vl_moe"], {}),
    "HunYuanVLImageProcessorPil": (["hunyuan_vl"], {}),
    "PaddleOCRVLImageProcessorPil": (["paddleocr_vl"], {}),
    "VideoLlama3ImageProcessorPil": (["video_llama_3"], {"merge_size": 2}),
}
CASES = [(name, family, options) for name, (families, options) in PROCESSORS.items() for family in families]


def kinds(batch: Any) -> dict[str, tuple[tuple[int, ...], torch.dtype]]:
    return {name: (tuple(value.shape), value.dtype) for name, value in batch.items() if name not in TEXT}


@pytest.mark.parametrize(("processor", "family", "options"), CASES, ids=[case[1] for case in CASES])
def test_patches_are_what_the_image_processor_gives(processor: str, family: str, options: dict[str, int]) -> None:
    height, width = (side * SIDE for side in GRID)
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    reader = getattr(transformers, processor)(patch_size=SIDE, do_resize=False, **options)
    read = reader([Image.fromarray(noise)] * ROWS, return_tensors="pt")
    miniature = find_family(family)
    batch = miniature.batch(miniature.model(), rows=ROWS)
    assert kinds(batch) == kinds(read)
    grids = "image_grid_thw"
    assert torch.equal(batch[grids], read[grids])


def test_a_strip_of_patches_is_what_minicpms_processor_gives() -> None:
    family = find_family("minicpmv4_6")
    batch = family.batch(family.model(), rows=ROWS)
    height, width = batch["target_sizes"][0].tolist()
    noise = np.random.default_rng(0).integers(0, 256, (height * SIDE, width * SIDE, 3), dtype=np.uint8)
    reader = transformers.MiniCPMV4_6ImageProcessorPil(patch_size=SIDE, do_resize=False, slice_mode=False)
    read = reader([Image.fromarray(noise)] * ROWS, return_tensors="pt")
    assert kinds(batch) == kinds({name: read[name] for name in ("pixel_values", "target_sizes")})


def test_a_token_pools_the_four_patches_of_its_corner() -> None:
    pooling = pooled_patches(find_family("molmo2").model(), ROWS, torch.Generator())["image_token_pooling"]
    assert pooling[0].tolist() == [0, 1, 4, 5]
    assert pooling[1].tolist() == [2, 3, 6, 7]
    assert pooling[4].tolist() == [16, 17, 20, 21]  # the second row's picture
    assert sorted(pooling.flatten().tolist()) == list(range(ROWS * 16))


@pytest.mark.parametrize("family", [*PATCHES, *NATIVE_SIZES], ids=lambda family: family.model_type)
def test_rows_differ_in_their_words_alone_and_image_tokens_are_marked(family: Family) -> None:
    model = family.model()
    batch = family.batch(model, rows=ROWS)
    rows, token = batch["input_ids"], image_token(model)
    before_words = rows[:, :-WORDS]
    assert torch.equal(before_words, before_words[:1].expand(ROWS, -1))
    assert bool((before_words == token).any())
    assert not bool((rows[:, -WORDS:] == token).any())
    if "mm_token_type_ids" in batch:
        kinds_of_tokens = batch["mm_token_type_ids"]
        assert bool((kinds_of_tokens[rows == token] == 1).all())
        assert not bool(kinds_of_tokens[:, -WORDS:].any())
    assert sum(parameter.numel() for parameter in model.parameters()) < 3_000_000
