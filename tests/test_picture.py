from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from twist_scout.boxes import GroundedText
from twist_scout.picture import PALETTE, draw_grounded

TEXT = "A red car [[10,10,40,40]] and two dogs [[50,50,70,90; 75,50,95,90]]."


def colors_of(picture: Image.Image) -> set[tuple[int, ...]]:
    return {color for _, color in picture.getcolors(maxcolors=1 << 24)}


@pytest.mark.parametrize("size", [(64, 64), (64, 400), (640, 480), (3840, 2160)])
def test_every_size_keeps_its_size_and_gets_its_frames(size: tuple[int, int]) -> None:
    grey = Image.new("RGB", size, (90, 90, 90))
    drawn = draw_grounded(grey, GroundedText.parse(TEXT))
    assert drawn.size == size
    assert {PALETTE[0], PALETTE[1]} <= colors_of(drawn)
    assert PALETTE[2] not in colors_of(drawn)  # two boxes of one phrase share its colour


def test_the_frame_lies_on_the_edge_of_the_box() -> None:
    drawn = draw_grounded(Image.new("RGB", (100, 100)), GroundedText.parse("x [[20,30,60,80]]"))
    pixels = np.asarray(drawn)
    colored = (pixels == PALETTE[0]).all(-1)
    assert colored[31:79, 20].all()  # left edge
    assert colored[31:79, 59].all()  # right edge, exclusive
    assert not colored[31:79, 61:].any()
    assert colored[79, 20:60].all()


def test_the_given_picture_stays_untouched() -> None:
    picture = Image.new("RGB", (80, 80), "white")
    draw_grounded(picture, GroundedText.parse(TEXT))
    assert colors_of(picture) == {(255, 255, 255)}


def test_an_object_that_several_steps_mention_is_drawn_once() -> None:
    text = "Step 1: Find the dog [[10,10,50,50]]. Step 2: The dog [[10,10,50,50]] is brown."
    drawn = draw_grounded(Image.new("RGB", (200, 200)), GroundedText.parse(text))
    assert PALETTE[1] not in colors_of(drawn)


def test_text_without_boxes_leaves_the_picture_as_it_is() -> None:
    picture = Image.new("L", (30, 30), 7)
    drawn = draw_grounded(picture, GroundedText.parse("nothing here"))
    assert drawn.mode == "RGB"
    assert colors_of(drawn) == {(7, 7, 7)}


@pytest.mark.parametrize(
    "text",
    [
        "a very long phrase about a small red car that stands somewhere left of the dog [[0,0,100,100]]",
        "[[0,0,0,0]]",
        "x [[100,100,100,100]]",
        "x [[0,50,100,50]]",
        "日本語 [[10,10,90,90]]",
    ],
)
def test_odd_labels_and_boxes_are_drawn(text: str) -> None:
    for side in (1, 8, 64, 300):
        assert draw_grounded(Image.new("RGB", (side, side)), GroundedText.parse(text)).size == (
            side,
            side,
        )
