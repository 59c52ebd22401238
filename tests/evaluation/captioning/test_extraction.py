"""Which words name which boxes: a reason on every row."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twist_scout.boxes import Box
from twist_scout.boxes.dialects import known_dialects
from twist_scout.boxes.grounded import GroundedText
from twist_scout.evaluation.captioning import extract_mentions

A, B, C = "10,10,20,20", "30,30,40,40", "50,50,60,60"


def mentions(text: str, dialect: str = "scout") -> list[tuple[str, int]]:
    return [(m.phrase, len(m.boxes)) for m in extract_mentions(GroundedText.parse(text, dialect=dialect))]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        # the noun phrase in front of the boxes
        (f"A small red car [[{A}]] beside a dog [[{B}]].", [("A small red car", 1), ("a dog", 1)]),
        (f"Two dogs [[{A}; {B}]] sit.", [("Two dogs", 2)]),
        (f"Two dogs [[{A}]], [[{B}]] sit.", [("Two dogs", 2)]),
        (f"A group of people [[{A}; {B}; {C}]]", [("A group of people", 3)]),
        (f"the dog left of the tree [[{A}]]", [("the dog left of the tree", 1)]),
        # enumerations whose boxes stand at their end
        (f"a dog and a cat [[{A}; {B}]]", [("a dog", 1), ("a cat", 1)]),
        (f"a man and woman [[{A}]] [[{B}]]", [("a man", 1), ("woman", 1)]),
        (f"two dogs and a cat [[{A}; {B}; {C}]]", [("two dogs", 2), ("a cat", 1)]),
        (f"dogs and a cat [[{A}; {B}; {C}]]", [("dogs", 2), ("a cat", 1)]),
        (f"a bus, a car and a bird [[{A}; {B}; {C}]]", [("a bus", 1), ("a car", 1), ("a bird", 1)]),
        (f"a bench, fire hydrant, and dog [[{A}; {B}; {C}]]", [("a bench", 1), ("fire hydrant", 1), ("dog", 1)]),
        (f"a couple of dogs and a cat [[{A}; {B}; {C}]]", [("a couple of dogs", 2), ("a cat", 1)]),
        (f"a person and a pair of skis [[{A}; {B}]]", [("a person", 1), ("a pair of skis", 1)]),
        # where the numbers do not add up, the last part has all
        (f"a table and chairs [[{A}; {B}; {C}]]", [("chairs", 3)]),
        (f"two dogs and two cats [[{A}; {B}; {C}]]", [("two cats", 3)]),
        (f"a knife and fork [[{A}]]", [("fork", 1)]),
        (f"a bowl and some broccoli [[{A}; {B}]]", [("some broccoli", 2)]),
        # words of place between name and box
        (f"A cat is at [[{A}]].", [("A cat", 1)]),
        (f"There is a cat located at [[{A}]], asleep.", [("a cat", 1)]),
        (f"The dog (at [[{A}]]) and the bus, shown at [[{B}]].", [("The dog", 1), ("the bus", 1)]),
        (f"the bounding box of the dog is [[{A}]]", [("the dog", 1)]),
        (f"A dog (brown) [[{A}]]", [("A dog", 1)]),
        (f"A dog, which is white, [[{A}]]", [("A dog", 1)]),
        # what stands for something named before
        (f"Two dogs: one [[{A}]] asleep, the other [[{B}]] awake.", [("dogs", 1), ("dogs", 1)]),
        (f"Two men. One of them [[{A}]] smiles; both [[{A}; {B}]] sit.", [("men", 1), ("men", 2)]),
        (f"A horse [[{A}]] and a man. He [[{B}]] rides it [[{A}]].", [("A horse", 1), ("person", 1), ("A horse", 1)]),
        # boxes in front of the name
        (f"[[{A}]] a dog\n[[{B}]]: cat", [("a dog", 1), ("cat", 1)]),
        (f"1. [[{A}]] - a red car parked\n2. [[{B}]] - two birds", [("a red car", 1), ("two birds", 1)]),
        (f"On the left [[{A}]] a dog sits.", [("a dog", 1)]),
        # lists, headings, and no name at all
        (f"1. Dog: [[{A}]]\n2. Cat: [[{B}]]", [("Dog", 1), ("Cat", 1)]),
        (f"**Dog** [[{A}]]", [("Dog", 1)]),
        (f"[[{A}]]", [("", 1)]),
        ("no boxes here", []),
    ],
)  # fmt: skip
def test_english(text: str, found: list[tuple[str, int]]) -> None:
    assert mentions(text) == found


def test_boxes_are_dealt_out_in_order() -> None:
    told = GroundedText.parse(f"two dogs and a cat [[{A}; {B}; {C}]]")
    dogs, cat = extract_mentions(told)
    assert dogs.boxes == (Box(0.1, 0.1, 0.2, 0.2), Box(0.3, 0.3, 0.4, 0.4))
    assert cat.boxes == (Box(0.5, 0.5, 0.6, 0.6),)
    assert told.text[dogs.start : dogs.end] == "two dogs"


def test_a_format_that_ties_words_to_boxes_is_believed() -> None:
    text = '[{"bbox_2d": [10, 10, 200, 200], "label": "the other"}, {"bbox_2d": [1, 1, 20, 20], "label": "a dog and a cat"}]'
    assert mentions(text, "qwen3-vl") == [("the other", 1), ("a dog and a cat", 1)]


WORD = st.sampled_from(
    "a two dog dogs and , the cat is at one other it ( ) : \n 1. box of left 12 [[1,2]] [[1,2,3,4]] "
    "[[1,2,30,40;5,6,70,80]]".split(" ")
)


@settings(max_examples=300, deadline=None)
@given(st.lists(WORD, max_size=25).map(" ".join), st.sampled_from(known_dialects()))
def test_every_box_has_one_mention_and_none_is_made_up(text: str, dialect: str) -> None:
    told = GroundedText.parse(text, dialect=dialect)
    found = extract_mentions(told)
    assert [box for mention in found for box in mention.boxes] == told.boxes
    for mention in found:
        assert 0 <= mention.start <= mention.end <= len(text)
        assert mention.boxes


@pytest.mark.parametrize(
    "piece",
    [
        "dogs and ",
        "a dog, ",
        "is at (",
        "one of the ",
        "[[1,2,3,4]] ",
        "1. [[1,2,3,4]] x\n",
        "dog and [[1,2,3,4;5,6,7,8]]",
    ],
)
def test_time_is_linear_in_the_text(piece: str) -> None:
    def seconds(times: int) -> float:
        told = GroundedText.parse(piece * times + "[[1,2,3,4; 5,6,7,8]]")
        start = time.process_time()
        extract_mentions(told)
        return time.process_time() - start

    seconds(10)
    assert min(seconds(8000), seconds(8000)) < 40 * max(min(seconds(800), seconds(800)), 1e-3)
