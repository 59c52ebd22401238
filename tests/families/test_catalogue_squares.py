"""Random pictures are laid out as the families' own image processors lay them out, and the models read them so."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import transformers
from PIL import Image
from torch import Tensor
from transformers.models.mllama.processing_mllama import (
    convert_sparse_cross_attention_mask_to_dense,
    get_cross_attention_token_mask,
)

from twist_scout.families.catalogue import find_family
from twist_scout.families.catalogue.other_patches import GRID, OTHER_PATCHES
from twist_scout.families.catalogue.squares import SQUARES
from twist_scout.families.inputs import WORDS
from twist_scout.families.inputs_squares import PICTURES
from twist_scout.families.tiny import Batch, Family

ROWS = 2
TEXT = ("input_ids", "attention_mask", "token_type_ids", "mm_token_type_ids", "decoder_input_ids")
TEXT += ("cross_attention_mask", "image_embeds_position_mask")  # of the text processor, too
SQUARE = {"size": {"height": 32, "width": 32}}
CROP = {"size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}}
TILES: dict[str, Any] = {**CROP, "image_grid_pinpoints": [[32, 64], [64, 32]]}
LONGEST = {"size": {"longest_edge": 32}, "max_image_size": {"longest_edge": 32}}
# Processors that need nothing but PIL: {family: (processor, settings, width and height of a picture)}.
PROCESSORS: dict[str, tuple[str, dict[str, Any], tuple[int, int]]] = {
    "chameleon": ("Chameleon", CROP, (32, 32)),
    "cohere_compass": ("CohereCompass", {"patch_size": 8, "do_resize": False}, (48, 32)),
    "deepseek_ocr2": ("DeepseekOcr2", SQUARE, (32, 32)),
    "deepseek_vl": ("DeepseekVL", {**SQUARE, "min_size": 8}, (32, 32)),
    "deepseek_vl_hybrid": ("DeepseekVLHybrid", {**SQUARE, "high_res_size": {"height": 64, "width": 64}}, (32, 32)),
    "gemma3": ("Gemma3", SQUARE, (32, 32)),
    "got_ocr2": ("GotOcr2", SQUARE, (32, 32)),
    "granite4_vision": ("LlavaNext", TILES, (16, 64)),
    "granite_docling": ("GraniteDocling", SQUARE, (32, 64)),
    "idefics2": ("Idefics2", {"size": {"shortest_edge": 32, "longest_edge": 32}}, (32, 32)),
    "idefics3": ("Idefics3", LONGEST, (32, 32)),
    "internvl": ("GotOcr2", {**SQUARE, "crop_to_patches": False}, (32, 32)),
    "janus": ("Janus", {**SQUARE, "min_size": 8}, (32, 32)),
    "kosmos-2": ("CLIP", CROP, (32, 32)),
    "kosmos-2.5": ("Kosmos2_5", {"patch_size": {"height": 8, "width": 8}, "max_patches": 24}, (48, 32)),
    "lighton_ocr": ("Pixtral", {"size": {"longest_edge": 32}, "patch_size": 16}, (32, 32)),
    "llava": ("CLIP", CROP, (32, 32)),
    "llava_next": ("LlavaNext", TILES, (16, 64)),
    "llava_next_video": ("LlavaNext", TILES, (16, 64)),
    "llava_onevision": ("LlavaOnevision", {**TILES, **SQUARE}, (16, 64)),
    "mistral3": ("Pixtral", {"size": {"longest_edge": 32}, "patch_size": 16}, (32, 32)),
    "mllama": ("Mllama", {**SQUARE, "max_image_tiles": 4}, (64, 64)),
    "ovis2": ("Ovis2", SQUARE, (32, 32)),
    "paligemma": ("Siglip", SQUARE, (32, 32)),
    "smolvlm": ("SmolVLM", LONGEST, (32, 32)),
}
SEVERAL = {"idefics2": PICTURES, "idefics3": PICTURES, "smolvlm": PICTURES, "mllama": 1, "granite_docling": 1}


def noise(width: int, height: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8))


def read(family: str) -> Any:
    name, settings, size = PROCESSORS[family]
    rows: list[Any] = [noise(*size)] * ROWS
    if family in SEVERAL:
        rows = [[noise(*size)] * SEVERAL[family]] * ROWS
    return getattr(transformers, f"{name}ImageProcessorPil")(**settings)(rows, return_tensors="pt")


def subject(family: str) -> tuple[Any, Batch]:
    miniature = find_family(family)
    model = miniature.model()
    return model, miniature.batch(model, rows=ROWS)


def logits(model: Any, batch: Batch, **changes: Tensor) -> Tensor:
    with torch.no_grad():
        result: Tensor = model(**{**batch, **changes}).logits
    return result


@pytest.mark.parametrize("family", PROCESSORS)
def test_pictures_are_laid_out_as_the_image_processor_lays_them_out(family: str) -> None:
    _, batch = subject(family)
    theirs = read(family)
    for name in batch.keys() - set(TEXT):
        assert (batch[name].shape, batch[name].dtype) == (theirs[name].shape, theirs[name].dtype), name
        if not batch[name].is_floating_point():
            assert torch.equal(batch[name], theirs[name]), name


def test_numbers_of_rows_and_columns_are_kosmos_own() -> None:
    _, batch = subject("kosmos-2.5")
    theirs = read("kosmos-2.5")["flattened_patches"]
    assert torch.equal(batch["flattened_patches"][..., :2], theirs[..., :2])


def test_places_of_patches_are_gemmas_own_and_padding_has_none() -> None:
    _, batch = subject("gemma4")
    columns, lines = GRID
    reader = transformers.Gemma4ImageProcessorPil(patch_size=8, do_resize=False)
    theirs = reader([noise(columns * 8, lines * 8)] * ROWS, return_tensors="pt")["image_position_ids"]
    places, patches = batch["image_position_ids"], columns * lines
    assert torch.equal(places[:, :patches], theirs[:, :patches])
    assert places.shape[1] > patches
    assert bool((torch.cat([places[:, patches:], theirs[:, patches:]], dim=1) == -1).all())


@pytest.mark.parametrize("family", ["llava_next", "llava_onevision", "granite4_vision", "granite_docling", "mllama"])
def test_a_model_looks_at_each_tile(family: str) -> None:
    model, batch = subject(family)
    before, tiles = logits(model, batch), batch["pixel_values"].dim() - 4
    for tile in range(batch["pixel_values"].shape[tiles]):
        pixels = batch["pixel_values"].clone()
        pixels.select(tiles, tile).add_(1)
        assert not torch.allclose(before, logits(model, batch, pixel_values=pixels)), tile


def test_of_paligemma_the_prefix_looks_ahead_and_the_answer_does_not() -> None:
    model, batch = subject("paligemma")
    before = logits(model, batch)
    for place, reaches_back in ((-WORDS // 2 - 1, True), (-1, False)):
        ids = batch["input_ids"].clone()
        ids[:, place] += 1 - 2 * (ids[:, place] == ids.max()).long()
        after = logits(model, batch, input_ids=ids)
        assert torch.allclose(before[:, 0], after[:, 0], atol=1e-6) is not reaches_back


def test_of_mllama_the_picture_is_shown_to_what_stands_after_it() -> None:
    model, batch = subject("mllama")
    ids = batch["input_ids"].tolist()
    shown = [get_cross_attention_token_mask(row, model.config.image_token_index) for row in ids]
    tiles = model.config.vision_config.max_num_tiles
    theirs = convert_sparse_cross_attention_mask_to_dense(shown, [[tiles]] * ROWS, tiles, len(ids[0]))
    assert batch["cross_attention_mask"].tolist() == theirs.tolist()


@pytest.mark.parametrize("family", ["chameleon", "emu3"])
def test_each_code_of_a_discrete_picture_has_a_token_that_is_no_word(family: str) -> None:
    model, batch = subject(family)
    codes = model.model.vocabulary_mapping.bpe2img
    assert sorted(codes.values()) == list(range(16))
    assert not set(codes) & set(batch["input_ids"][:, -WORDS:].flatten().tolist())
    assert model.model.vocabulary_mapping.image_token_id == model.config.image_token_id


@pytest.mark.parametrize("family", [*SQUARES, *OTHER_PATCHES], ids=lambda family: family.model_type)
def test_miniatures_are_small_and_rows_differ_in_their_words_alone(family: Family) -> None:
    model = family.model()
    assert sum(parameter.numel() for parameter in model.parameters()) < 3_000_000
    before_words = family.batch(model, rows=ROWS)["input_ids"][:, :-WORDS]
    assert torch.equal(before_words, before_words[:1].expand(ROWS, -1))
