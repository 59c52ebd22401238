from __future__ import annotations

import pytest

from twist_scout.boxes import GroundedText
from twist_scout.evaluation import UnderstandingRecord, evaluate_understanding
from twist_scout.evaluation.understanding import answer_matches


@pytest.mark.parametrize(
    ("said", "meant", "same"),
    [
        ("Red.", "red", True),
        ("a red car", "Red car", True),
        ("two", "2", True),
        ("Yes, there is a dog.", "yes", True),
        ("no", "yes", False),
        ("not really", "no", False),  # "not" only starts like "no"
        ("", "no", False),
        ("red car", "red", False),  # says more than was asked: not an exact answer
        ("red", "red car", False),
        ("bread", "red", False),
        ("There is a red car and a blue dog.", "There is a red car and a blue dog.", True),
        ("There is a blue dog and a red car.", "There is a red car and a blue dog.", False),
    ],
)
def test_answers_are_compared_as_words(said: str, meant: str, same: bool) -> None:
    assert answer_matches(said, meant) is same


def test_every_question_weighs_the_same_and_types_are_reported() -> None:
    result = evaluate_understanding(
        [
            UnderstandingRecord("red", "red", "color"),
            UnderstandingRecord("blue", "red", "color"),
            UnderstandingRecord("blue", "green", "color"),
            UnderstandingRecord(GroundedText.parse("two", mode="understanding"), "two", "count"),
        ]
    )
    assert (result.correct, result.total) == (2, 4)
    assert dict(result.by_kind) == {"color": (1, 3), "count": (1, 1)}
    assert "color 0.333" in str(result)
