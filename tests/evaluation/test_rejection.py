from __future__ import annotations

import math

from twist_scout.evaluation import RejectionRecord, evaluate_rejection

REFUSAL = (
    "Step 1: Find the dog. Step 2: There is a cat [[1,2,30,40]] in the image, not a dog. This question is invalid."
)


def test_both_rates_are_counted_apart() -> None:
    result = evaluate_rejection(
        [
            RejectionRecord(REFUSAL, present=False),
            RejectionRecord("The dog [[1,2,3,4]].", present=False),
            RejectionRecord(REFUSAL, present=True),
            RejectionRecord("The dog [[1,2,3,4]].", present=True),
            RejectionRecord("", present=True),
        ]
    )
    assert (result.absent, result.absent_rejected) == (2, 1)
    assert (result.present, result.present_rejected) == (3, 1)
    assert result.rejection == 0.5
    assert result.false_rejection == 1 / 3


def test_a_model_that_refuses_everything_is_found_out() -> None:
    result = evaluate_rejection([RejectionRecord(REFUSAL, present=p) for p in (True, False)])
    assert result.rejection == result.false_rejection == 1.0


def test_an_empty_side_has_no_rate() -> None:
    assert math.isnan(evaluate_rejection([RejectionRecord(REFUSAL, present=False)]).false_rejection)
