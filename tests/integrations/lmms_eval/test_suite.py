"""A suite's requests on a real model: routed one by one, answered in batches, in their own order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from twist_scout import Grounder
from twist_scout.errors import BadConfig, BadInput
from twist_scout.integrations.lmms_eval.suite import SuiteGrounder, SuiteRequest, SuiteRunner, settings_of

from ...conftest import ADAPTER_ANSWER, BASE_ANSWER


def picture() -> Image.Image:
    return Image.new("RGB", (40, 20), "red")


@pytest.fixture(scope="module")
def grounder(tiny_base: Path, tiny_adapter: Path) -> SuiteGrounder:
    found = SuiteGrounder.from_pretrained(tiny_base, tiny_adapter, "cpu")
    assert isinstance(found, SuiteGrounder)
    return found


BOX = "Give the bounding box of the red car."
MIXED = ["What is it?", BOX, "Is it red?", "Locate the red car in the image.", "Who is that man over there?"]


@pytest.mark.parametrize("batch_size", [1, 2, 16])
def test_each_request_goes_to_its_expert_and_order_is_kept(grounder: SuiteGrounder, batch_size: int) -> None:
    runner, told = SuiteRunner(grounder, batch_size=batch_size), []
    requests = [SuiteRequest(prompt, picture, 96) for prompt in MIXED]
    answers = runner.answers(requests, lambda number, text: told.append(number))
    assert answers == [BASE_ANSWER, ADAPTER_ANSWER, BASE_ANSWER, ADAPTER_ANSWER, BASE_ANSWER]
    assert runner.routed == {"understanding": 3, "grounding": 2}
    assert sorted(told) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(("mode", "answer"), [("understanding", BASE_ANSWER), ("grounding", ADAPTER_ANSWER)])
def test_a_mode_holds_for_all_requests(grounder: SuiteGrounder, mode: str, answer: str) -> None:
    runner = SuiteRunner(grounder, mode, batch_size=4)
    assert runner.answers([SuiteRequest(prompt, picture, 96) for prompt in MIXED]) == [answer] * 5


def test_understanding_is_what_the_base_alone_says(tiny_base: Path, grounder: SuiteGrounder) -> None:
    alone = Grounder.from_pretrained(tiny_base, device="cpu")
    said = SuiteRunner(grounder, "understanding").answers([SuiteRequest(p, picture, 32) for p in MIXED])
    assert said == [alone.ground(picture(), p, max_new_tokens=32).text for p in MIXED]


def test_requests_without_a_picture_and_of_other_lengths_share_no_batch(grounder: SuiteGrounder) -> None:
    requests = [SuiteRequest("What is it?", picture, 96), SuiteRequest("What is it?", None, 96)]
    requests += [SuiteRequest("What is it?", picture, 1), SuiteRequest("What is it?", picture, 96, ("red", "ca"))]
    answers = SuiteRunner(grounder, "understanding", batch_size=8).answers(requests)
    assert answers[0] == BASE_ANSWER
    assert answers[2] == BASE_ANSWER[: len(answers[2])] != BASE_ANSWER
    assert answers[3] == BASE_ANSWER[: BASE_ANSWER.index("red")]


def test_boxes_are_rewritten_for_the_suites_own_reader(grounder: SuiteGrounder) -> None:
    (answer,) = SuiteRunner(grounder, "grounding", "llava").answers([SuiteRequest("Find it", picture, 96)])
    assert "[0.10, 0.20, 0.50, 0.80]" in answer
    assert "[[" not in answer


def test_a_request_that_cannot_be_asked_stops_the_run(grounder: SuiteGrounder) -> None:
    with pytest.raises(BadInput, match="cannot be asked"):
        SuiteRunner(grounder).answers([SuiteRequest("What is it?", picture), SuiteRequest("  ", picture)])
    with pytest.raises(BadConfig, match="There is no mode 'both'"):
        SuiteRunner(grounder, "both")
    with pytest.raises(BadConfig, match="dialect"):
        SuiteRunner(grounder, boxes="morse")


def test_what_a_model_was_taught_is_its_likeliest_answer(grounder: SuiteGrounder) -> None:
    runner = SuiteRunner(grounder)
    request = SuiteRequest("What is it?", picture)
    taught, greedy = runner.loss(request, BASE_ANSWER)
    other, other_greedy = runner.loss(request, "a blue cat")
    assert greedy
    assert not other_greedy
    assert taught < 0.5 < other
    grounded, greedy = runner.loss(SuiteRequest(BOX, picture), ADAPTER_ANSWER)
    assert greedy
    assert grounded < 0.5
    assert runner.routed == {"understanding": 2, "grounding": 1}
    with pytest.raises(BadInput, match="empty"):
        runner.loss(request, "")


def test_the_loss_is_the_models_own(grounder: SuiteGrounder) -> None:
    """Against the loss that transformers computes from labels."""
    said = "a blue cat"
    inputs = grounder._prepared([picture()], ["What is it?"])
    ids = grounder.processor.tokenizer(said, add_special_tokens=False, return_tensors="pt")["input_ids"]
    tokens = torch.cat([inputs["input_ids"], ids], dim=1)
    labels = tokens.clone()
    labels[:, : -ids.shape[1]] = -100
    given = {"input_ids": tokens, "attention_mask": torch.ones_like(tokens), "pixel_values": inputs["pixel_values"]}
    with torch.inference_mode(), grounder.model.disable_adapter():
        expected = grounder.model(**given, labels=labels).loss
    found, _ = SuiteRunner(grounder).loss(SuiteRequest("What is it?", picture), said)
    assert found == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, (1024, (), [])),
        ({"max_new_tokens": 16, "temperature": 0, "do_sample": False, "num_beams": 1}, (16, (), [])),
        ({"max_gen_toks": 5, "until": "\n"}, (5, ("\n",), [])),
        ({"until": ["a", "", "b"]}, (1024, ("a", "b"), [])),
        ({"do_sample": True, "temperature": 0.7, "num_beams": 3}, (1024, (), ["do_sample", "num_beams"])),
        ({"do_sample": False, "temperature": 0.7}, (1024, (), [])),
    ],
)
def test_generation_options(options: dict[str, Any], expected: tuple[Any, ...]) -> None:
    assert settings_of(options) == expected
