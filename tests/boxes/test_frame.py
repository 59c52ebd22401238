"""Laws of the frames."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import smart_resize

from twist_scout.boxes import Box, CenterCropped, Frame, PaddedSquare, SmartResized, Stretched, make_frame
from twist_scout.errors import BadConfig, BadImage

ANY_BOX = st.from_type(Box)
# A picture of any shape, resized to a short edge of 56 and cut to a square.
ANY_CROP = st.tuples(st.integers(56, 560), st.booleans()).map(
    lambda drawn: CenterCropped((56, drawn[0]) if drawn[1] else (drawn[0], 56), (56, 56))
)


@given(st.from_type(Frame), ANY_BOX)
def test_there_and_back_is_the_identity(frame: Frame, box: Box) -> None:
    back = frame.to_original(frame.to_model(box))
    assert back.as_tuple() == pytest.approx(box.as_tuple(), abs=1e-9)


@given(st.from_type(Frame), ANY_BOX)
def test_the_other_way_is_the_identity_inside_the_image(frame: Frame, box: Box) -> None:
    shown = frame.to_model(box)
    back = frame.to_model(frame.to_original(shown))
    assert back.as_tuple() == pytest.approx(shown.as_tuple(), abs=1e-9)


@given(st.from_type(Frame), ANY_BOX)
def test_whatever_a_model_points_at_lies_in_the_image(frame: Frame, box: Box) -> None:
    assert isinstance(frame.to_original(box), Box)  # Box refuses anything else


def test_padding_goes_on_both_sides_of_the_shorter_edge() -> None:
    wide = PaddedSquare(300, 200)  # 50 rows above, 50 below
    assert wide.model_size == (300, 300)
    assert wide.to_model(Box(0, 0, 1, 1)).as_tuple() == pytest.approx((0, 1 / 6, 1, 5 / 6))
    tall = PaddedSquare(200, 300)
    assert tall.to_model(Box(0, 0, 1, 1)).as_tuple() == pytest.approx((1 / 6, 0, 5 / 6, 1))


def test_an_odd_margin_is_rounded_down_as_llava_does() -> None:
    assert PaddedSquare(100, 95).to_model(Box(0, 0, 1, 1)).y1 == pytest.approx(2 / 100)


def test_pointing_into_the_padding_is_cut_off_at_the_border() -> None:
    wide = PaddedSquare(300, 200)
    assert wide.to_original(Box(0, 0, 1, 0.5)).as_tuple() == pytest.approx((0, 0, 1, 0.5))
    only_padding = wide.to_original(Box(0.2, 0, 0.4, 0.1))
    assert only_padding.area == 0
    assert only_padding.y1 == 0


def test_a_square_image_needs_no_padding() -> None:
    box = Box(0.1, 0.2, 0.3, 0.4)
    assert PaddedSquare(64, 64).to_model(box).as_tuple() == pytest.approx(box.as_tuple())


def test_stretching_keeps_fractions() -> None:
    box = Box(0.1, 0.2, 0.3, 0.4)
    assert Stretched().to_model(box) == box
    assert Stretched().model_size is None
    assert Stretched((224, 224)).model_size == (224, 224)


@given(st.integers(1, 5000), st.integers(1, 5000), st.sampled_from([28, 32]))
def test_smart_size_is_the_reference(width: int, height: int, factor: int) -> None:
    low, high = 4 * factor**2, 1280 * factor**2
    if max(width, height) > 200 * min(width, height):
        with pytest.raises(BadImage, match="elongated"):
            SmartResized(width, height, factor, low, high)
        return
    ours = SmartResized(width, height, factor, low, high).model_size
    assert ours == smart_resize(height, width, factor, low, high)[::-1]


@pytest.mark.parametrize(
    ("width", "height", "expected", "why"),
    [
        (280, 140, (280, 140), "already multiples of 28"),
        (293, 127, (280, 140), "rounded to the nearest multiple"),
        (14, 1400, (28, 560), "an edge never rounds to nothing: its area of 0 is scaled"),
        (4000, 4000, (980, 980), "scaled down to the largest area, rounded down"),
        (20, 20, (56, 56), "scaled up to the smallest area, rounded up"),
    ],
)
def test_smart_size_row_by_row(width: int, height: int, expected: tuple[int, int], why: str) -> None:
    assert SmartResized(width, height).model_size == expected, why


@pytest.mark.parametrize("options", [{"factor": 0}, {"min_pixels": 0}, {"min_pixels": 10, "max_pixels": 9}])
def test_impossible_limits_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="min_pixels"):
        SmartResized(100, 100, **options)


@pytest.mark.parametrize("kind", [PaddedSquare, SmartResized])
def test_an_image_needs_a_size(kind: type[PaddedSquare] | type[SmartResized]) -> None:
    with pytest.raises(ValueError, match="image size"):
        kind(0, 10)


def test_what_a_crop_cuts_off_is_cut_off() -> None:
    frame = CenterCropped((200, 100), (100, 100))
    assert frame.to_model(Box(0, 0, 0.5, 1)).as_tuple() == (0.0, 0.0, 0.5, 1.0)
    assert frame.to_original(Box(0, 0, 1, 1)).as_tuple() == (0.25, 0.0, 0.75, 1.0)
    assert frame.model_size == (100, 100)


@given(ANY_CROP, ANY_BOX)
def test_inside_a_crop_both_ways_are_inverse(frame: CenterCropped, shown: Box) -> None:
    back = frame.to_original(shown)
    assert frame.to_model(back).as_tuple() == pytest.approx(shown.as_tuple(), abs=1e-9)
    assert frame.to_original(frame.to_model(back)).as_tuple() == pytest.approx(back.as_tuple(), abs=1e-9)


@given(ANY_CROP, ANY_BOX)
def test_outside_a_crop_nothing_is_seen(frame: CenterCropped, box: Box) -> None:
    seen = frame.to_original(Box(0, 0, 1, 1))
    kept = frame.to_original(frame.to_model(box))
    cut = [
        min(max(value, low), high)
        for value, low, high in zip(box.as_tuple(), (seen.x1, seen.y1) * 2, (seen.x2, seen.y2) * 2, strict=True)
    ]
    assert kept.as_tuple() == pytest.approx(cut, abs=1e-9)


def test_frames_by_name() -> None:
    assert make_frame("padded", width=30, height=20) == PaddedSquare(30, 20)
    assert make_frame("stretched", width=30, height=20) == Stretched()
    assert make_frame("smart_resized", width=30, height=20) == SmartResized(30, 20)
    with pytest.raises(BadConfig, match="stretched, padded, smart_resized"):
        make_frame("squeezed", width=30, height=20)
