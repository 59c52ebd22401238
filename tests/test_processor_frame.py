from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.llava.image_processing_pil_llava import LlavaImageProcessorPil
from transformers.models.llava_next.image_processing_pil_llava_next import LlavaNextImageProcessorPil
from transformers.models.llava_onevision.image_processing_pil_llava_onevision import LlavaOnevisionImageProcessorPil
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

from twist_scout.boxes import Box, CenterCropped, PaddedSquare, SmartResized, Stretched
from twist_scout.processor_frame import frame_for

SIDE = 56


def llava(**options: Any) -> LlavaImageProcessorPil:
    size = {"shortest_edge": SIDE}
    return LlavaImageProcessorPil(size=size, crop_size={"height": SIDE, "width": SIDE}, **options)


PROCESSORS = [
    pytest.param(SiglipImageProcessorPil(size={"height": SIDE, "width": SIDE}), Stretched, id="siglip"),
    pytest.param(llava(do_pad=True), PaddedSquare, id="llava-pad"),
    pytest.param(llava(do_pad=False), CenterCropped, id="llava-crop"),
    pytest.param(
        CLIPImageProcessorPil(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE}),
        CenterCropped,
        id="clip",
    ),
]


@pytest.mark.parametrize(("processor", "kind"), PROCESSORS)
@pytest.mark.parametrize(("width", "height"), [(120, 80), (80, 120), (100, 100)])
def test_the_frame_says_where_the_processor_puts_a_point(processor: Any, kind: type, width: int, height: int) -> None:
    """A white square on black is processed for real; where it lands must be where the frame
    says.
    """
    square = (0.4, 0.45, 0.6, 0.55)
    picture = np.zeros((height, width, 3), dtype=np.uint8)
    x1, y1, x2, y2 = (round(v * s) for v, s in zip(square, (width, height) * 2, strict=True))
    picture[y1:y2, x1:x2] = 255
    seen = processor(images=Image.fromarray(picture), return_tensors="np")["pixel_values"][0]
    bright = seen[0] > (seen[0].max() + seen[0].min()) / 2  # (side, side)
    columns, rows = np.flatnonzero(bright.any(0)), np.flatnonzero(bright.any(1))
    found = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)

    frame = frame_for(SimpleNamespace(image_processor=processor), width, height)
    if width != height:
        assert isinstance(frame, kind)
    expected = frame.to_model(Box.from_pixels(x1, y1, x2, y2, width=width, height=height))
    assert np.allclose(np.array(found) / SIDE, expected.as_tuple(), atol=1.5 / SIDE)
    back = frame.to_original(expected)
    assert np.allclose(back.to_pixels(width, height), (x1, y1, x2, y2), atol=0.01)


@pytest.mark.parametrize("kind", [LlavaNextImageProcessorPil, LlavaOnevisionImageProcessorPil])
def test_tiles_are_no_crop_and_no_padding(kind: type) -> None:
    """Both have settings for cropping or padding, which are about the tiles beside the overview."""
    assert frame_for(kind(), 300, 200) == Stretched()


@pytest.mark.parametrize(("width", "height"), [(300, 200), (50, 700), (28, 28)])
def test_qwen_frames_have_the_size_the_processor_makes(width: int, height: int) -> None:
    processor = Qwen2VLImageProcessorPil(min_pixels=4 * 28 * 28, max_pixels=64 * 28 * 28)
    frame = frame_for(processor, width, height)
    assert isinstance(frame, SmartResized)
    grid = processor(images=Image.new("RGB", (width, height)), return_tensors="np")["image_grid_thw"][0]
    patch = processor.patch_size
    assert frame.model_size == (int(grid[2]) * patch, int(grid[1]) * patch)
