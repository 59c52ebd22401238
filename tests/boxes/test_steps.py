"""Where the steps of an answer are found."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twist_scout.boxes import find_steps

STEPLIKE = st.lists(st.sampled_from(["Step 1:", "step2;", "STEP 3.", "Step", " 4", ":", "a dog ", "\n", "[["])).map(
    "".join
)


@pytest.mark.parametrize(
    ("text", "expected", "why"),
    [
        ("Step 1: Look. Step 2: Tell.", [(1, "Look."), (2, "Tell.")], "the paper's form"),
        ("Step 1; Look. Step 2: Tell.", [(1, "Look."), (2, "Tell.")], "a semicolon (Figure A.2)"),
        ("step1:Look.STEP 2 :Tell.", [(1, "Look."), (2, "Tell.")], "spaces and case do not matter"),
        ("Sure! Step 1: Look.", [(1, "Look.")], "words before the first header are no step"),
        ("Step 3: Look. Step 5: Tell.", [(3, "Look."), (5, "Tell.")], "numbers are kept"),
        ("Step 2: As in step 1: look.", [(2, "As in step 1: look.")], "a step refers back"),
        ("Step 1 is to look.", [], "without punctuation it is no header"),
        ("Footstep 1: a print.", [], "part of another word"),
        ("Just a dog.", [], "no header at all"),
        ("", [], "nothing"),
        ("Step 1:", [(1, "")], "an empty step, as in a cut-off answer"),
    ],
)
def test_steps(text: str, expected: list[tuple[int, str]], why: str) -> None:
    found = [(s.number, text[s.body_start : s.end].strip()) for s in find_steps(text)]
    assert found == expected, why


@given(st.one_of(st.text(), STEPLIKE))
def test_steps_are_disjoint_ordered_and_reach_the_end(text: str) -> None:
    steps = find_steps(text)
    for step, following in pairwise(steps):
        assert step.end == following.start
        assert step.number < following.number
    for step in steps:
        assert 0 <= step.start < step.body_start <= step.end
    if steps:
        assert steps[-1].end == len(text)
