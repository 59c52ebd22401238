from __future__ import annotations

import pytest

from twist_scout.boxes.grounded import GroundedText
from twist_scout.evaluation.rejection import verdict_of


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("Step 2: There is a cat [[1,2,30,40]] in the image, not a dog. This question is invalid.", "rejected"),
        ("There is no dog in the image.", "rejected"),
        ("No.", "rejected"),
        ("no", "rejected"),
        ("No, there is a cat [[1,2,30,40]].", "rejected"),
        ("**No** - nothing like that.", "rejected"),
        ("No dog to be seen.", "rejected"),
        ("No parking sign [[1,2,30,40]].", "pointed"),
        ("No. 5 is here [[1,2,30,40]].", "pointed"),
        ("Nobody's dog [[1,2,30,40]].", "pointed"),
        ("The dog [[1,2,30,40]].", "pointed"),
        ("Yes, there is.", "neither"),
        ("Not sure, I see none.", "neither"),
        ("", "neither"),
        ("[[1,2", "neither"),
    ],
)  # fmt: skip
def test_an_answer_refuses_points_or_does_neither(text: str, verdict: str) -> None:
    assert verdict_of(GroundedText.parse(text)) == verdict
