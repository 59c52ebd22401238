"""Four numbers for each box, however they are written."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twist_scout.boxes import Box, Stretched, get_dialect, known_dialects
from twist_scout.boxes.doctor.numbers_in_text import quads_in


@pytest.mark.parametrize(
    ("text", "expected", "why"),
    [
        ("a dog [[10,9,79,100]]", [(10, 9, 79, 100)], "double brackets"),
        ("[0.1, .2, 3., -4e-1]", [(0.1, 0.2, 3.0, -0.4)], "decimals, signs and exponents"),
        ("[[1,2,3,4; 5,6,7,8]]", [(1, 2, 3, 4), (5, 6, 7, 8)], "several boxes in one bracket"),
        ("[[1,2,3,4], [5,6,7,8]]", [(1, 2, 3, 4), (5, 6, 7, 8)], "a list of boxes"),
        ("a [1,2,3,4] and b [5,6,7,8]", [(1, 2, 3, 4), (5, 6, 7, 8)], "words in between"),
        ("<ref>a</ref><box>(1,2),(3,4)</box>", [(1, 2, 3, 4)], "pairs of points"),
        ("dog<loc_1><loc_2><loc_3><loc_4>", [(1, 2, 3, 4)], "Florence-2's tokens"),
        ("<loc0001><loc0002><loc0003><loc0004> cat", [(1, 2, 3, 4)], "PaliGemma's, in their order"),
        ('{"bbox_2d": [1, 2, 3, 4], "label": "7 cats"}', [(1, 2, 3, 4)], "JSON"),
        ("1 2 3 4", [(1, 2, 3, 4)], "no brackets at all"),
        ("x1=1, y1=2, x2=3, y2=4", [], "names of edges hold digits too"),
        ("as in [1], the 3 dogs [5,6,7]", [], "not four"),
        ("It is on the left.", [], "no numbers"),
        ("[nan,1,2,3]", [], "not a number"),
    ],
)
def test_numbers(text: str, expected: list, why: str) -> None:
    assert quads_in(text) == expected, why


def test_patches_come_back_as_fractions() -> None:
    text = get_dialect("kosmos-2").render([Box(0, 0, 0.5, 1 / 32)])
    assert quads_in(text) == [(0, 0, 0.5, 1 / 32)]


@pytest.mark.parametrize("name", known_dialects())
def test_every_dialect_is_seen(name: str) -> None:
    dialect = get_dialect(name, Stretched((640, 480)))
    assert len(quads_in(f"the dog {dialect.render([Box(0.1, 0.2, 0.6, 0.9)])} runs")) == 1


@given(st.one_of(st.text(), st.text(alphabet="[]()0123456789.,;+-eE <loc_>")))
def test_no_text_raises(text: str) -> None:
    assert all(len(quad) == 4 for quad in quads_in(text))


@pytest.mark.parametrize(
    "unit", ["[", "[1", "[1,", "(1,2),", "1", "<loc_1>", "[ " + " " * 50, "1.", "[+-", "[1e", "[1,2,3,4,"]
)
def test_reading_takes_time_linear_in_the_text(unit: str) -> None:
    begin = time.process_time()
    quads_in(unit * (200_000 // len(unit)))
    assert time.process_time() - begin < 2  # a quadratic reader takes minutes
