"""Laws of the SCOUT dialect, and a table of what it reads."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twist_scout.boxes import Box, get_dialect

SCOUT = get_dialect("scout")
ANY_BOX = st.from_type(Box)
# Texts in which brackets, numbers and separators meet far more often than in st.text().
BOXLIKE = st.lists(
    st.sampled_from(["[", "[[", "]", "]]", "1,2,3,4", "50", "100", "101", ",", ";", " ", ".", "-", "nan", "a"]),
    max_size=25,
).map("".join)


def corners(boxes: tuple[Box, ...]) -> list[tuple[int, ...]]:
    return [tuple(round(value * 100) for value in box.as_tuple()) for box in boxes]


@given(st.lists(ANY_BOX, min_size=1, max_size=5))
def test_boxes_come_back_within_the_resolution(boxes: list[Box]) -> None:
    text = SCOUT.render(boxes)
    (span,) = SCOUT.find(text)
    assert (span.start, span.end, span.problem) == (0, len(text), None)
    assert len(span.boxes) == len(boxes)
    for read, box in zip(span.boxes, boxes, strict=True):
        assert read.as_tuple() == pytest.approx(box.as_tuple(), abs=SCOUT.resolution + 1e-9)
        for low, high in ((0, 2), (1, 3)):
            if box.as_tuple()[high] - box.as_tuple()[low] >= 0.01:
                # Only boxes thinner than one step are moved by more than half a step.
                assert read.as_tuple()[low] == pytest.approx(box.as_tuple()[low], abs=0.005001)


@given(st.lists(ANY_BOX, min_size=1, max_size=5))
def test_what_was_written_once_is_written_the_same_again(boxes: list[Box]) -> None:
    text = SCOUT.render(boxes)
    assert SCOUT.render(SCOUT.find(text)[0].boxes) == text


@given(ANY_BOX)
def test_a_box_with_an_extent_keeps_one(box: Box) -> None:
    (read,) = SCOUT.find(SCOUT.render([box]))[0].boxes
    assert (read.x2 > read.x1) == (box.x2 > box.x1)
    assert (read.y2 > read.y1) == (box.y2 > box.y1)


def test_rendering_is_the_papers() -> None:
    assert SCOUT.render([Box(0.1, 0.09, 0.79, 1)]) == "[[10,9,79,100]]"
    assert SCOUT.render([Box(0, 0, 0.5, 0.5), Box(0.5, 0, 1, 1)]) == "[[0,0,50,50; 50,0,100,100]]"
    assert SCOUT.render([Box(0.331, 0, 0.334, 1)]) == "[[33,0,34,100]]"
    assert SCOUT.render([Box(0.999, 0, 1, 1)]) == "[[99,0,100,100]]"


@pytest.mark.parametrize(
    ("text", "expected", "why"),
    [
        ("[[1,2,3,4]]", [[(1, 2, 3, 4)]], "the canonical form"),
        ("[[1,2,3,4; 5,6,7,8]]", [[(1, 2, 3, 4), (5, 6, 7, 8)]], "several boxes of one phrase"),
        ("[[1,2,3,4;5,6,7,8]]", [[(1, 2, 3, 4), (5, 6, 7, 8)]], "the space is optional"),
        ("[[1,2,3,4]], [[5,6,7,8]]", [[(1, 2, 3, 4)], [(5, 6, 7, 8)]], "groups in a row"),
        ("[[1,2,3,4], [5,6,7,8]]", [[(1, 2, 3, 4), (5, 6, 7, 8)]], "a list of lists"),
        ("[ [ 1 , 2 ,3,\n4 ] ]", [[(1, 2, 3, 4)]], "spaces anywhere"),
        ("[[1.0, 2.4, 3., 4]]", [[(1, 2, 3, 4)]], "decimals"),
        ("[[007,+2,7,4]]", [[(7, 2, 7, 4)]], "leading zeros and a plus sign"),
        ("[[0,0,0,0]]", [[(0, 0, 0, 0)]], "a box without extent is still a box"),
        ("[[[1,2,3,4]]]", [[(1, 2, 3, 4)]], "one bracket too many"),
        ("[1,2,3,4]", [], "single brackets are another dialect"),
        ("a [1] b [2]", [], "citations are not boxes"),
    ],
)
def test_readable(text: str, expected: list, why: str) -> None:
    spans = SCOUT.find(text)
    assert [corners(span.boxes) for span in spans] == expected, why
    assert all(span.problem is None for span in spans), why


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[[1,2,3]]", "3 numbers instead of 4"),
        ("[[1,2,3,4,5]]", "5 numbers instead of 4"),
        ("[[7]]", "1 number instead of 4"),
        ("[[]]", "0 numbers instead of 4"),
        ("[[1,2,3,]]", "not a number"),
        ("[[1,2,3,101]]", "outside 0 to 100"),
        ("[[-1,2,3,4]]", "outside 0 to 100"),
        ("[[50,2,10,4]]", "right edge 10 is left of its left edge 50"),
        ("[[1,50,3,10]]", "bottom edge 10 is above its top edge 50"),
        ("[[nan,2,3,4]]", "not a number"),
        ("[[inf,2,3,4]]", "not a number"),
        ("[[1e1,2,3,4]]", "not a number"),
        ("[[9999..,2,3,4]]", "not a number"),
        ("[[１,２,３,４]]", "not a number"),  # full-width digits
        ("[[\ud800,2,3,4]]", "not a number"),  # half of a surrogate pair
        ("[[" + "9" * 5000 + ",2,3,4]]", "not a number"),
        ("[[1,2,3,4", "never closed"),
        ("[[1,2,3,4]", "one bracket instead of two"),
        ("[[", "never closed"),
    ],
)
def test_unreadable(text: str, reason: str) -> None:
    (span,) = SCOUT.find(text)
    assert span.boxes == ()
    assert span.problem is not None
    assert reason in span.problem
    assert len(span.problem) < 120
    span.problem.encode()  # can be printed
    assert text[span.start : span.end] == text


def test_the_good_box_of_a_half_bad_group_is_kept() -> None:
    (span,) = SCOUT.find("[[1,2,3,4; 5,6,7]]")
    assert corners(span.boxes) == [(1, 2, 3, 4)]
    assert span.problem == "box 2 of 2 has 3 numbers instead of 4"


def test_an_unclosed_box_does_not_swallow_the_sentence() -> None:
    text = "the dog [[10,20 in the park [[1,2,3,4]]"
    unclosed, good = SCOUT.find(text)
    assert text[unclosed.start : unclosed.end] == "[[10,20"
    assert corners(good.boxes) == [(1, 2, 3, 4)]


def test_brackets_lost_before_a_box_are_reported() -> None:
    lost, good = SCOUT.find("[[ [[1,2,3,4]]")
    assert lost.problem == "the brackets are never closed"
    assert corners(good.boxes) == [(1, 2, 3, 4)]


@given(st.one_of(st.text(), st.text(alphabet=st.characters()), BOXLIKE))
def test_any_text_gives_ordered_disjoint_spans(text: str) -> None:
    end = 0
    for span in SCOUT.find(text):
        assert end <= span.start < span.end <= len(text)
        assert span.boxes or span.problem
        end = span.end


@pytest.mark.parametrize("unit", ["[[", "[ ", "[[ ", "[", "[[]", "[[1],[", "[[1],[[", "]", "[[" + " " * 50, ";", "[[;"])
def test_finding_takes_time_linear_in_the_text(unit: str) -> None:
    text = unit * (200_000 // len(unit))
    begin = time.process_time()
    SCOUT.find(text)
    SCOUT.find("[[" + text)
    assert time.process_time() - begin < 3  # a quadratic reader takes minutes


def test_a_megabyte_of_open_brackets_takes_less_than_a_second() -> None:
    begin = time.process_time()
    spans = SCOUT.find("[[" * 500_000)
    assert time.process_time() - begin < 1
    assert [(span.start, span.end) for span in spans] == [(0, 1_000_000)]
