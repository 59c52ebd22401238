"""What counts as a rejection, and where the answer begins."""

from __future__ import annotations

import time

import pytest

from twist_scout.boxes.verdict import extract_answer, says_question_is_invalid


@pytest.mark.parametrize(
    "text",
    [
        "This question is invalid.",
        "The question is invalid",
        "THE QUERY IS NOT VALID",
        "There is a bus in the image, not a train.",
        "The zebra is not in the image.",
        "The cups are not visible in this picture.",
        "A zebra isn't in the picture.",
        "A zebra does not appear in the photo.",
        "There is no zebra in the image.",
        "There are not any striped zebras in this scene.",
        "This is an invalid question.",
    ],
)
def test_rejections(text: str) -> None:
    assert says_question_is_invalid(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("So the answer is orange.", "an answer"),
        ("The zebra is not in the water.", "a place that is not the image"),
        ("There is no lid. A cup stands in the image.", "the sentence ended before"),
        ("The question is interesting.", "a question, but a valid one"),
        ("There is a cup in the image, not far from a jug.", "a distance"),
        ("The sign reads 'invalid'.", "a word on a sign"),
        ("", "nothing"),
    ],
)
def test_not_rejections(text: str, why: str) -> None:
    assert not says_question_is_invalid(text), why


@pytest.mark.parametrize(
    ("text", "answer", "why"),
    [
        ("Step 1: Look. Step 2: So the answer is green.", "green", "the paper's form"),
        ("So, the answer is: a cup", "a cup", "with marks"),
        ("The final answer is no. So the answer is yes.", "yes", "the last one counts"),
        ("so the answer is 3.5.", "3.5", "only the final full stop goes"),
        ("A cup on a table.", "A cup on a table.", "no such words: everything"),
        ("So the answer is", "", "cut off"),
    ],
)
def test_answer(text: str, answer: str, why: str) -> None:
    assert extract_answer(text) == answer, why


@pytest.mark.parametrize(
    "unit",
    ["there is no ", "the image ", "is not ", "so ", " ", "in the" + " " * 99, "question is "],
)
def test_it_takes_time_linear_in_the_text(unit: str) -> None:
    text = unit * (300_000 // len(unit))
    begin = time.process_time()
    says_question_is_invalid(text)
    extract_answer(text)
    assert time.process_time() - begin < 3  # a quadratic search takes minutes
