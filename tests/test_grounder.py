from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

from twist_scout.boxes import Box
from twist_scout.errors import BadConfig, BadImage, BadInput
from twist_scout.grounder import Grounder

PICTURE = Image.new("RGB", (60, 40), "red")
ADAPTER_ANSWER = "Step 1: Find the red car [[10,20,50,80]]. Step 2: So the answer is red."  # tests/conftest.py


@pytest.fixture(scope="module")
def base_only(tiny_base: Path) -> Grounder:
    return Grounder.from_pretrained(tiny_base)


@pytest.fixture(scope="module")
def grounder(tiny_base: Path, tiny_adapter: Path) -> Grounder:
    return Grounder.from_pretrained(tiny_base, tiny_adapter, "cpu")


def test_a_grounding_prompt_is_answered_with_boxes_of_the_original_image(
    grounder: Grounder,
) -> None:
    answer = grounder.ground(PICTURE, "Where is the red car?")
    assert answer.mode == "grounding"
    assert answer.boxes == [Box(0.1, 0.2, 0.5, 0.8)]
    assert answer.phrases[0].text == "the red car"
    assert [step.number for step in answer.steps] == [1, 2]
    assert answer.answer == "red"


def test_an_understanding_prompt_is_answered_by_the_base_alone(grounder: Grounder, base_only: Grounder) -> None:
    prompt = "What color is the car?"
    answer = grounder.ground(PICTURE, prompt)
    assert answer.mode == "understanding"
    assert answer.text == base_only.ground(PICTURE, prompt).text == "a red car"
    assert torch.equal(grounder.logits([PICTURE], [prompt], "understanding"), base_only.logits([PICTURE], [prompt]))
    assert not torch.equal(grounder.logits([PICTURE], [prompt], "grounding"), base_only.logits([PICTURE], [prompt]))


def test_the_mode_can_be_forced(grounder: Grounder) -> None:
    assert grounder.ground(PICTURE, "What is this?", mode="grounding").boxes
    assert not grounder.ground(PICTURE, "Where is the car?", mode="understanding").boxes


def test_rows_of_a_batch_are_routed_one_by_one_and_answer_as_they_do_alone(
    grounder: Grounder,
) -> None:
    prompts = [
        "Where is it?",
        "What color is the very small car there?",
        "Find the dog.",
        "Is it red?",
    ]
    pictures = [Image.new("RGB", (30 + 9 * i, 50), (60 * i, 90, 0)) for i in range(4)]
    together = grounder.ground(pictures, prompts, batch_size=2)
    alone = [grounder.ground(p, q) for p, q in zip(pictures, prompts, strict=True)]
    assert [a.mode for a in together] == ["grounding", "understanding"] * 2
    assert [a.text for a in together] == [a.text for a in alone]


def test_one_picture_goes_with_many_prompts_and_one_prompt_with_many_pictures(
    grounder: Grounder,
) -> None:
    assert len(grounder.ground(PICTURE, ["Where is it?", "Find it."])) == 2
    assert len(grounder.ground([PICTURE, PICTURE], "Where is it?")) == 2
    assert isinstance(grounder.ground([PICTURE], "Where is it?"), list)
    assert grounder.ground([], []) == []


def test_a_prompt_needs_no_picture(grounder: Grounder) -> None:
    prompts = ["What is this?", "Where is it?", "Is it red?"]
    together = grounder.ground([PICTURE, None, None], prompts)
    alone = [grounder.ground(i, q) for i, q in zip([PICTURE, None, None], prompts, strict=True)]
    assert [a.text for a in together] == [a.text for a in alone]
    assert [a.boxes for a in together] == [a.boxes for a in alone]
    assert [len(a.text) > 0 for a in grounder.ground(None, prompts)] == [True] * 3
    with pytest.raises(BadInput, match="some have none"):
        grounder.logits([PICTURE, None], prompts[::2])


def test_answers_end_where_the_template_ends_a_turn(tiny_base: Path, tiny_adapter: Path) -> None:
    """Whatever the model's settings and its tokenizer say: training ends its answers there."""
    own = Grounder.from_pretrained(tiny_base, tiny_adapter, "cpu")
    own.model.generation_config.eos_token_id = None
    own.processor.tokenizer.eos_token = "<pad>"
    answer = own.ground(PICTURE, "Where is it?", max_new_tokens=200)
    assert answer.text == ADAPTER_ANSWER


def test_answers_stop_at_the_limit(grounder: Grounder) -> None:
    assert grounder.ground(PICTURE, "Where is it?", max_new_tokens=6).text == "Step 1: Find the"


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (1, 300)])
def test_pictures_of_odd_sizes_are_answered(grounder: Grounder, size: tuple[int, int]) -> None:
    assert grounder.ground(Image.new("RGB", size), "Where is it?").boxes


def test_a_turned_picture_is_grounded_upright(grounder: Grounder, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # shot with the camera on its side
    path = tmp_path / "turned.jpg"
    Image.new("RGB", (60, 40)).save(path, exif=exif)
    answer = grounder.ground(path, "Where is it?")
    assert answer.boxes[0].to_pixels(40, 60) == pytest.approx((4, 12, 20, 48))


@pytest.mark.parametrize("prompt", ["", "  \n", None])
def test_an_empty_prompt_is_refused(grounder: Grounder, prompt: str) -> None:
    with pytest.raises(BadInput, match="prompt is empty"):
        grounder.ground(PICTURE, prompt)


def test_a_prompt_cannot_smuggle_in_a_picture(grounder: Grounder) -> None:
    with pytest.raises(BadInput, match="<image>"):
        grounder.ground(PICTURE, "Where is <image> the car?")


def test_lists_of_different_lengths_are_refused(grounder: Grounder) -> None:
    with pytest.raises(BadInput, match="2 pictures do not go with 3 prompts"):
        grounder.ground([PICTURE] * 2, ["Where is it?"] * 3)


def test_a_missing_picture_is_refused(grounder: Grounder) -> None:
    with pytest.raises(BadImage, match="does not exist"):
        grounder.ground("nowhere.png", "Where is it?")


def test_unknown_modes_and_devices_are_refused(grounder: Grounder, tiny_base: Path) -> None:
    with pytest.raises(BadConfig, match="auto, grounding, understanding"):
        grounder.ground(PICTURE, "Where is it?", mode="chat")  # type: ignore[call-overload]
    with pytest.raises(BadConfig, match="warp"):
        Grounder.from_pretrained(tiny_base, device="warp")


def test_without_an_adapter_every_mode_runs_the_base(base_only: Grounder) -> None:
    assert not base_only.has_adapter
    answers = [base_only.ground(PICTURE, "Where is it?", mode=m) for m in ("grounding", "understanding")]
    assert [a.text for a in answers] == ["a red car", "a red car"]
    assert [a.mode for a in answers] == ["grounding", "understanding"]


def test_logits_of_prompts_that_need_different_modes_are_refused(grounder: Grounder) -> None:
    with pytest.raises(BadInput, match="different modes"):
        grounder.logits([PICTURE, PICTURE], ["Where is it?", "What is it?"])
