"""Side by side: differences have the right sign and size, and say how sure they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from twist_scout.errors import BadInput
from twist_scout.evaluation.comparison import compare
from twist_scout.evaluation.result import EvaluationResult, ResultTable
from twist_scout.evaluation.significance import mcnemar, paired_bootstrap


@dataclass
class Scored:
    """A result of given scores."""

    by_id: dict[str, float]
    protocol: str = "toy/1"
    kept: list[ResultTable] = field(default_factory=list)

    def __str__(self) -> str:
        return f"toy over {len(self.by_id)}"

    def to_dict(self) -> dict[str, Any]:
        return {"total": len(self.by_id)}

    def tables(self) -> list[ResultTable]:
        return self.kept

    def scores(self) -> Mapping[str, float]:
        return self.by_id


class Median(Scored):
    """A result whose number is no mean."""

    def resampled(self, counts: np.ndarray) -> np.ndarray:
        values = np.array(list(self.by_id.values()))
        return np.array([np.median(np.repeat(values, row)) for row in counts])


def scored(values: list[float] | np.ndarray, kind: type[Scored] = Scored, **others: Any) -> Scored:
    return kind({f"s{n}": float(value) for n, value in enumerate(values)}, **others)


def test_a_comparison_is_a_result_and_goes_into_json() -> None:
    found = compare({"a": scored([0, 1, 1]), "b": scored([1, 1, 0.5])})
    assert isinstance(found, EvaluationResult)
    told = json.loads(json.dumps({"protocol": found.protocol, **found.to_dict()}, allow_nan=False))
    assert told["of"] == "toy/1"
    assert [file["name"] for file in told["files"]] == ["a", "b"]
    assert [file["score"] for file in told["files"]] == pytest.approx([2 / 3, 2.5 / 3])
    assert all(len(file["score_interval"]) == 2 for file in told["files"])
    assert "against a (toy/1, 3 samples)" in str(found)
    assert [len(row) == len(table.columns) for table in found.tables() for row in table.rows] == [True] * 5


def test_the_numbers_are_those_of_the_paired_tests() -> None:
    rng = np.random.default_rng(0)
    a = rng.random(300) < 0.5
    b = np.where(rng.random(300) < 0.2, True, a)
    found = compare({"a": scored(a), "b": scored(b)}, seed=5)
    (difference,) = found.differences
    assert difference.paired == paired_bootstrap(a, b, 5)
    assert difference.mcnemar == mcnemar(a, b)
    assert (difference.better, difference.worse) == (int((b & ~a).sum()), 0)
    assert difference.better + difference.worse + difference.same == 300
    assert found.values == pytest.approx((a.mean(), b.mean()))
    low, high = found.intervals[0]
    assert low < a.mean() < high


def test_a_paired_interval_is_narrower_than_two_apart() -> None:
    rng = np.random.default_rng(1)
    a = rng.random(500)
    found = compare({"a": scored(a), "b": scored(a + 0.02 * rng.random(500))})
    paired = found.differences[0].paired
    assert paired.low > 0
    assert paired.high - paired.low < 0.1 * (found.intervals[0][1] - found.intervals[0][0])


def test_of_equals_nothing_differs() -> None:
    for kind in (Scored, Median):
        found = compare({"a": scored([0.2, 0.4, 1], kind), "b": scored([0.2, 0.4, 1], kind)})
        (difference,) = found.differences
        assert (difference.paired.difference, difference.paired.low, difference.paired.high) == (0, 0, 0)
        assert difference.paired.p == difference.corrected == 1
        assert found.flipped() == []
        assert difference.mcnemar is None


def test_swapping_the_models_turns_the_sign() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.random(80), rng.random(80)
    for kind in (Scored, Median):
        there = compare({"a": scored(a, kind), "b": scored(b, kind)}).differences[0]
        back = compare({"b": scored(b, kind), "a": scored(a, kind)}).differences[0]
        assert there.paired.difference == pytest.approx(-back.paired.difference)
        assert (there.better, there.worse) == (back.worse, back.better)
        assert there.paired.low == pytest.approx(-back.paired.high, abs=0.01)
        assert there.paired.p == pytest.approx(back.paired.p, abs=0.02)


def test_results_that_are_no_means_are_computed_anew() -> None:
    rng = np.random.default_rng(3)
    a = rng.normal(size=101)
    found = compare({"a": scored(a, Median), "b": scored(a + 1, Median)})
    assert found.values == pytest.approx((np.median(a), np.median(a) + 1))
    paired = found.differences[0].paired
    assert (paired.low, paired.high) == pytest.approx((1, 1))  # the same samples are drawn for both
    assert paired.p < 0.01
    mixed = compare({"a": scored(a, Median), "b": scored(a + 1)})
    assert mixed.values == pytest.approx((a.mean(), a.mean() + 1))


class Biased(Scored):
    """A result whose number grows with the samples that a resample leaves out, as average precision does."""

    def resampled(self, counts: np.ndarray) -> np.ndarray:
        values = np.array(list(self.by_id.values()))
        return counts @ values / counts.sum(axis=1) + (counts == 0).mean(axis=1)


def test_the_bias_of_resampling_is_taken_out() -> None:
    rng = np.random.default_rng(6)
    a, b = rng.random(200), rng.random(200)
    plain = compare({"a": scored(a), "b": scored(b)})
    biased = compare({"a": scored(a, Biased), "b": scored(b, Biased)})
    assert biased.values == pytest.approx(plain.values)
    # Resamples miss over a third of the samples, so every one of them lies far above the number.
    assert biased.intervals[0] == pytest.approx(plain.intervals[0], abs=0.03)
    assert biased.differences[0].paired.low == pytest.approx(plain.differences[0].paired.low, abs=0.02)
    assert biased.differences[0].paired.high == pytest.approx(plain.differences[0].paired.high, abs=0.02)
    assert biased.differences[0].paired.p == pytest.approx(plain.differences[0].paired.p, abs=0.1)


def test_flipped_samples_come_by_how_much_they_differ() -> None:
    found = compare({"a": scored([0, 1, 0.5, 0]), "b": scored([0.2, 0, 0.5, 0]), "c": scored([0, 1, 0.5, 0.9])})
    assert found.flipped() == ["s1", "s3", "s0"]
    assert found.flipped(1) == ["s1"]
    assert found.gains("b") == {"s0": 0.2, "s1": -1, "s2": 0, "s3": 0} == found.scores()
    with pytest.raises(BadInput, match="a, b, c"):
        found.gains("d")


def test_several_models_are_corrected_for() -> None:
    rng = np.random.default_rng(4)
    base = (rng.random(200) < 0.5).astype(float)
    others = {f"m{n}": scored(np.where(rng.random(200) < 0.05 * n, 1, base)) for n in range(4)}
    found = compare({"base": scored(base), **others})
    for difference in found.differences:
        assert difference.paired.p <= difference.corrected <= 1
    smallest = min(found.differences, key=lambda d: d.paired.p)
    assert smallest.corrected == pytest.approx(4 * smallest.paired.p)
    assert "p (Holm)" in found.tables()[1].columns


def test_samples_without_a_number_are_counted() -> None:
    a = Scored({"1": 1.0, "2": float("nan"), "3": 0.0, "4": 1.0})
    b = Scored({"3": 1.0, "1": 1.0, "2": 1.0, "5": 0.0})
    found = compare({"a": a, "b": b})
    assert (found.ids, found.left_out) == (("1", "3"), 3)
    assert found.differences[0].better == 1
    assert "3 more samples" in str(found)


def test_what_cannot_be_compared_is_one_sentence() -> None:
    one = scored([1, 0])
    with pytest.raises(BadInput, match="two results"):
        compare({"a": one})
    with pytest.raises(BadInput, match="toy/1 and b by toy/2"):
        compare({"a": one, "b": scored([1, 0], protocol="toy/2")})
    with pytest.raises(BadInput, match="same truth"):
        compare({"a": one, "b": Scored({"x": 1.0})})
