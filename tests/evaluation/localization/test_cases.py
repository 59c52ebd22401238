from __future__ import annotations

from pathlib import Path

from PIL import Image

from twist_scout.evaluation.localization import localization_cases, read_subset, score_subset
from twist_scout.evaluation.predictions import Prediction, Predictions
from twist_scout.evaluation.reading import AnswerReader


def test_best_worst_and_silent_answers_are_told_apart(instances: Path) -> None:
    Image.new("RGB", (200, 100)).save(instances.parent / "b.jpg")
    texts = {"1": "The dog [[5,20,20,60]].", "2": "[[0,0,50,50]] [[1,1,2,2]]", "3": "no [[1,2,3"}
    predictions = Predictions()
    predictions.update({id: Prediction(id, text) for id, text in texts.items()})
    subset, reader = read_subset(instances), AnswerReader()
    result = score_subset(subset, predictions, reader)
    cases = localization_cases(result, subset, predictions, reader, instances.parent, each=1)
    assert [(case.id, case.group) for case in cases] == [("1", "best"), ("2", "worst"), ("3", "without a box")]
    assert cases[0].image is None
    assert cases[1].image == instances.parent / "b.jpg"
    assert cases[0].predicted[0][0] == "The dog"
    assert "first of 2 boxes" in cases[1].note
    assert "Not readable" in cases[2].note
    assert cases[0].score == result.scores()["1"]
