"""Boxes lie where the family's model sees them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from twist_scout.boxes import Box, CenterCropped, Frame, SmartResized, Stretched
from twist_scout.processor_frame import frame_for

from .conftest import SIZES
from .family import Family
from .sight import bright_box, canvas, overview

BOXES = [(0.25, 0.3, 0.6, 0.7), (0.1, 0.5, 0.45, 0.95), (0.55, 0.05, 0.9, 0.4)]
KINDS = {"llava": CenterCropped, "qwen2_vl": SmartResized, "qwen2_5_vl": SmartResized, "qwen3_vl": SmartResized}
TILED = ("llava_next", "llava_onevision", "smolvlm", "idefics3", "internvl")


def lit(size: tuple[int, int], box: tuple[float, float, float, float]) -> tuple[Image.Image, Box]:
    """A black picture with a white rectangle, and where the rectangle is."""
    width, height = size
    x1, y1, x2, y2 = (round(v * s) for v, s in zip(box, (width, height) * 2, strict=True))
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[y1:y2, x1:x2] = 255
    return Image.fromarray(pixels), Box.from_pixels(x1, y1, x2, y2, width=width, height=height)


def check(sight: Any, frame: Frame, box: Box) -> None:
    height, width = sight.shape
    where = np.array(frame.to_model(box).as_tuple()) * (width, height, width, height)
    found = np.array(bright_box(sight)) * (width, height, width, height)
    assert np.abs(found - where).max() <= 1.0, f"the model sees {found} of {width} x {height}, not {where}"


@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("size", SIZES)
def test_the_overview_shows_a_box_where_the_frame_says(
    family: Family, processor: Any, size: str, box: tuple[float, float, float, float]
) -> None:
    picture, truth = lit(SIZES[size], box)
    frame = frame_for(processor, *picture.size)
    check(overview(family.name, processor, picture), frame, truth)
    if SIZES[size][0] != SIZES[size][1]:
        assert isinstance(frame, KINDS.get(family.name, Stretched))


@pytest.mark.parametrize("size", ["tall", "photo"])
def test_so_it_does_at_the_sizes_that_the_class_has_by_default(family: Family, load: Any, size: str) -> None:
    processor = load(family.name)
    processor.image_processor = type(processor.image_processor)()
    if family.name == "paligemma":  # SigLIP's own default, of 224 pixels, has no count of tokens
        processor.image_processor.image_seq_length = 256
    picture, truth = lit(SIZES[size], BOXES[2])
    check(overview(family.name, processor, picture), frame_for(processor, *picture.size), truth)


@pytest.mark.parametrize("size", ["wide", "tall", "photo"])
@pytest.mark.parametrize("name", TILED)
def test_the_tiles_show_a_box_in_the_same_place(name: str, load: Any, size: str) -> None:
    processor = load(name)
    picture, truth = lit(SIZES[size], BOXES[0])
    check(canvas(name, processor, picture), frame_for(processor, *picture.size), truth)


@pytest.mark.parametrize("size", SIZES)
def test_a_smart_resized_frame_has_the_size_that_the_model_sees(family: Family, processor: Any, size: str) -> None:
    picture, _ = lit(SIZES[size], BOXES[0])
    frame = frame_for(processor, *picture.size)
    if frame.model_size is not None:
        assert overview(family.name, processor, picture).shape == frame.model_size[::-1]


@pytest.mark.parametrize("size", ["wide", "tall", "photo"])
def test_gemmas_pan_and_scan_leaves_the_overview_whole(load: Any, size: str) -> None:
    processor = load("gemma3")
    options = {"do_pan_and_scan": True, "pan_and_scan_min_crop_size": 16, "pan_and_scan_min_ratio_to_activate": 1.1}
    processor.images_kwargs = {**processor.images_kwargs, **options}
    picture, truth = lit(SIZES[size], BOXES[1])
    batch = processor(text=[processor.image_token], images=[[picture]], return_tensors="np")
    assert len(batch["pixel_values"]) > 1
    check(overview("gemma3", processor, picture), frame_for(processor, *picture.size), truth)
