"""Scale and offset."""

from __future__ import annotations

import random

import numpy as np
import pytest

from twist_scout.boxes.doctor.fitting import FEWEST_PAIRS, Fit, fits
from twist_scout.boxes.doctor.readings import Reading
from twist_scout.boxes.doctor.samples import Row, Samples, make_samples
from twist_scout.boxes.doctor.scoring import best_ious


def samples_of(count: int, wrong: float = 0.0) -> Samples:
    """Boxes of 600 x 400 pictures, scaled by 1.25 and 0.8 and shifted by 30 and -20 pixels."""
    rng = random.Random(3)
    rows = []
    for number in range(count):
        w, h = rng.uniform(40, 300), rng.uniform(40, 200)
        x, y = rng.uniform(0, 600 - w), rng.uniform(30, 400 - h)
        box = (x, y, x + w, y + h)
        meant = box if rng.random() >= wrong else tuple(rng.uniform(0, 600) for _ in range(4))
        written = [meant[0] * 1.25 + 30, meant[1] * 0.8 - 20, meant[2] * 1.25 + 30, meant[3] * 0.8 - 20]
        rows.append(Row(str(number), str(written), (box,), (600, 400)))
    return make_samples(rows)


def best_of(samples: Samples) -> Fit:
    found = list(fits(samples, samples.single))
    return max(found, key=lambda fit: float(best_ious(fit.decode(samples), samples).mean()))


def test_an_exact_line_is_found_exactly() -> None:
    samples = samples_of(40)
    fit = next(f for f in fits(samples, samples.single) if f.base == Reading("pixels") and f.cost == 4)
    assert fit.scale == pytest.approx((1.25, 0.8))
    assert fit.offset == pytest.approx((30, -20))
    assert best_ious(fit.decode(samples), samples).min() == pytest.approx(1)
    assert (
        str(fit) == "pixels of the original picture, times 1.25 in x and 0.8 in y, shifted by +30.0 in x and -20.0 in y"
    )


def test_a_third_of_wrong_boxes_does_not_move_the_line() -> None:
    samples = samples_of(150, wrong=0.33)
    fit = best_of(samples)
    assert best_ious(fit.decode(samples), samples)[: len(samples.truth)].mean() > 0.65
    pixel_fit = next(f for f in fits(samples, samples.single) if f.base == Reading("pixels") and f.cost == 4)
    assert pixel_fit.scale == pytest.approx((1.25, 0.8), rel=0.01)
    assert pixel_fit.offset == pytest.approx((30, -20), abs=3)


def test_too_few_pairs_are_not_fitted() -> None:
    samples = samples_of(FEWEST_PAIRS - 1)
    assert list(fits(samples, samples.single)) == []
    samples = samples_of(40)
    assert list(fits(samples, np.zeros_like(samples.single))) == []


def test_the_simpler_of_two_fits_is_cheaper() -> None:
    pixels = Reading("pixels")
    shift = Fit(pixels, (1.0, 1.0), (5.0, 6.0))
    scale = Fit(pixels, (0.5, 0.5), (0.0, 0.0))
    both = Fit(pixels, (0.5, 0.6), (5.0, 6.0))
    assert scale.cost < shift.cost < both.cost


def test_words() -> None:
    assert str(Fit(Reading(1.0), (737.0, 737.0), (0.0, 0.0))) == "0-737 of the whole picture"
    assert str(Fit(Reading(1.0, "padded"), (100.0, 100.0), (2.0, 0.0))) == (
        "0-100 in a padded square, shifted by +2.0% in x and +0.0% in y"
    )
    assert str(Fit(Reading("pixels"), (1.001, 0.999), (0.4, 0.2))) == "pixels of the original picture"
