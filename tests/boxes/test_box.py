"""Laws of `Box` and of IoU."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twist_scout.boxes import Box, boxes_array, iou_matrix, paired_iou

ANY_BOX = st.from_type(Box)
PIXELS = st.integers(1, 5000)


@given(ANY_BOX, PIXELS, PIXELS)
def test_pixels_round_trip(box: Box, width: int, height: int) -> None:
    back = Box.from_pixels(*box.to_pixels(width, height), width=width, height=height)
    assert back.as_tuple() == pytest.approx(box.as_tuple(), abs=1e-12)


@given(ANY_BOX)
def test_area_and_center_follow_from_the_corners(box: Box) -> None:
    width, height = box.x2 - box.x1, box.y2 - box.y1
    assert box.area == pytest.approx(width * height)
    assert 0 <= box.area <= 1
    x, y = box.center
    assert box.x1 <= x <= box.x2
    assert box.y1 <= y <= box.y2


@pytest.mark.parametrize(
    ("corners", "words"),
    [
        ((math.nan, 0, 1, 1), "finite"),
        ((0, 0, math.inf, 1), "finite"),
        ((0.6, 0, 0.5, 1), "inverted"),
        ((0, 0.6, 1, 0.5), "inverted"),
        ((-0.1, 0, 1, 1), "outside"),
        ((0, 0, 1, 1.1), "outside"),
        ((10, 20, 30, 40), "from_pixels"),
        ((0, 0, "wide", 1), "number"),
        ((0, None, 1, 1), "number"),
    ],
)
def test_a_bad_box_is_refused_in_words(corners: tuple, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Box(*corners)


def test_rounding_noise_is_pulled_back() -> None:
    assert Box(-1e-7, -0.0, 1 + 1e-7, 1).as_tuple() == (0, 0, 1, 1)
    assert math.copysign(1, Box(0, -0.0, 1, 1).y1) == 1
    assert Box(0.5, 0.5, 0.5 - 1e-8, 0.5).area == 0


def test_coordinates_become_plain_floats() -> None:
    box = Box(*np.array([0, 0.25, 0.5, 1], dtype=np.float32))
    assert {type(value) for value in box.as_tuple()} == {float}


def test_what_sticks_out_of_the_image_is_refused_or_clipped_on_request() -> None:
    with pytest.raises(ValueError, match="outside"):
        Box.from_pixels(-5, 0, 110, 50, width=100, height=50)
    assert Box.from_pixels(-5, 0, 110, 50, width=100, height=50, clip=True) == Box(0, 0, 1, 1)
    with pytest.raises(ValueError, match="inverted"):
        Box.from_pixels(60, 0, 40, 50, width=100, height=50, clip=True)
    with pytest.raises(ValueError, match="finite"):
        Box.from_pixels(math.nan, 0, 40, 50, width=100, height=50, clip=True)


@pytest.mark.parametrize(("width", "height"), [(0, 10), (10, 0), (-1, 10)])
def test_an_image_needs_a_size(width: int, height: int) -> None:
    with pytest.raises(ValueError, match="image size"):
        Box.from_pixels(0, 0, 1, 1, width=width, height=height)
    with pytest.raises(ValueError, match="image size"):
        Box(0, 0, 1, 1).to_pixels(width, height)


@given(ANY_BOX, ANY_BOX)
def test_iou_is_a_symmetric_share(a: Box, b: Box) -> None:
    assert 0 <= a.iou(b) <= 1
    assert a.iou(b) == pytest.approx(b.iou(a))
    if a.area > 0:
        assert a.iou(a) == pytest.approx(1)
    else:
        assert a.iou(b) == 0


def test_iou_of_known_boxes() -> None:
    left, right = Box(0, 0, 0.5, 1), Box(0.25, 0, 0.75, 1)
    assert left.iou(right) == pytest.approx(1 / 3)  # a quarter shared, three quarters covered
    assert left.iou(Box(0.5, 0, 1, 1)) == 0  # touching edges share nothing


@given(st.lists(ANY_BOX, max_size=5), st.lists(ANY_BOX, max_size=5))
def test_the_matrix_holds_every_pair(a: list[Box], b: list[Box]) -> None:
    matrix = iou_matrix(a, b)
    assert matrix.shape == (len(a), len(b))
    for row, box in enumerate(a):
        for column, other in enumerate(b):
            assert matrix[row, column] == pytest.approx(box.iou(other), abs=1e-9)


@given(st.lists(st.tuples(ANY_BOX, ANY_BOX), max_size=8))
def test_paired_iou_is_the_diagonal(pairs: list[tuple[Box, Box]]) -> None:
    a = boxes_array(first for first, _ in pairs)
    b = boxes_array(second for _, second in pairs)
    assert paired_iou(a, b) == pytest.approx(np.diag(iou_matrix(a, b)))


def test_arrays_may_be_in_pixels() -> None:
    assert iou_matrix([[0, 0, 50, 100]], [[25, 0, 75, 100]])[0, 0] == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("a", "words"),
    [
        ([[0, 0, 1]], "shape"),
        ([0, 0, 1, 1], "shape"),
        ([[0, 0, 1, math.nan]], "NaN"),
    ],
)
def test_bad_arrays_are_refused(a: list, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        iou_matrix(a, [[0, 0, 1, 1]])


def test_pairs_must_match() -> None:
    with pytest.raises(ValueError, match="equally many"):
        paired_iou([[0, 0, 1, 1]], [[0, 0, 1, 1], [0, 0, 1, 1]])


def test_a_million_pairs_take_no_python_loop() -> None:
    corners = np.sort(np.random.default_rng(0).random((1000, 2, 2)), axis=1).reshape(1000, 4)
    begin = time.process_time()
    matrix = iou_matrix(corners, corners)
    # A loop over the pairs takes more than a second on any machine.
    assert time.process_time() - begin < 0.8
    assert np.diag(matrix) == pytest.approx(np.ones(1000))
