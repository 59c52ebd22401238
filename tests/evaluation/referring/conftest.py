"""Expressions to score."""

from __future__ import annotations

from pathlib import Path

import pytest

from twist_scout.data.referring import ReferringExpression
from twist_scout.evaluation.referring import Truth, gather

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"
SPLITS = ("REC_refcoco_unc_val", "REC_refcoco+_unc_val", "REC_refcocog_umd_val")


@pytest.fixture
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("the public annotations are not here")
    return SHARED


def expression(
    id: str, box: tuple[float, float, float, float], words: str = "it", **meta: object
) -> ReferringExpression:
    """Of a picture of 200 x 100."""
    return ReferringExpression(id, "a.jpg", 200, 100, words, box, meta=dict(meta))


@pytest.fixture
def truth() -> Truth:
    """Four expressions of one picture."""
    return gather(
        [
            expression("a", (0, 0, 100, 100), "the man", distractors=2),
            expression("b", (100, 0, 200, 50), "a dog on the left", distractors=0),
            expression("c", (10, 10, 20, 20), "hat"),
            expression("d", (0, 50, 200, 100), "the long green table in front of the man with the hat"),
        ]
    )
