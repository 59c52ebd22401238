from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twist_scout.evaluation.significance import (
    bootstrap_interval,
    detectable_difference,
    mcnemar,
    mcnemar_counts,
    paired_bootstrap,
)

scores = st.lists(st.floats(0, 1), min_size=1, max_size=40)


@settings(deadline=None)
@given(b_only=st.integers(0, 4000), a_only=st.integers(0, 4000))
def test_mcnemar_is_the_exact_binomial_test(b_only: int, a_only: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    expected = stats.binomtest(b_only, b_only + a_only, 0.5).pvalue if b_only + a_only else 1.0
    assert mcnemar_counts(b_only, a_only).p == pytest.approx(expected, rel=1e-8, abs=1e-300)


def test_mcnemar_counts_only_what_one_model_alone_got_right() -> None:
    first = [True, True, True, False, False, False, False, False, False, False]
    second = [True, False, True, True, True, True, True, True, True, False]
    found = mcnemar(first, second)
    assert (found.b_only, found.a_only) == (6, 1)
    assert found.p == pytest.approx(2 * (1 + 7) / 2**7)  # one or no head among seven throws, on either side


def test_mcnemar_of_a_million_questions() -> None:
    assert mcnemar_counts(500_000, 500_000).p == 1.0
    assert 0 < mcnemar_counts(501_000, 499_000).p < 0.05
    with pytest.raises(ValueError, match="same questions"):
        mcnemar([True], [True, False])


@given(values=scores, seed=st.integers(0, 3))
@settings(max_examples=30, deadline=None)
def test_the_interval_lies_within_the_values_and_does_not_depend_on_their_order(values: list[float], seed: int) -> None:
    low, high = bootstrap_interval(values, seed=seed, resamples=200)
    assert min(values) - 1e-12 <= low <= high <= max(values) + 1e-12
    assert bootstrap_interval(values[::-1], seed=seed, resamples=200) == (low, high)


@pytest.mark.parametrize("kind", ["few values", "many values"])
def test_the_interval_of_a_mean_is_scipys(kind: str) -> None:
    stats = pytest.importorskip("scipy.stats")
    generator = np.random.default_rng(3)
    sample = generator.random(400) ** 3 if kind == "many values" else generator.integers(0, 4, 400) / 3
    expected = stats.bootstrap((sample,), np.mean, method="percentile", n_resamples=20_000, rng=5).confidence_interval
    found = bootstrap_interval(sample, resamples=20_000)
    assert found == pytest.approx(
        (expected.low, expected.high), abs=2e-3
    )  # draws differ; the interval is about 0.06 wide


def test_the_interval_of_a_median_and_of_a_function() -> None:
    sample = np.arange(101.0)
    low, high = bootstrap_interval(sample, "median", resamples=2000)
    assert low < 50 < high
    assert bootstrap_interval(sample, lambda rows: np.median(rows, axis=1), resamples=2000) == (low, high)


@given(values=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=30))
@settings(max_examples=30, deadline=None)
def test_exchanging_the_models_turns_the_sign(values: list[tuple[float, float]]) -> None:
    first, second = zip(*values, strict=True)
    there, back = paired_bootstrap(first, second, resamples=400), paired_bootstrap(second, first, resamples=400)
    assert there.difference == pytest.approx(-back.difference)
    assert there.difference == pytest.approx(np.mean(second) - np.mean(first))
    assert 0 < there.p <= 1
    assert there.low <= there.high


def test_p_and_interval_agree_about_zero() -> None:
    generator = np.random.default_rng(0)
    first = (generator.random(300) < 0.6).astype(float)
    for gain in (0.0, 0.02, 0.05, 0.1, 0.2):
        second = np.where(generator.random(300) < gain, 1.0, first)
        found = paired_bootstrap(first, second)
        assert (found.low > 0 or found.high < 0) == (found.p < 0.05)


@given(b_only=st.integers(0, 16), a_only=st.integers(0, 16))
@settings(max_examples=40, deadline=None)
def test_few_changes_are_tested_exactly_as_mcnemar_does(b_only: int, a_only: int) -> None:
    if b_only + a_only > 16:
        a_only = 16 - b_only
    first = [0.0] * b_only + [1.0] * (a_only + 100)
    second = [1.0] * b_only + [0.0] * a_only + [1.0] * 100
    found = paired_bootstrap(first, second, resamples=400)
    assert found.p == pytest.approx(mcnemar_counts(b_only, a_only).p)
    assert found.low <= 0 <= found.high or found.p < 0.05


def test_few_changes_of_any_size_are_tested_exactly_as_scipy_does() -> None:
    stats = pytest.importorskip("scipy.stats")
    generator = np.random.default_rng(2)
    first, second = generator.random((2, 12))
    expected = stats.permutation_test(
        (first, second), lambda x, y: np.mean(y - x), permutation_type="samples", n_resamples=np.inf
    ).pvalue
    assert paired_bootstrap(first, second).p == pytest.approx(expected)


def test_p_is_right_one_time_in_twenty_among_equals() -> None:
    generator = np.random.default_rng(7)
    a, b = generator.random((2, 400, 200)) < 0.5
    wrongly = sum(paired_bootstrap(x, y, resamples=1000).p < 0.05 for x, y in zip(a, b, strict=True))
    assert 6 <= wrongly <= 40  # 20 expected


def test_equal_scores_differ_by_nothing() -> None:
    found = paired_bootstrap([0.1, 0.7, 1.0], [0.1, 0.7, 1.0])
    assert (found.difference, found.low, found.high, found.p) == (0.0, 0.0, 0.0, 1.0)
    assert math.isnan(paired_bootstrap([], []).difference)
    assert paired_bootstrap([], []).to_dict()["difference"] is None


def test_bad_scores_are_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        bootstrap_interval([0.0, math.nan])
    with pytest.raises(ValueError, match="same samples"):
        paired_bootstrap([1.0], [1.0, 0.0])
    assert all(math.isnan(bound) for bound in bootstrap_interval([]))


@pytest.mark.parametrize(("total", "changing"), [(400, 0.2), (2000, 0.1), (2000, 0.02)])
def test_a_detectable_difference_is_detected_four_times_out_of_five_or_more(total: int, changing: float) -> None:
    generator = np.random.default_rng(11)

    def pair(difference: float) -> tuple[np.ndarray, np.ndarray]:
        draw = generator.random(total)
        better, worse = draw < (changing + difference) / 2, draw > 1 - (changing - difference) / 2
        return worse.astype(float), better.astype(float)

    difference = detectable_difference(*pair(0.0))
    assert 0 < difference < changing
    shown = np.mean([mcnemar(*pair(difference)).p < 0.05 for _ in range(400)])
    assert 0.78 <= shown <= 0.98
    assert np.mean([mcnemar(*pair(difference / 2)).p < 0.05 for _ in range(400)]) < 0.6


def test_few_changes_leave_room_for_some() -> None:
    same = [1.0] * 500 + [0.0] * 500
    assert detectable_difference(same, same) == pytest.approx(0.006)  # six changes to one side: p = 2 / 2^6
    assert mcnemar_counts(6, 0).p < 0.05 < mcnemar_counts(5, 0).p
    assert detectable_difference([1.0, 0.0], [1.0, 0.0]) == 1.0
