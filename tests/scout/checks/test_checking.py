"""Every check, on a record that passes it and on records that each break one rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twist_scout.data.records import Example, Message
from twist_scout.errors import BadConfig
from twist_scout.scout.checks import CHECKS, CheckSettings, check, failures

GOOD = (
    "Step 1: Find the car <box:0>. Step 2: Look left of it, got a blue dog <box:1>. Step 3: So the answer is blue dog."
)
REFUSAL = (
    "Step 1: Find the cat. Step 2: There is a green car <box:0> in the image, not a cat. This question is invalid."
)


def record(answer: str = GOOD, *, question: str = "What is left of the car?", boxes=None, **meta) -> Example:
    negative = "missing" in meta
    return Example(
        id="1",
        image="s1.png",
        width=240,
        height=240,
        task="negative" if negative else "scout",
        negative=negative,
        messages=[Message(role="user", content=question), Message(role="assistant", content=answer)],
        boxes=boxes or [(180, 150, 230, 220), (100, 30, 160, 90)],
        meta={"question": question, **meta},
    )


def failed(example: Example, item=None, **settings) -> list[str]:
    return [verdict.check for verdict in failures(check(example, item, CheckSettings(**settings)))]


def test_a_right_record_passes_every_check(annotated):
    verdicts = check(record(expected="blue dog"), annotated)
    assert [verdict.check for verdict in verdicts] == list(CHECKS)
    assert not failures(verdicts)
    refusal = check(record(REFUSAL, question="Where is the cat?", missing="cat"), annotated)
    assert not failures(refusal)
    assert next(v for v in refusal if v.check == "absence").outcome == "passed"


def test_without_the_source_what_needs_it_is_skipped():
    outcomes = {verdict.check: verdict.outcome for verdict in check(record())}
    assert {name for name, outcome in outcomes.items() if outcome == "skipped"} == {
        "expected",
        "absence",
        "annotation",
        "attributes",
    }


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        ("The car <box:0>. So the answer is blue.", "grammar"),
        ("Step 1: Find the car <box:0>. Step 3: So the answer is car.", "grammar"),
        ("Well. Step 1: Find the car <box:0>. Step 2: So the answer is car.", "grammar"),
        ("Step 1: Find the car <box:0>. Step 2: Find the car <box:0>. Step 3: So the answer is car.", "grammar"),
        ("Step 1: Find the car <box:0>. Step 2: A dog <box:1>.", "grammar"),
        ("Step 1: Find the car <box:0>. Step 2: See [[1,2,3. Step 3: So the answer is car.", "grammar"),
        ("Step 1: Find the car <box:0>. Step 2: . Step 3: So the answer is car.", "grammar"),
        (REFUSAL, "grammar"),
        ("Step 1: Find the car. Step 2: So the answer is car.", "boxes"),
        ("Step 1: Find the car <box:0>. Step 2: Look. <box:1> Step 3: So the answer is car.", "boxes"),
        (GOOD.replace("blue dog.", "red dog."), "final_answer"),
        (GOOD.replace("Step 2:", "Step 2: The car <box:1> is there."), "same_thing"),
        (GOOD.replace("Find the car", "Find the tree"), "asked_thing"),
    ],
)
def test_a_broken_form_is_caught_by_name(answer, name):
    verdicts = failures(check(record(answer)))
    assert name in [verdict.check for verdict in verdicts]
    assert all(verdict.reason for verdict in verdicts)


def test_a_tiny_box_is_no_thing():
    assert failed(record(boxes=[(0, 0, 1, 1), (100, 30, 160, 90)])) == ["boxes"]


def test_another_answer_than_expected(annotated):
    assert failed(record(expected="a red dog"), annotated) == ["expected"]
    assert not failed(record(expected="the dog"), annotated)
    assert not failed(record(expected="puppy"), annotated)


@pytest.mark.parametrize(
    ("answer", "boxes", "name"),
    [
        (GOOD, [(10, 150, 60, 220), (100, 30, 160, 90)], "annotation"),
        (GOOD, [(100, 30, 160, 90), (180, 150, 230, 220)], "annotation"),
        (GOOD.replace("Step 2:", "Step 2: There is a person <box:1>."), None, "annotation"),
        (GOOD.replace("blue", "green"), None, "attributes"),
        (GOOD.replace("Step 2:", "Step 2: The car <box:0> is yellow."), None, "attributes"),
        (GOOD.replace("the car", "the small car"), None, "attributes"),
    ],
)
def test_what_the_source_knows_better(annotated, answer, boxes, name):
    assert name in failed(record(answer, boxes=boxes), annotated)


def test_things_that_the_source_does_not_annotate_are_not_held_against_a_record(annotated):
    assert not failed(record(GOOD.replace("Step 2:", "Step 2: There is a lamp <box:1>.")), annotated)


@pytest.mark.parametrize("missing", ["dog", "puppy", "animal", "blue dog", "vehicle"])
def test_what_is_there_under_some_name_is_not_missing(annotated, missing):
    answer = REFUSAL.replace("cat", missing)
    assert "absence" in failed(record(answer, question=f"Where is the {missing}?", missing=missing), annotated)


@pytest.mark.parametrize("missing", ["cat", "yellow dog", "person"])
def test_what_is_not_there_is_missing(annotated, missing):
    answer = REFUSAL.replace("cat", missing)
    assert not failed(record(answer, question=f"Where is the {missing}?", missing=missing), annotated)


@pytest.mark.parametrize(
    ("missing", "caught"), [("guy", True), ("people", True), ("bike", True), ("woman", False), ("dog", False)]
)
def test_captions_tell_what_may_be_there(captioned, missing, caught):
    answer = REFUSAL.replace("cat", missing)
    found = failed(record(answer, question=f"Where is the {missing}?", missing=missing), captioned)
    assert ("absence" in found) == caught


def test_a_check_can_be_left_out(annotated):
    assert not failed(record(expected="a red dog"), annotated, skip={"expected"})
    with pytest.raises(BadConfig, match="no check 'spelling'"):
        check(record(), settings=CheckSettings(skip={"spelling"}))


PIECES = [
    "Step 1:",
    "Step 2:",
    "Find",
    "the car",
    "<box:0>",
    "<box:1>",
    "So the answer is",
    ".",
    "not a",
    "[[",
    "invalid",
]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=8), min_size=1).map(" ".join), st.booleans())
def test_any_words_are_judged_without_an_error(answer, negative):
    if not answer.strip() or "<box:" in answer.replace("<box:0>", "").replace("<box:1>", ""):
        return
    example = record(answer, **({"missing": "cat"} if negative else {}))
    assert len(check(example)) == len(CHECKS)


def test_two_indefinite_things_in_one_step_are_two_things():
    answer = "Step 1: Find the car. Step 2: There is a dog <box:0>, a dog <box:1> in the image. Step 3: So the answer is dog."
    assert "same_thing" not in failed(record(answer))
