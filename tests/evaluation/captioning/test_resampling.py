"""AP on a resample is AP of the resampled data set."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twist_scout.evaluation.captioning.arrays import Detections, Objects
from twist_scout.evaluation.captioning.average_precision import PrecisionEvaluator
from twist_scout.evaluation.captioning.resampling import ResampledPrecision

CLASSES = ("cat", "dog", "hat")


def scene(seed: int, images: int = 6, *, ties: bool = False, crowds: bool = True) -> tuple[Objects, Detections]:
    """Objects, and boxes near them, far from them, doubled, and of other classes."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(0, 5 * images))
    image, category = rng.integers(0, images, count), rng.integers(0, 3, count)
    boxes = np.concatenate([rng.integers(0, 60, (count, 2)), rng.integers(4, 60, (count, 2))], axis=1).astype(float)
    crowd = rng.random(count) < (0.15 if crowds else 0)
    objects = Objects(image, category, boxes, boxes[:, 2:].prod(axis=1), crowd)
    copies = rng.integers(0, max(count, 1), 3 * count) if count else np.zeros(0, dtype=np.int64)
    moved = boxes[copies] + rng.integers(-6, 7, (copies.size, 4)) * rng.choice([0, 0.5, 2], (copies.size, 1))
    moved[:, 2:] = np.maximum(moved[:, 2:], 1)
    said = np.where(rng.random(copies.size) < 0.1, rng.integers(-1, 3, copies.size), category[copies])
    score = rng.integers(0, 3, copies.size).astype(float) if ties else rng.permutation(copies.size) / 7
    return objects, Detections(image[copies], said, moved, score)


def repeated(objects: Objects, detections: Detections, counts: np.ndarray) -> tuple[Objects, Detections]:
    """The data set in which image n stands so many times."""
    first = np.concatenate([[0], np.cumsum(counts)])

    def copies(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        row = np.repeat(np.arange(len(image)), counts[image])
        within = np.concatenate([np.arange(counts[i]) for i in image]) if len(image) else np.zeros(0, dtype=np.int64)
        return row, (first[image[row]] + within).astype(np.int64)

    row, image = copies(objects.image)
    more = Objects(image, objects.category[row], objects.bbox[row], objects.area[row], objects.crowd[row])
    row, image = copies(detections.image)
    return more, Detections(image, detections.category[row], detections.bbox[row], detections.score[row])


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.booleans())
def test_without_resampling_it_is_cocos(seed: int, ties: bool) -> None:
    objects, detections = scene(seed, ties=ties)
    resampled, ones = ResampledPrecision(objects, detections, 6), np.ones((1, 6), dtype=np.int64)
    expected = PrecisionEvaluator(objects, detections, CLASSES).evaluate()
    assert resampled.ap(ones)[0] == pytest.approx(expected.ap, abs=1e-9, nan_ok=True)
    assert resampled.ap(ones, thresholds=1)[0] == pytest.approx(expected.ap50, abs=1e-9, nan_ok=True)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6))
def test_on_a_resample_it_is_cocos_on_the_repeated_images(seed: int) -> None:
    objects, detections = scene(seed)
    counts = np.random.default_rng(seed).multinomial(6, np.full(6, 1 / 6), size=4)
    found = ResampledPrecision(objects, detections, 6).ap(counts)
    for row, ap in zip(counts, found, strict=True):
        expected = PrecisionEvaluator(*repeated(objects, detections, row), CLASSES).evaluate(areas=()).ap
        assert ap == pytest.approx(expected, abs=1e-9, nan_ok=True)


def test_only_so_many_boxes_of_an_image_count() -> None:
    objects, detections = scene(3)
    ones = np.ones((1, 6), dtype=np.int64)
    for most in (1, 2, 5):
        found = ResampledPrecision(objects, detections, 6, most).ap(ones)[0]
        assert found == pytest.approx(PrecisionEvaluator(objects, detections, CLASSES, most).evaluate().ap, abs=1e-9)


def test_nothing_to_find_is_no_number() -> None:
    objects, detections = scene(3)
    resampled = ResampledPrecision(objects, detections, 6)
    assert np.isnan(resampled.ap(np.zeros((2, 6), dtype=np.int64))).all()
    assert resampled.ap(np.zeros((0, 6), dtype=np.int64)).shape == (0,)
    with pytest.raises(ValueError, match="6 images"):
        resampled.ap(np.ones((1, 5), dtype=np.int64))
