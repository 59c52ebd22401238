"""Inputs of the families with ways of their own are what their processors give."""

from __future__ import annotations

import pytest
import torch

from twist_scout.families.catalogue import find_family
from twist_scout.families.shrinking import change
from twist_scout.families.tiny import build

ROWS = 3


def test_patches_are_numbered_from_one_in_reading_order() -> None:
    family = find_family("pix2struct")
    patches = family.batch(family.model(), ROWS)["flattened_patches"]
    rows, columns = patches[:, :, 0], patches[:, :, 1]
    assert rows.unique().tolist() == [1, 2, 3, 4]
    assert columns.unique().tolist() == [1, 2, 3, 4, 5, 6]
    assert bool(((rows * 10 + columns).diff() > 0).all())


def test_boxes_lie_on_the_page_and_have_an_area() -> None:
    family = find_family("udop")
    batch = family.batch(family.model(), ROWS)
    x0, y0, x1, y1 = batch["bbox"].unbind(-1)
    assert batch["bbox"].shape[:2] == batch["input_ids"].shape
    assert bool((batch["bbox"] >= 0).all() and (batch["bbox"] <= 1).all() and (x0 < x1).all() and (y0 < y1).all())


def test_a_video_has_a_token_for_each_query_of_each_frame() -> None:
    family = find_family("instructblipvideo")
    model = family.model()
    batch = family.batch(model, ROWS)
    questions = {name: value for name, value in batch.items() if "qformer" in name or name == "pixel_values"}
    features = model.get_video_features(**questions).pooler_output
    assert (batch["input_ids"] == model.config.video_token_id).sum(1).tolist() == [features.shape[1]] * ROWS


@pytest.mark.parametrize("name", ["florence2", "pix2struct", "pp_formulanet", "t5gemma2", "udop"])
def test_an_answer_begins_with_the_decoders_own_start(name: str) -> None:
    family = find_family(name)
    model = family.model()
    starts = {
        getattr(config, token, None)
        for config in (model.config, model.config.get_text_config(decoder=True), model.generation_config)
        for token in ("decoder_start_token_id", "bos_token_id")
    }
    assert set(family.batch(model, ROWS)["decoder_input_ids"][:, 0].tolist()) <= starts


def test_gates_that_start_closed_are_open_in_a_miniature() -> None:
    model = find_family("evolla").model()
    gates = [value for name, value in model.named_parameters() if "gate_attention" in name]
    assert gates
    assert all(bool(gate.any()) for gate in gates)


def test_a_tower_can_be_exchanged_where_the_config_names_its_class() -> None:
    config = find_family("gemma3n").config()
    assert config.vision_config.model_type == "resnet"
    with pytest.raises(AttributeError):
        change(config, "no_such_part.vision_config", 1)


def test_a_family_that_the_auto_class_misses_is_built_from_its_own_class() -> None:
    with torch.device("meta"):
        assert type(build(find_family("evolla").config())).__name__ == "EvollaForProteinText2Text"
        assert type(build(find_family("llava").config())).__name__ == "LlavaForConditionalGeneration"
