from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

from twist_scout.errors import BadConfig
from twist_scout.grounder import Grounder
from twist_scout.predicting.answering import BatchGrounder

PICTURE = Image.new("RGB", (60, 40), "red")
PROMPTS = ["Where is the red car?", "Where is it?", "Find the very small car over there."]
ADAPTER_ANSWER = "Step 1: Find the red car [[10,20,50,80]]. Step 2: So the answer is red."  # tests/conftest.py


@pytest.fixture(scope="module")
def grounder(tiny_base: Path, tiny_adapter: Path) -> BatchGrounder:
    return BatchGrounder.from_pretrained(tiny_base, tiny_adapter, "cpu")  # type: ignore[return-value]


def test_it_says_what_a_grounder_says(grounder: BatchGrounder, tiny_base: Path, tiny_adapter: Path) -> None:
    plain = Grounder.from_pretrained(tiny_base, tiny_adapter, "cpu")
    for mode in ("grounding", "understanding"):
        answers = grounder.answers([PICTURE] * 3, PROMPTS, mode, max_new_tokens=64)  # type: ignore[arg-type]
        told = plain.ground(PICTURE, PROMPTS, mode)  # type: ignore[call-overload]
        assert [answer.text for answer in answers] == [text.text for text in told]
        assert all(answer.score is None and answer.error is None for answer in answers)


def test_the_score_is_the_mean_log_probability_of_the_answer_and_its_end(grounder: BatchGrounder) -> None:
    """Recomputed from one forward pass over prompt and answer."""
    (answer,) = grounder.answers([PICTURE], PROMPTS[:1], "grounding", max_new_tokens=64, scores=True)
    tokenizer = grounder.processor.tokenizer
    inputs = grounder.inputs([PICTURE], PROMPTS[:1])
    said = [*tokenizer(answer.text, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
    length = inputs["input_ids"].shape[1]
    inputs["input_ids"] = torch.cat([inputs["input_ids"], torch.tensor([said])], dim=1)
    inputs["attention_mask"] = torch.ones_like(inputs["input_ids"])
    with torch.inference_mode():
        logits = grounder.model(**inputs).logits[0, length - 1 : -1].float()
    chosen = logits.log_softmax(-1).gather(1, torch.tensor(said)[:, None])
    assert answer.score == pytest.approx(float(chosen.mean()), abs=1e-5)
    assert answer.score < 0


def test_rows_of_a_batch_are_scored_as_they_are_alone(grounder: BatchGrounder) -> None:
    together = grounder.answers([PICTURE] * 3, PROMPTS, "grounding", max_new_tokens=64, scores=True)
    alone = [grounder.answers([PICTURE], [p], "grounding", max_new_tokens=64, scores=True)[0] for p in PROMPTS]
    assert [a.text for a in together] == [a.text for a in alone]
    assert [a.score for a in together] == pytest.approx([a.score for a in alone], abs=1e-4)


def test_an_answer_that_is_cut_off_is_scored_as_far_as_it_goes(grounder: BatchGrounder) -> None:
    (answer,) = grounder.answers([PICTURE], PROMPTS[:1], "grounding", max_new_tokens=6, scores=True)
    assert answer.text == "Step 1: Find the"
    assert answer.score is not None


def test_a_bad_row_does_not_cost_the_others(grounder: BatchGrounder) -> None:
    prompts = ["Where is it?", "Where is <image> it?", " ", "Find it."]
    answers = grounder.answers([PICTURE] * 4, prompts, "grounding", max_new_tokens=64)
    assert [answer.text for answer in answers] == [ADAPTER_ANSWER, "", "", ADAPTER_ANSWER]
    assert [bool(answer.error) for answer in answers] == [False, True, True, False]
    assert "<image>" in str(answers[1].error)


def test_questions_without_a_picture_are_answered(grounder: BatchGrounder) -> None:
    assert len(grounder.answers([None, None], PROMPTS[:2], "understanding", max_new_tokens=8, scores=True)) == 2


def test_too_large_a_batch_is_said(grounder: BatchGrounder, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(grounder.model, "generate", full)
    with pytest.raises(BadConfig, match="3 rows do not fit into the memory of cpu: give a smaller --batch-size"):
        grounder.answers([PICTURE] * 3, PROMPTS, "grounding", max_new_tokens=4)
