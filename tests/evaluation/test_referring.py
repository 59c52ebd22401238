from __future__ import annotations

import math

from twist_scout.boxes import Box, GroundedText, PaddedSquare
from twist_scout.evaluation import ReferringRecord, evaluate_referring

TRUTH = Box(0.1, 0.1, 0.5, 0.5)


def test_the_first_box_counts_and_a_missing_box_is_a_miss() -> None:
    result = evaluate_referring(
        [
            ReferringRecord("The car [[10,10,50,50]].", TRUTH),  # IoU 1
            ReferringRecord("[[60,60,90,90]] or [[10,10,50,50]]", TRUTH),  # right box, but second
            ReferringRecord("It is on the left.", TRUTH),
            ReferringRecord("The car [[10,10,50,", TRUTH),  # cut off
        ]
    )
    assert (result.total, result.hits, result.without_box) == (4, 1, 2)
    assert result.accuracy == 0.25
    assert result.ious == (1.0, 0.0, 0.0, 0.0)


def test_the_threshold_is_inclusive() -> None:
    half = ReferringRecord("[[0,0,100,50]]", Box(0, 0, 1, 1))
    assert evaluate_referring([half]).hits == 1
    assert evaluate_referring([half], threshold=0.51).hits == 0


def test_boxes_read_in_another_frame_are_scored_in_the_original_image() -> None:
    # A 200 x 100 image on a 200 x 200 square: the whole image is rows 25 to 75 of the square.
    text = "the car [[0,25,100,75]]"
    read = GroundedText.parse(text, frame=PaddedSquare(200, 100))
    whole = Box(0, 0, 1, 1)
    assert evaluate_referring([ReferringRecord(read, whole)]).ious == (1.0,)
    assert evaluate_referring([ReferringRecord(text, whole)]).ious == (0.5,)


def test_the_result_prints_its_counts_and_convention() -> None:
    text = str(evaluate_referring([ReferringRecord("[[10,10,50,50]]", TRUTH)]))
    assert "1 of 1" in text
    assert "first box" in text


def test_no_records_have_no_accuracy() -> None:
    assert math.isnan(evaluate_referring([]).accuracy)
