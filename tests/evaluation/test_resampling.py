from __future__ import annotations

import numpy as np
import pytest

from twist_scout.evaluation import resampling
from twist_scout.evaluation.resampling import chunks, cumulants, exchanged, means, weighted
from twist_scout.evaluation.significance import bootstrap_interval, paired_bootstrap


def test_cumulants_say_what_drawing_says(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(1)
    first = generator.random(3000) ** 4
    second = np.clip(first + generator.normal(0.002, 0.05, 3000), 0, 1)
    drawn, difference = bootstrap_interval(first), paired_bootstrap(first, second)
    monkeypatch.setattr(resampling, "MANY", 100)
    assert bootstrap_interval(first) == pytest.approx(drawn, abs=3e-4)
    quick = paired_bootstrap(first, second)
    assert (quick.low, quick.high) == pytest.approx((difference.low, difference.high), abs=1e-4)
    assert quick.p == pytest.approx(difference.p, abs=0.01)


def test_the_cumulants_are_those_of_the_drawn_means() -> None:
    sample = np.random.default_rng(4).random(300) ** 4
    drawn = means(*weighted(sample), 0, 40_000)
    mean, error, skew = cumulants(*weighted(sample))
    assert drawn.mean() == pytest.approx(mean, abs=4 * error / 200)
    assert drawn.std() == pytest.approx(error, rel=0.02)
    assert ((drawn - mean) ** 3).mean() / error**3 == pytest.approx(skew, abs=0.05)


def test_counts_are_drawn_as_single_values_are() -> None:
    few = np.random.default_rng(5).integers(0, 3, 200) / 2
    by_counts = means(*weighted(few), 0, 20_000)
    one_by_one = few[np.random.default_rng(1).integers(0, 200, (20_000, 200))].mean(axis=1)
    for share in (0.025, 0.25, 0.5, 0.975):
        assert np.quantile(by_counts, share) == pytest.approx(np.quantile(one_by_one, share), abs=0.006)


def test_all_exchanges_of_three_changes() -> None:
    # Of the eight signs of (3, 1, 1), only all plus and all minus reach 5; six reach at least 1 and all reach 1.
    assert exchanged(np.array([3.0, 1.0, 1.0])) == pytest.approx(2 / 8)
    assert exchanged(np.array([3.0, -1.0, -1.0])) == 1.0


def test_chunks_add_up_and_stay_small() -> None:
    for resamples, width in ((10_000, 3), (7, 10**9), (10_000, 1_000_000)):
        parts = list(chunks(resamples, width))
        assert sum(parts) == resamples
        assert max(parts) * width <= max(4_000_000, width)
