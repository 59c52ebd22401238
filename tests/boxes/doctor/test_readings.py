"""What four numbers may mean, checked against the frames and dialects of the package."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from twist_scout.boxes import (
    Box,
    CenterCropped,
    Frame,
    PaddedSquare,
    SmartResized,
    Stretched,
    get_dialect,
    known_dialects,
)
from twist_scout.boxes.dialects import dialect_frame
from twist_scout.boxes.doctor.readings import OF_DIALECT, Reading, all_readings, reading_of
from twist_scout.boxes.doctor.samples import Row, Samples, make_samples

SIZES = [(640, 480), (301, 500), (400, 400)]
BOX = Box(0.3, 0.35, 0.6, 0.7)


def samples_of(write: Callable[[int, int], tuple[float, ...]]) -> Samples:
    rows = [
        Row(str(size), str(list(write(*size))), (BOX.to_pixels(*size),), size, (size[0] // 2, size[1] // 2))
        for size in SIZES
    ]
    return make_samples(rows)


FRAMES: list[tuple[Reading, Callable[[int, int], Frame], Callable[[int, int], tuple[float, float]]]] = [
    (Reading(1.0), lambda w, h: Stretched(), lambda w, h: (1, 1)),
    (Reading(1000.0), lambda w, h: Stretched(), lambda w, h: (1000, 1000)),
    (Reading("pixels"), lambda w, h: Stretched(), lambda w, h: (w, h)),
    (Reading("said"), lambda w, h: Stretched(), lambda w, h: (w // 2, h // 2)),
    (Reading(336.0, "padded"), PaddedSquare, lambda w, h: (336, 336)),
    (Reading("pixels", "padded"), PaddedSquare, lambda w, h: (max(w, h), max(w, h))),
    (
        Reading("smart28-1280"),
        lambda w, h: SmartResized(w, h, min_pixels=56 * 56),
        lambda w, h: SmartResized(w, h, min_pixels=56 * 56).model_size,
    ),
    (
        Reading(224.0, "cropped"),
        lambda w, h: CenterCropped((w, h), (min(w, h), min(w, h))),
        lambda w, h: (224, 224),
    ),
]


@pytest.mark.parametrize(("reading", "frame", "scale"), FRAMES, ids=[str(row[0]) for row in FRAMES])
def test_a_reading_undoes_the_frame(
    reading: Reading,
    frame: Callable[[int, int], Frame],
    scale: Callable[[int, int], tuple[float, float]],
) -> None:
    def write(w: int, h: int) -> tuple[float, ...]:
        seen, (sx, sy) = frame(w, h).to_model(BOX), scale(w, h)
        return (seen.x1 * sx, seen.y1 * sy, seen.x2 * sx, seen.y2 * sy)

    expected = np.array([frame(w, h).to_original(frame(w, h).to_model(BOX)).as_tuple() for w, h in SIZES])
    assert reading.decode(samples_of(write)) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("reading", "write"),
    [
        (Reading(1.0, y_first=True), lambda x1, y1, x2, y2: (y1, x1, y2, x2)),
        (Reading(1.0, form="xywh"), lambda x1, y1, x2, y2: (x1, y1, x2 - x1, y2 - y1)),
        (Reading(1.0, form="cxcywh"), lambda x1, y1, x2, y2: ((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1)),
        (Reading(1.0, form="xxyy"), lambda x1, y1, x2, y2: (x1, x2, y1, y2)),
        (Reading(1.0, y_first=True, form="xywh"), lambda x1, y1, x2, y2: (y1, x1, y2 - y1, x2 - x1)),
        (Reading(1.0, y_first=True, form="xxyy"), lambda x1, y1, x2, y2: (y1, y2, x1, x2)),
        (Reading(1.0, flipped="x"), lambda x1, y1, x2, y2: (1 - x2, y1, 1 - x1, y2)),
        (Reading(1.0, flipped="y"), lambda x1, y1, x2, y2: (x1, 1 - y2, x2, 1 - y1)),
    ],
)
def test_a_reading_undoes_order_and_form(reading: Reading, write: Callable[..., tuple[float, ...]]) -> None:
    samples = samples_of(lambda w, h: write(*BOX.as_tuple()))
    assert reading.decode(samples) == pytest.approx(np.tile(BOX.as_tuple(), (len(SIZES), 1)), abs=1e-9)


def test_swapped_sides_and_edges() -> None:
    x1, y1, x2, y2 = BOX.as_tuple()
    swapped = samples_of(lambda w, h: (x1 * w / h, y1 * h / w, x2 * w / h, y2 * h / w))
    longer = samples_of(lambda w, h: tuple(v / max(w, h) for v in BOX.to_pixels(w, h)))
    shorter = samples_of(lambda w, h: tuple(v / min(w, h) for v in BOX.to_pixels(w, h)))
    expected = np.tile(BOX.as_tuple(), (len(SIZES), 1))
    for frame, samples in (("swapped", swapped), ("corner", longer), ("short", shorter)):
        assert Reading(1.0, frame).decode(samples) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", known_dialects())
def test_each_dialect_has_the_reading_that_its_codec_follows(name: str) -> None:
    def row(size: tuple[int, int]) -> Row:
        frame = dialect_frame(name, width=size[0], height=size[1])
        text = get_dialect(name, frame).render([frame.to_model(BOX)])
        return Row(str(size), text, (BOX.to_pixels(*size),), size)

    samples = make_samples([row(size) for size in SIZES])
    reading = reading_of(name)
    assert reading is not None
    tolerance = get_dialect(name, Stretched((300, 400))).resolution * 640 / 301
    assert reading.decode(samples) == pytest.approx(np.tile(BOX.as_tuple(), (len(SIZES), 1)), abs=tolerance)


def test_readings_in_another_frame() -> None:
    assert reading_of("ferret", "padded") == Reading(1000.0, "padded")
    assert reading_of("shikra", "stretched") == Reading(1.0)
    assert reading_of("pixels", "padded") == Reading("pixels", "padded")
    assert reading_of("pixels", "smart_resized") == Reading("smart28")
    assert reading_of("of someone else") is None


def test_no_two_readings_have_the_same_words() -> None:
    readings = list(all_readings(samples_of(lambda w, h: (0, 0, 1, 1))))
    assert len(set(readings)) == len(readings)
    assert [words for words, count in Counter(map(str, readings)).items() if count > 1] == []
    assert set(OF_DIALECT.values()) <= set(readings)


def test_pictures_that_smart_resizing_refuses_are_no_error() -> None:
    samples = make_samples([Row("a", "[1,2,3,4]", ((0, 0, 1, 1),), (3000, 10))])
    assert not any(
        isinstance(reading.unit, str) and reading.unit.startswith("smart") for reading in all_readings(samples)
    )
