from __future__ import annotations

import json

import numpy as np
import pytest

from twist_scout.routing import Router
from twist_scout.routing.evaluation import evaluate
from twist_scout.routing.prompts import Prompt

#: Prompts that nobody could take for the other mode.
SURE = [
    ("Find the dog and give its bounding box.", "grounding"),
    ("Where is the cat? Draw a box around it.", "grounding"),
    ("What color is the car?", "understanding"),
    ("Write a poem about the sea.", "understanding"),
]


@pytest.fixture(scope="module")
def router() -> Router:
    return Router()


def test_leaks_are_counted_by_direction(router: Router) -> None:
    right = evaluate(router, [Prompt(*one) for one in SURE])
    assert (right.accuracy, right.leaked_to_skill, right.leaked_to_understanding, right.wrong) == (1, 0, 0, ())
    harmful = evaluate(router, [*(Prompt(*one) for one in SURE), Prompt(SURE[0][0], "understanding")])
    assert harmful.accuracy == pytest.approx(0.8)
    assert harmful.leaked_to_skill == pytest.approx(1 / 3)
    assert harmful.leaked_to_understanding == 0
    missed = evaluate(router, [*(Prompt(*one) for one in SURE), Prompt(SURE[2][0], "grounding")])
    assert missed.leaked_to_understanding == pytest.approx(1 / 3)
    assert missed.leaked_to_skill == 0
    assert [(one.prompt, one.mode, one.decided) for one in missed.wrong] == [
        ("What color is the car?", "grounding", "understanding")
    ]


def test_the_report_is_json_and_names_the_directions(router: Router) -> None:
    report = json.loads(json.dumps(evaluate(router, [Prompt(*one) for one in SURE]).to_dict()))
    assert report["accuracy"] == 1
    assert report["leak_rates"] == {
        "understanding_to_grounding": 0,
        "grounding_to_understanding": 0,
        "between_skills": 0,
    }
    assert report["by_mode"]["grounding"] == {"prompts": 2, "right": 1}
    assert report["latency_ms"] > 0
    assert 0 <= report["calibration_error"] <= 1


def test_abstentions_are_counted(router: Router) -> None:
    prompts = [Prompt(*one) for one in SURE]
    never = evaluate(Router(confidence=1.0), prompts)
    assert never.abstained == pytest.approx(np.mean([mode == "grounding" for _, mode in SURE]))
    assert never.leaked_to_understanding == 1


def test_nothing_is_no_report(router: Router) -> None:
    with pytest.raises(ValueError, match="no prompt"):
        evaluate(router, [])
