from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twist_scout.proportions import normal_quantile, wilson


@given(total=st.integers(1, 3000), share=st.floats(0, 1))
def test_the_interval_holds_the_share_and_solves_wilsons_equation(total: int, share: float) -> None:
    hits = round(share * total)
    low, high = wilson(hits, total)
    found = hits / total
    assert 0 <= low <= found <= high <= 1
    for bound in (low, high):  # the bounds are where the score statistic is z
        if 0 < bound < 1:
            assert (found - bound) ** 2 == pytest.approx(1.959963984540054**2 * bound * (1 - bound) / total, abs=1e-9)
    assert wilson(total - hits, total) == pytest.approx((1 - high, 1 - low))


@settings(deadline=None)  # scipy is slow to import
@given(total=st.integers(1, 3000), share=st.floats(0, 1), level=st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_it_is_scipys(total: int, share: float, level: float) -> None:
    stats = pytest.importorskip("scipy.stats")
    hits = round(share * total)
    expected = stats.binomtest(hits, total).proportion_ci(level, method="wilson")
    assert wilson(hits, total, level) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_nothing_is_known_of_an_empty_sample() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("hits", "total", "level"), [(2, 1, 0.95), (-1, 1, 0.95), (0, 1, 1.0), (0, 1, 0.0)])
def test_what_is_no_share_is_refused(hits: int, total: int, level: float) -> None:
    with pytest.raises(ValueError, match=r"no share|level"):
        wilson(hits, total, level)


def test_the_quantile_is_the_textbooks() -> None:
    assert normal_quantile(0.95) == pytest.approx(1.959963984540054, abs=1e-12)
