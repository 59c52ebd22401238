"""Questions and answers from annotations: exact."""

from __future__ import annotations

import asyncio

from twist_scout.boxes.grounded import GroundedText
from twist_scout.data.records import render_messages
from twist_scout.scout.answers import SettledAnswers
from twist_scout.scout.items import Entity
from twist_scout.scout.rules import RuleQuestions


def written(item, seed=0, **options):
    return asyncio.run(RuleQuestions(**options).questions(item, seed=seed)).questions


def test_it_is_deterministic_by_seed(annotated):
    assert written(annotated, 3) == written(annotated, 3)
    assert any(written(annotated, 3) != written(annotated, seed) for seed in range(4, 9))


def test_everything_that_is_settled_can_be_asked(annotated):
    asked = {q.prompt: q.answer for q in written(annotated, positives=99, negatives=99)}
    assert asked["Where is the red dog?"] in ("left of the blue dog", "left of the car")
    assert asked["What is left of the blue dog?"] == "red dog"
    assert any(question.startswith(("What color is the car", "What is the color of the car")) for question in asked)


def test_nothing_is_asked_that_two_things_could_answer(annotated):
    for question in written(annotated, positives=99, negatives=0):
        assert "the dog?" not in question.prompt  # there are two
        assert not question.prompt.endswith("left of the car?")  # two things are


def test_a_colour_is_never_asked_by_that_colour(annotated):
    for question in written(annotated, positives=99, negatives=0):
        if question.prompt.startswith("What color"):
            assert question.answer not in question.prompt


def test_only_what_the_source_would_annotate_is_called_missing(annotated):
    missing = {q.missing for q in written(annotated, positives=0, negatives=99)}
    assert missing == {"cat", "person"}


def test_its_answers_read_back_as_steps_that_end_in_the_answer(annotated):
    for question in written(annotated, positives=99, negatives=99):
        example = asyncio.run(SettledAnswers().answer(annotated, question, seed=0)).example
        grounded = GroundedText.parse(render_messages(example)[1]["content"])
        assert [step.number for step in grounded.steps] == list(range(1, len(grounded.steps) + 1))
        assert not grounded.unread
        assert grounded.phrases
        if question.negative:
            assert grounded.rejected
        else:
            assert grounded.answer == question.answer


def test_relations_are_read_off_the_boxes_where_the_source_names_none(annotated):
    bare = annotated.model_copy(
        update={"relations": (), "boxes": ((10, 20, 60, 80), (100, 30, 160, 90), (110, 150, 150, 220))}
    )
    asked = {q.prompt: q.answer for q in written(bare, positives=99, negatives=0)}
    assert asked["Where is the car?"] == "below the blue dog"
    assert asked["Where is the red dog?"] == "left of the blue dog"
    assert not any(
        question.startswith("What is") and "of the" in question and "color" not in question for question in asked
    )


def test_no_question_is_asked_twice(annotated):
    cars = tuple((20 * n, 10, 20 * n + 10, 60) for n in range(6))
    names = ("cat", "dog", "car", "bird", "chair", "scissors")
    entities = tuple(Entity(name=name, boxes=(n,)) for n, name in enumerate(names))
    crowded = annotated.model_copy(update={"boxes": cars, "entities": entities, "relations": (), "complete": ()})
    questions = [q.prompt for q in written(crowded, positives=99)]
    assert sorted(questions) == sorted(
        ["Where are the scissors?", *(f"Where is the {name}?" for name in names if name != "scissors")]
    )
    # Which of the things around it says where a thing is differs from seed to seed.
    assert len({q.answer for seed in range(9) for q in written(crowded, seed) if q.prompt == "Where is the cat?"}) > 1


def test_what_is_plural_takes_are(annotated):
    item = annotated.model_copy(update={"complete": ("skis",)})
    (asked,) = written(item, positives=0, negatives=9)
    assert asked.prompt in (
        "Where are the skis?", "What color are the skis?", "What is next to the skis?", "What are the skis doing?"
    )  # fmt: skip
    assert asked.reply.endswith("not skis. This question is invalid.")
