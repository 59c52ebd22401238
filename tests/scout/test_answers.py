"""A multimodal model answers in steps."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from twist_scout.boxes.frame import PaddedSquare
from twist_scout.scout.answers import PromptedAnswers, SettledAnswers, tidy
from twist_scout.scout.backends.base import Reply
from twist_scout.scout.contradiction import contradiction
from twist_scout.scout.prompts import Prompts
from twist_scout.scout.questions import Question
from twist_scout.scout.record import provenance_of

GOOD = (
    "**Step 1:** Find the man [[4,10,40,98]].\n- Step 2: The man wears a hat [[6,5,24,20]].\n"
    "Step 3: So the answer is orange."
)


@pytest.fixture
def question() -> Question:
    return Question(
        id=2, prompt="What color is the hat of the man?", answer="orange", by="llm", prompts={"questions": "1"}
    )


def answered(item, question, backend, **options):
    return asyncio.run(PromptedAnswers(backend, Prompts(), **options).answer(item, question, seed=5))


def test_an_answer_becomes_a_record_with_boxes_in_pixels(captioned, question, scripted):
    backend = scripted(lambda request: GOOD)
    example = answered(captioned, question, backend).example
    assert example.id == "flickr30k:7:2"
    assert example.messages[1].content == (
        "Step 1: Find the man <box:0>. Step 2: The man wears a hat <box:1>. Step 3: So the answer is orange."
    )
    assert example.boxes == [(20, 40, 200, 392), (30, 20, 120, 80)]
    assert example.messages[0].content.startswith(question.prompt)
    assert backend.asked[0].image == Path("7.jpg")
    made = provenance_of(example)
    assert (made.question_by, made.answer_by, made.item) == ("llm", "scripted", "7")
    assert made.prompts == {"questions": "1", "answers": "1"}


def test_boxes_are_brought_back_from_the_models_frame(captioned, question, scripted):
    def padded(width, height):
        return PaddedSquare(width, height)

    example = answered(captioned, question, scripted(lambda r: GOOD, frame=padded)).example
    assert example.boxes[0] == pytest.approx((20, 0, 200, 400))  # y was read in a square that pads above and below


@pytest.mark.parametrize(
    ("reply", "check"),
    [
        (Reply(problem="time-out"), "backend"),
        (Reply("Step 1: Find the man [[4,10,40", finish="stop"), "unreadable"),
        (Reply(GOOD, finish="length"), "unreadable"),
        (Reply(""), "unreadable"),
    ],
)
def test_what_is_no_answer_is_a_reject_with_its_text(captioned, question, scripted, reply, check):
    result = answered(captioned, question, scripted(lambda request: reply))
    assert result.example is None
    assert result.reject.check == check
    assert result.reject.text == reply.text


def test_a_negative_question_skips_the_model(captioned, scripted):
    backend = scripted(lambda request: GOOD)
    reply = contradiction(captioned, "dog", caption=captioned.captions[0])
    asked = Question(id=0, prompt="Where is the dog?", negative=True, missing="dog", reply=reply)
    example = answered(captioned, asked, backend).example
    assert not backend.asked
    assert example.negative
    assert example.task == "negative"
    assert example.meta["missing"] == "dog"


def test_without_boxes_a_negative_question_is_a_reject(captioned):
    asked = Question(id=0, prompt="Where is the dog?", negative=True, missing="dog")
    assert asyncio.run(SettledAnswers().answer(captioned, asked, seed=0)).reject.check == "no answer"


def test_samples_vote(captioned, question, scripted):
    ends = iter(["orange", "blue", "orange"])
    backend = scripted(lambda request: GOOD.replace("orange", next(ends)))
    example = answered(captioned, question, backend, samples=3).example
    assert provenance_of(example).votes == (2, 3)
    assert len({request.seed for request in backend.asked}) == 3


def test_without_a_majority_there_is_no_record(captioned, question, scripted):
    ends = iter(["orange", "blue", "green"])
    backend = scripted(lambda request: GOOD.replace("orange", next(ends)))
    assert answered(captioned, question, backend, samples=3).reject.check == "agreement"


def test_tidy_leaves_the_words():
    assert tidy("## Step 1:\n* Find **the man** [[1,2,3,4]].") == "Step 1: Find the man [[1,2,3,4]]."
