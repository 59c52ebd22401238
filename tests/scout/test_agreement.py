"""Self-consistency."""

from __future__ import annotations

import pytest

from twist_scout.boxes.grounded import GroundedText
from twist_scout.scout.agreement import conclusion, majority


def answer(box: str, end: str) -> GroundedText:
    return GroundedText.parse(f"Step 1: Find the man [[{box}]]. Step 2: So the answer is {end}.")


def test_most_votes_win_whatever_the_wording():
    answers = [answer("10,10,50,90", "blue"), answer("10,10,50,90", "a red hat"), answer("11,10,50,90", "Red hats")]
    chosen, votes = majority(answers)
    assert votes == 2
    assert conclusion(chosen) == "red hat"


def test_the_same_words_about_another_place_do_not_agree():
    _, votes = majority([answer("10,10,50,90", "red"), answer("60,10,95,90", "red")])
    assert votes == 1


def test_the_answer_with_the_best_overlap_is_kept():
    answers = [answer("10,10,40,90", "red"), answer("10,10,50,90", "red"), answer("10,10,52,90", "red")]
    chosen, votes = majority(answers)
    assert votes == 3
    assert chosen is answers[1]


def test_one_answer_agrees_with_itself():
    only = answer("10,10,50,90", "red")
    assert majority([only]) == (only, 1)


def test_no_answer_is_an_error():
    with pytest.raises(ValueError, match="no answer"):
        majority([])
