"""A language model writes questions."""

from __future__ import annotations

import asyncio

import pytest

from twist_scout.errors import BadConfig
from twist_scout.scout.backends.base import Reply
from twist_scout.scout.prompts import Prompts
from twist_scout.scout.questions import PromptedQuestions, described


def reply_to(request):
    if request.key.endswith("/questions"):
        return "Q: What color is the hat of the man?\nA: orange\nQ: What is the moon doing?\nA: shining"
    return "Q: Where is the dog sitting?\nMISSING: dog"


def test_the_model_sees_the_caption_with_its_boxes_in_pixels(captioned):
    text = described(captioned, captioned.captions[0])
    assert (
        text
        == "A man [20, 40, 200, 390] in an orange hat [30, 20, 120, 80] looks at two bicycles [250, 200, 480, 380]."
    )


def test_good_questions_are_kept_and_bad_ones_turned_down(captioned, scripted):
    backend = scripted(reply_to)
    written = asyncio.run(PromptedQuestions(backend, Prompts()).questions(captioned, seed=1))
    assert [(q.id, q.prompt, q.answer, q.negative) for q in written.questions] == [
        (0, "What color is the hat of the man?", "orange", False),
        (1, "Where is the dog sitting?", "", True),
    ]
    assert written.questions[1].reply.endswith("not a dog. This question is invalid.")
    assert written.questions[0].by == "scripted"
    assert written.questions[0].prompts == {"questions": "1"}
    assert [reject.check for reject in written.rejects] == ["about"]
    assert all(request.image is None for request in backend.asked)


def test_a_failed_request_is_a_reject_and_the_rest_goes_on(captioned, scripted):
    backend = scripted(
        lambda r: Reply(problem="no answer after 5 tries") if r.key.endswith("/questions") else reply_to(r)
    )
    written = asyncio.run(PromptedQuestions(backend, Prompts()).questions(captioned, seed=1))
    assert [q.negative for q in written.questions] == [True]
    assert written.rejects[0].may_succeed


def test_a_picture_without_a_caption_is_a_reject(captioned, scripted):
    bare = captioned.model_copy(update={"captions": ()})
    written = asyncio.run(PromptedQuestions(scripted(reply_to), Prompts()).questions(bare, seed=1))
    assert [reject.check for reject in written.rejects] == ["caption"]


def test_asking_for_nothing_is_an_error(scripted):
    with pytest.raises(BadConfig, match="nothing to do"):
        PromptedQuestions(scripted(reply_to), Prompts(), positives=0, negatives=0)
