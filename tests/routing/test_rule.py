from __future__ import annotations

import pytest

from twist_scout.routing.rule import decide
from twist_scout.toyworld import grounding_tasks, questions

WORDS = {
    "start": "left",
    "end": "right",
    "side": "top",
    "area": "top left",
    "ref": "the small red car left of the dog",
    "name": "dog",
    "a_name": "an apple",
    "plural": "dogs",
    "color": "red",
    "what": "a red car",
    "relation": "left of",
    "anchor": "the dog",
    "question": "What color is the dog?",
}


@pytest.mark.parametrize(
    "prompt",
    [
        "Where is the dog?",
        "where's my umbrella",
        "Find the man in the blue shirt.",
        "Can you locate every chair?",
        "Please point to the cup",
        "Describe the picture with boxes.",
        "Draw a box around the cat.",
        "What is the man holding? Answer step by step.",
        "Give the coordinates of the bus.",
        "Write a grounded caption.",
        "Ground the phrase: a red car",
        "What is in [[10,20,30,40]]?",
        "Describe the picture and\npoint to every object.",
    ],
)
def test_a_request_for_a_place_a_box_or_steps_is_grounding(prompt: str) -> None:
    assert decide(prompt).mode == "grounding"


@pytest.mark.parametrize(
    "prompt",
    [
        "What color is the dog?",
        "How many chairs are there?",
        "Is there a cat in the picture?",
        "What did the dog find?",
        "What is on the ground?",
        "What color is the box?",
        "Is the box left of the dog?",
        "Describe the picture.",
        "Is this a boxer?",
        "What stands on the step by the door?",
        "",
    ],
)
def test_everything_else_is_understanding(prompt: str) -> None:
    assert decide(prompt).mode == "understanding"


@pytest.mark.parametrize(
    "template",
    [
        t
        for kind, templates in grounding_tasks.TEMPLATES.items()
        if kind in ("rec", "localization", "gic", "step")
        for t in templates
    ],
)
def test_every_grounding_prompt_of_the_toy_world_is_grounding(template: str) -> None:
    assert decide(template.format(**WORDS)).mode == "grounding"


@pytest.mark.parametrize("template", [t for ts in questions.TEMPLATES.values() for t in ts])
def test_every_understanding_question_of_the_toy_world_stays_with_the_base(template: str) -> None:
    assert decide(template.format(**WORDS)).mode == "understanding"


def test_the_reason_quotes_the_words_that_decided() -> None:
    assert "'Where is'" in decide("Where is the dog?").reason
    assert "no place" in decide("What is this?").reason
