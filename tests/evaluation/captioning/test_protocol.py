from __future__ import annotations

import math

import pytest

from twist_scout.boxes import Box
from twist_scout.evaluation import CaptioningRecord, NameMap, evaluate_captioning

NAMES = NameMap(["car", "dog", "cat"])
CAR, DOG = Box(0.0, 0.0, 0.4, 0.4), Box(0.5, 0.5, 1.0, 1.0)


def record(text: str, *truth: tuple[str, Box], side: int = 400) -> CaptioningRecord:
    return CaptioningRecord(text, side, side, truth)


def test_a_perfect_caption_scores_one() -> None:
    result = evaluate_captioning(
        [record("A car [[0,0,40,40]] and a dog [[50,50,100,100]].", ("car", CAR), ("dog", DOG))],
        NAMES,
    )
    assert result.ap == pytest.approx(1.0)
    assert result.ap50 == pytest.approx(1.0)
    assert (result.images, result.objects, result.detections) == (1, 2, 2)


def test_average_precision_agrees_with_a_hand_count() -> None:
    # One class, three images with one car each, ranked in record order: wrong, right (IoU 1), right
    # (IoU 1). Precision at recall 1/3 is 1/2, at 2/3 it is 2/3; made monotone: 2/3 up to recall
    # 2/3, then 0. COCO reads 101 recall points 0, 0.01, ..., 1.00; 67 of them (0 to 0.66) are <=
    # 2/3.
    wrong, right = "a car [[60,60,90,90]]", "a car [[0,0,40,40]]"
    records = [record(text, ("car", CAR)) for text in (wrong, right, right)]
    result = evaluate_captioning(records, NAMES)
    assert result.ap50 == pytest.approx(67 / 101 * 2 / 3)
    assert result.ap == pytest.approx(result.ap50)  # the right ones are exact, so every threshold agrees


def test_with_constant_scores_the_record_order_breaks_ties() -> None:
    wrong, right = (
        record("a car [[60,60,90,90]]", ("car", CAR)),
        record("a car [[0,0,40,40]]", ("car", CAR)),
    )
    wrong_last = evaluate_captioning([right, wrong], NAMES)
    wrong_first = evaluate_captioning([wrong, right], NAMES)
    assert wrong_last.ap50 == pytest.approx(51 / 101)
    assert wrong_first.ap50 == pytest.approx(51 / 101 / 2)


def test_area_scores_rank_large_boxes_first() -> None:
    # The wrong box is smaller, so under "area" it comes last wherever it stands.
    records = [
        record("a car [[60,60,90,90]]", ("car", CAR)),
        record("a car [[0,0,40,40]]", ("car", CAR)),
    ]
    result = evaluate_captioning(records, NAMES, score_policy="area")
    assert result.ap50 == pytest.approx(51 / 101)
    assert "area" in str(result)


def test_one_phrase_may_carry_several_boxes_and_repeats_are_kept() -> None:
    other = Box(0.6, 0.0, 1.0, 0.4)
    both = record("two cars [[0,0,40,40; 60,0,100,40]]", ("car", CAR), ("car", other))
    assert evaluate_captioning([both], NAMES).ap50 == pytest.approx(1.0)
    repeated = record("a car [[0,0,40,40]] and a car [[0,0,40,40]]", ("car", CAR), ("car", other))
    result = evaluate_captioning([repeated], NAMES)
    assert result.detections == 2
    assert result.ap50 == pytest.approx(51 / 101)


def test_the_mean_is_over_the_classes_that_are_there() -> None:
    result = evaluate_captioning(
        [record("A car [[0,0,40,40]] and a cat [[0,0,40,40]].", ("car", CAR), ("dog", DOG))], NAMES
    )
    assert result.ap50 == pytest.approx(0.5)  # car found, dog not; "cat" has no truth and is left out


def test_phrases_without_a_class_are_listed() -> None:
    result = evaluate_captioning([record("the sky [[0,0,100,20]]", ("car", CAR))], NAMES)
    assert result.unmapped == ("the sky",)
    assert result.ap50 == 0.0
    assert "1 phrases unmapped" in str(result)


def test_large_objects_are_measured_in_original_pixels() -> None:
    text = "a car [[0,0,40,40]]"
    large = evaluate_captioning([record(text, ("car", CAR), side=400)], NAMES)
    small = evaluate_captioning([record(text, ("car", CAR), side=100)], NAMES)
    assert large.ap_large == pytest.approx(1.0)
    assert math.isnan(small.ap_large)


def test_nothing_to_find_and_nothing_found(capsys: pytest.CaptureFixture[str]) -> None:
    assert math.isnan(evaluate_captioning([], NAMES).ap)
    assert evaluate_captioning([record("nothing", ("car", CAR))], NAMES).ap == 0.0
    assert capsys.readouterr().out == ""


def test_an_unknown_score_policy_is_refused() -> None:
    with pytest.raises(ValueError, match="constant, given, area"):
        evaluate_captioning([], NAMES, score_policy="random")  # type: ignore[arg-type]
