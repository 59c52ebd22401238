from __future__ import annotations

import math
from pathlib import Path

import pytest

from twist_scout.boxes import Box
from twist_scout.boxes.dialects import Codec, dialect_frame, get_dialect, known_dialects
from twist_scout.errors import BadInput
from twist_scout.evaluation import RejectionRecord, evaluate_rejection
from twist_scout.evaluation.predictions import Prediction, Predictions
from twist_scout.evaluation.reading import AnswerReader
from twist_scout.evaluation.rejection import (
    RejectionQuestion,
    RejectionQuestions,
    read_rejection_questions,
    rejection_cases,
    score_rejection,
)
from twist_scout.evaluation.result import EvaluationResult

REFUSAL = (
    "Step 1: Find the dog. Step 2: There is a cat [[1,2,30,40]] in the image, not a dog. This question is invalid."
)
REAL = Path(__file__).resolve().parents[4] / "shared" / "data" / "coco_val2014_100" / "instances.json"


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
    assert (result.absent_pointed, result.present_pointed) == (1, 1)
    assert result.accuracy == 3 / 5
    assert isinstance(result, EvaluationResult)


def test_a_model_that_refuses_everything_is_found_out() -> None:
    result = evaluate_rejection([RejectionRecord(REFUSAL, present=p) for p in (True, False)])
    assert result.rejection == result.false_rejection == 1.0


def test_an_empty_side_has_no_rate() -> None:
    result = evaluate_rejection([RejectionRecord(REFUSAL, present=False)])
    assert math.isnan(result.false_rejection)
    assert result.to_dict()["false_rejection"] is None
    assert math.isnan(result.grounded_contradiction)  # the objects are not known


def test_right_rejections_are_held_against_the_picture() -> None:
    cat = (("cat", Box(0.01, 0.02, 0.3, 0.4)),)
    records = [
        RejectionRecord(REFUSAL, False, "a", cat),
        RejectionRecord(REFUSAL, False, "b", ()),
        RejectionRecord("This question is invalid.", False, "c", cat),
        RejectionRecord(REFUSAL, True, "d", cat),  # wrong: its boxes do not matter
        RejectionRecord("The dog [[1,2,3,4]].", False, "e", cat),
    ]
    result = evaluate_rejection(records)
    assert dict(result.contradictions) == {"grounded": 1, "wrong": 1, "without a box": 1}
    assert result.grounded_contradiction == pytest.approx(1 / 3)
    assert (result.real_boxes, result.wrong_boxes) == (1, 1)
    assert result.scores() == {"a": 1.0, "b": 1.0, "c": 1.0, "d": 0.0, "e": 0.0}


def questions(*asked: RejectionQuestion) -> RejectionQuestions:
    return RejectionQuestions(asked, (), "pope")


def test_counts_add_up() -> None:
    asked = questions(*(RejectionQuestion(str(n), "dog", n % 2 == 0) for n in range(8)))
    predictions = Predictions()
    texts = {"0": "[[1,2,3,4]]", "1": REFUSAL, "2": "[[1,2,3", "3": "No.", "4": "[[1,2,3,4]] [[5", "9": "?"}
    predictions.update({id: Prediction(id, text) for id, text in texts.items()})
    result = score_rejection(asked, predictions, AnswerReader())
    found = result.to_dict()
    assert (found["parsed"], found["partial"], found["failed"], found["missing"]) == (3, 1, 1, 3)
    assert found["total"] == 8
    assert found["unknown"] == 1
    for side in ("absent", "present"):
        parts = found[side]
        assert parts["rejected"] + parts["pointed"] + parts["neither"] + parts["missing"] == parts["total"] == 4
    assert [len(row) == len(table.columns) for table in result.tables() for row in table.rows]
    low, high = found["intervals"]["rejection"]
    assert low < found["rejection"] < high


def test_a_frame_that_needs_sizes_says_so() -> None:
    predictions = Predictions()
    predictions["1"] = Prediction("1", REFUSAL)
    with pytest.raises(BadInput, match="size of the picture"):
        score_rejection(questions(RejectionQuestion("1", "dog", False)), predictions, AnswerReader("shikra"))


@pytest.mark.parametrize("dialect", known_dialects())
def test_true_contradictions_are_grounded_in_every_dialect(dialect: str) -> None:
    if not REAL.is_file():
        pytest.skip("the shared data are not here")
    asked = read_rejection_questions(REAL)
    predictions = Predictions()
    for question in asked.questions:
        assert question.size is not None
        assert question.objects is not None
        frame = dialect_frame(dialect, width=question.size[0], height=question.size[1])
        codec = get_dialect(dialect, frame)
        assert isinstance(codec, Codec)
        name, box = max(question.objects, key=lambda item: item[1].area)
        if min(box.x2 - box.x1, box.y2 - box.y1) < 5 * codec.resolution:
            continue  # too small for this dialect to spell
        written = codec.render_named(f"the {name}", [frame.to_model(box)])
        refusal = f"There is {written} in the image, not a {question.thing}. This question is invalid."
        predictions[question.id] = Prediction(question.id, written if question.present else refusal)
    result = score_rejection(asked, predictions, AnswerReader(dialect))
    assert result.absent_rejected == result.absent - result.absent_missing > 100
    assert result.false_rejection == 0.0
    assert result.wrong_boxes == 0
    assert result.grounded_contradiction == 1.0


def test_cases_show_each_outcome() -> None:
    asked = questions(*(RejectionQuestion(str(n), "dog", n < 2, "a.jpg") for n in range(4)))
    predictions = Predictions()
    for id, text in (("0", REFUSAL), ("1", "The dog [[1,2,3,4]]"), ("2", REFUSAL), ("3", "The dog [[1,2,3,4]]")):
        predictions[id] = Prediction(id, text)
    cases = rejection_cases(asked, predictions, AnswerReader())
    assert [(case.id, case.group) for case in cases] == [
        ("3", "absent, pointed at"),
        ("0", "present, rejected"),
        ("2", "absent, rejected"),
    ]
