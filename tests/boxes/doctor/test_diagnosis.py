"""Every mistake is made on purpose, and has to be found."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from twist_scout.boxes import Box, PaddedSquare, SmartResized, Stretched, get_dialect
from twist_scout.boxes.doctor import Fit, Joined, Reading, Verdict, diagnose

Corners = tuple[float, float, float, float]
Write = Callable[[Corners, int, int], str]
Predict = Callable[..., Joined]
Truth = list[tuple[Corners, tuple[int, int]]]


def numbers(values: Any, digits: int = 0) -> str:
    return f"the thing [{', '.join(f'{value:.{digits}f}' for value in values)}]"


def whole(box: Corners, w: int, h: int, full: float = 1.0) -> list[float]:
    return [box[0] / w * full, box[1] / h * full, box[2] / w * full, box[3] / h * full]


def padded(box: Corners, w: int, h: int, full: float = 1.0) -> list[float]:
    side = max(w, h)
    left, top = (side - w) // 2, (side - h) // 2
    return [
        (box[0] + left) / side * full,
        (box[1] + top) / side * full,
        (box[2] + left) / side * full,
        (box[3] + top) / side * full,
    ]


def resized(box: Corners, w: int, h: int) -> list[float]:
    width, height = SmartResized(w, h, max_pixels=16384 * 28 * 28).model_size
    return [box[0] / w * width, box[1] / h * height, box[2] / w * width, box[3] / h * height]


def size_of(box: Corners) -> tuple[float, float]:
    return box[2] - box[0], box[3] - box[1]


def written_by(dialect: str, frame: str) -> Write:
    def write(box: Corners, w: int, h: int) -> str:
        view = PaddedSquare(w, h) if frame == "padded" else Stretched((w, h))
        return get_dialect(dialect, view).render([view.to_model(Box.from_pixels(*box, width=w, height=h, clip=True))])

    return write


# how they are written, how they are read: dialect and frame; the reading that is right; what helps
MISTAKES: dict[str, tuple[Write, str, str | None, Reading, str | None]] = {
    "0-1000 padded, read as pixels": (
        lambda b, w, h: numbers(padded(b, w, h, 1000)),
        "pixels",
        None,
        Reading(1000.0, "padded"),
        "--dialect ferret --frame padded",
    ),
    "0-1000, read as pixels": (
        lambda b, w, h: numbers(whole(b, w, h, 1000)),
        "pixels",
        None,
        Reading(1000.0),
        "--dialect ferret",
    ),
    "pixels, read as 0-1000": (
        lambda b, w, h: numbers(b),
        "ferret",
        None,
        Reading("pixels"),
        "--dialect pixels",
    ),
    "0-1000, read as 0-100": (
        written_by("cogvlm", "stretched"),
        "scout",
        None,
        Reading(1000.0),
        "--dialect cogvlm",
    ),
    "fractions of a padded square, read as fractions of the picture": (
        written_by("shikra", "padded"),
        "shikra",
        "stretched",
        Reading(1.0, "padded"),
        "--dialect shikra",
    ),
    "fractions of the picture, read as fractions of a padded square": (
        written_by("llava", "stretched"),
        "llava",
        None,
        Reading(1.0),
        "--dialect llava --frame stretched",
    ),
    "Qwen3-VL, read as Qwen2.5-VL": (
        written_by("qwen3-vl", "stretched"),
        "qwen2.5-vl",
        None,
        Reading(1000.0),
        "--dialect qwen3-vl",
    ),
    "pixels after smart resizing, read as 0-1000": (
        lambda b, w, h: '{"bbox_2d": ' + numbers(resized(b, w, h))[10:] + "}",
        "qwen3-vl",
        None,
        Reading("smart28"),
        "--dialect qwen2.5-vl",
    ),
    "y before x": (
        lambda b, w, h: numbers([whole(b, w, h, 1000)[n] for n in (1, 0, 3, 2)]),
        "ferret",
        None,
        Reading(1000.0, y_first=True),
        None,
    ),
    "PaliGemma, read as Florence-2": (
        written_by("paligemma", "stretched"),
        "florence-2",
        None,
        Reading(1024.0, y_first=True),
        "--dialect paligemma",
    ),
    "x, y, width, height": (
        lambda b, w, h: numbers([b[0], b[1], *size_of(b)]),
        "pixels",
        None,
        Reading("pixels", form="xywh"),
        None,
    ),
    "centre, width, height": (
        lambda b, w, h: numbers(
            [(b[0] + b[2]) / 2 / w, (b[1] + b[3]) / 2 / h, size_of(b)[0] / w, size_of(b)[1] / h], 3
        ),
        "shikra",
        "stretched",
        Reading(1.0, form="cxcywh"),
        None,
    ),
    "x1, x2, y1, y2": (
        lambda b, w, h: numbers([b[0], b[2], b[1], b[3]]),
        "pixels",
        None,
        Reading("pixels", form="xxyy"),
        None,
    ),
    "pixels of the padded 336 x 336 picture": (
        lambda b, w, h: numbers(padded(b, w, h, 336), 1),
        "pixels",
        None,
        Reading(336.0, "padded"),
        None,
    ),
    "longer edge resized to 640": (
        lambda b, w, h: numbers([v / max(w, h) * 640 for v in b], 1),
        "pixels",
        None,
        Reading(640.0, "corner"),
        None,
    ),
    "shorter edge resized to 800": (
        lambda b, w, h: numbers([v / min(w, h) * 800 for v in b], 1),
        "pixels",
        None,
        Reading(800.0, "short"),
        None,
    ),
    "width and height swapped": (
        lambda b, w, h: numbers([b[0] / h * 1000, b[1] / w * 1000, b[2] / h * 1000, b[3] / w * 1000]),
        "qwen3-vl",
        None,
        Reading(1000.0, "swapped"),
        None,
    ),
    "mirrored": (
        lambda b, w, h: numbers([w - b[2], b[1], w - b[0], b[3]]),
        "pixels",
        None,
        Reading("pixels", flipped="x"),
        None,
    ),
    "the right numbers in a syntax that the dialect does not know": (
        written_by("qwen2-vl", "stretched"),
        "ferret",
        None,
        Reading(1000.0),
        "--dialect qwen2-vl",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_every_mistake_is_found(truth: Truth, predict: Predict, name: str) -> None:
    write, dialect, frame, right, remedy = MISTAKES[name]
    result = diagnose(predict(truth, write), dialect, frame)
    assert result.verdict is Verdict.misread, result.sentence
    assert result.best is not None
    assert result.best.reading == right, result.sentence
    assert result.best.score.mean_iou > 0.95
    assert result.declared.mean_iou < 0.9
    assert (None if result.remedy is None else str(result.remedy)) == remedy
    assert str(right) in result.sentence
    assert (remedy or "No dialect reads them so") in result.sentence


@pytest.mark.parametrize("name", [name for name in MISTAKES if MISTAKES[name][4]])
def test_what_helps_helps(random_boxes: Truth, predict: Predict, name: str) -> None:
    write, _, _, right, remedy = MISTAKES[name]
    assert remedy is not None
    options = remedy.split()
    frame = options[3] if len(options) > 2 else None
    result = diagnose(predict(random_boxes, write), options[1], frame)
    assert result.verdict is Verdict.right, result.sentence
    assert result.best is not None
    assert result.best.reading == right
    assert "that is how you read them" in result.sentence


@pytest.mark.parametrize("name", [name for name in MISTAKES if "smart" not in name])  # that one is within the noise
def test_mistakes_are_found_in_the_boxes_of_a_mediocre_model(random_boxes: Truth, predict: Predict, name: str) -> None:
    write, dialect, frame, right, _ = MISTAKES[name]
    result = diagnose(predict(random_boxes, write, noise=0.08, wrong=0.2), dialect, frame)
    assert result.verdict is Verdict.misread, result.sentence
    assert result.best is not None
    found = [result.best.reading, *(candidate.reading for candidate in result.alike)]
    assert right in found, result.sentence


@pytest.mark.parametrize("noise", [0.0, 0.08])
def test_a_shift_is_measured(truth: Truth, predict: Predict, noise: float) -> None:
    shifted = predict(truth, lambda b, w, h: numbers([b[0] + 40, b[1] + 25, b[2] + 40, b[3] + 25], 1), noise, 2 * noise)
    # In larger pictures nothing sticks out, so only the shift is left to be found.
    rows = [replace(row, size=(row.size[0] + 50, row.size[1] + 50)) for row in shifted.rows]
    result = diagnose(Joined(tuple(rows)), "pixels")
    assert result.best is not None
    assert isinstance(result.best.reading, Fit), result.sentence
    assert result.best.reading.scale == (1, 1)
    assert result.best.reading.offset == pytest.approx((40, 25), abs=0.5 if noise == 0 else 6)
    assert "shifted by +" in result.sentence


@pytest.mark.parametrize("factor", [0.61, 1.7])
def test_a_scale_is_measured(truth: Truth, predict: Predict, factor: float) -> None:
    result = diagnose(predict(truth, lambda b, w, h: numbers([v * factor for v in b], 1)), "ferret")
    assert result.best is not None
    assert isinstance(result.best.reading, Fit), result.sentence
    assert result.best.reading.scale == pytest.approx((factor, factor), rel=0.005)
    assert result.best.reading.offset == (0, 0)
    assert f"pixels of the original picture, times {factor}" in result.sentence


def test_a_range_that_no_model_uses_is_measured(truth: Truth, predict: Predict) -> None:
    result = diagnose(predict(truth, lambda b, w, h: numbers(padded(b, w, h, 5000))), "pixels")
    assert result.best is not None
    assert str(result.best.reading).startswith(("0-5000 in a padded square", "0-4999", "0-5001"))


def test_right_is_right(truth: Truth, predict: Predict) -> None:
    for dialect, frame in (("qwen-vl", None), ("kosmos-2", None), ("florence-2", None), ("pixels", "padded")):
        write = written_by(dialect, frame or "stretched")
        assert diagnose(predict(truth, write), dialect, frame).verdict is Verdict.right


def test_a_weak_model_is_not_taken_for_a_wrong_format(truth: Truth, predict: Predict) -> None:
    result = diagnose(predict(truth, written_by("ferret", "stretched"), noise=0.35, wrong=0.3), "ferret")
    assert result.verdict is Verdict.right
    assert result.declared.mean_iou < 0.6


def test_random_boxes_fit_nothing(truth: Truth, predict: Predict) -> None:
    rng = random.Random(7)

    def anywhere(box: Corners, w: int, h: int) -> str:
        x1, x2 = sorted(rng.uniform(0, w) for _ in "ab")
        y1, y2 = sorted(rng.uniform(0, h) for _ in "ab")
        return numbers([x1, y1, x2, y2])

    result = diagnose(predict(truth, anywhere), "pixels")
    assert result.verdict is Verdict.nothing_fits, result.sentence
    assert result.sentence.startswith("Nothing fits: the best of ")
    assert result.remedy is None


def test_answers_of_other_pictures_fit_nothing(truth: Truth, predict: Predict) -> None:
    joined = predict(truth, written_by("ferret", "stretched"))
    texts = [row.text for row in joined.rows]
    rows = [replace(row, text=text) for row, text in zip(joined.rows, texts[1:] + texts[:1], strict=True)]
    assert diagnose(Joined(tuple(rows)), "ferret").verdict is Verdict.nothing_fits


def test_too_few_boxes_are_no_evidence(random_boxes: Truth, predict: Predict) -> None:
    result = diagnose(predict(random_boxes[:4], written_by("ferret", "stretched")), "pixels")
    assert result.verdict is Verdict.too_few
    assert result.best is None
    assert "Only 4 true boxes" in result.sentence
    assert diagnose(Joined(()), "pixels").verdict is Verdict.too_few


def test_square_pictures_cannot_tell_padding_and_say_so(random_boxes: Truth, predict: Predict) -> None:
    square = [(tuple(v / 4 for v in box), (300, 300)) for box, _ in random_boxes]
    result = diagnose(predict(square, written_by("ferret", "stretched")), "pixels")
    assert result.best is not None
    assert result.best.reading == Reading(1000.0)
    assert Reading(1000.0, "padded") in [candidate.reading for candidate in result.alike]


def test_answers_without_numbers_are_counted(random_boxes: Truth, predict: Predict) -> None:
    joined = predict(random_boxes, written_by("ferret", "stretched"))
    rows = [replace(row, text="It is on the left." if n % 3 == 0 else row.text) for n, row in enumerate(joined.rows)]
    result = diagnose(Joined(tuple(rows)), "ferret")
    assert (result.verdict, result.unread, result.boxes) == (Verdict.right, 40, 80)


def test_several_boxes_in_a_row_are_matched(random_boxes: Truth, predict: Predict) -> None:
    joined = predict(random_boxes, written_by("ferret", "stretched"))
    rows = []
    for first, second in zip(joined.rows[::2], joined.rows[1::2], strict=True):
        (w, h), (v, g) = first.size, second.size
        other = tuple(
            value / old * new for value, old, new in zip(second.boxes[0], (v, g, v, g), (w, h, w, h), strict=True)
        )
        rows.append(replace(first, text=f"{second.text}, {first.text}", boxes=(first.boxes[0], other)))
    result = diagnose(Joined(tuple(rows)), "pixels")
    assert result.best is not None
    assert result.best.reading == Reading(1000.0)
    assert result.best.score.accuracy == 1


def test_the_size_of_the_shown_picture_is_used(random_boxes: Truth, predict: Predict) -> None:
    joined = predict(random_boxes, lambda b, w, h: numbers(v * 0.7 for v in b))
    rows = [replace(row, said_size=(round(row.size[0] * 0.7), round(row.size[1] * 0.7))) for row in joined.rows]
    result = diagnose(Joined(tuple(rows)), "pixels")
    assert result.best is not None
    assert result.best.reading == Reading("said")
    assert "pixels of the size that the predictions file gives" in result.sentence


def test_the_result_is_the_same_each_time_and_json_ready(random_boxes: Truth, predict: Predict) -> None:
    import json

    joined = predict(random_boxes, written_by("ferret", "padded"), 0.05, 0.1)
    first, second = (json.dumps(diagnose(joined, "pixels").to_dict(), allow_nan=False) for _ in range(2))
    assert first == second
    assert json.loads(first)["best"]["frame"] == "padded"
