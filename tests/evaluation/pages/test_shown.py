"""What a page shows of a case: every box once, every word, and the right words for a box."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from twist_scout.boxes.box import Box
from twist_scout.evaluation.pages import Answer, Case
from twist_scout.evaluation.pages.shown import LONGEST, MOST_BOXES, ShownCase, shown_case

A, B, C = Box(0, 0, 0.5, 0.5), Box(0.2, 0.2, 0.4, 0.4), Box(0.5, 0.5, 1, 1)


def phrases(shown: ShownCase, answer: int = 0) -> list[tuple[str, tuple[int, ...]]]:
    return [(piece.text, piece.boxes) for piece in shown.answers[answer].pieces if piece.boxes]


def case(text: str, predicted: list[tuple[str, Box]], **others) -> Case:
    return Case("1", "best", answer=text, predicted=predicted, **others)


numbers = st.floats(0, 1)
boxes = st.tuples(numbers, numbers, numbers, numbers).map(
    lambda v: Box(min(v[0], v[2]), min(v[1], v[3]), max(v[0], v[2]), max(v[1], v[3]))
)
texts = st.text("ab ", max_size=12)
labelled = st.lists(st.tuples(texts, boxes), max_size=6)
spans = st.lists(st.tuples(st.integers(-2, 14), st.integers(-2, 14)), max_size=6)


@given(texts, labelled, labelled, spans, st.lists(st.tuples(texts, labelled, spans), max_size=2))
def test_no_word_and_no_box_is_left_out_or_said_twice(text, truth, predicted, places, others) -> None:
    more = [Answer("x", t, p, spans=s) for t, p, s in others]
    made = Case("1", "best", answer=text, truth=truth, predicted=predicted, spans=places, others=more)
    shown = shown_case(made, (640, 480), None)
    for answer, written in zip(shown.answers, [text, *(t for t, _, _ in others)], strict=True):
        assert "".join(piece.text for piece in answer.pieces) == written
    named = [b for a in shown.answers for piece in (*a.pieces, *a.loose) for b in piece.boxes]
    named += [b for piece in shown.truth for b in piece.boxes]
    assert sorted(named) == sorted(box.index for box in shown.boxes) == list(range(len(named)))
    assert len({box.mark for box in shown.boxes}) == len(named)
    assert all(0 <= box.x <= box.x + box.width <= 1000.01 for box in shown.boxes)


def test_phrases_are_found_by_their_words() -> None:
    text = "The cat sat on a category. A Cat and two mats."
    shown = shown_case(case(text, [("cat", A), ("a cat", B), ("mats", A), ("mats", C)]), None, None)
    assert phrases(shown) == [("cat", (0,)), ("A Cat", (1,)), ("mats", (2, 3))]
    assert shown_case(case(text, [("dog", A), ("", B)]), None, None).answers[0].loose[1].text == "box"


def test_given_places_win_unless_they_are_none() -> None:
    shown = shown_case(case("a hat, a hat", [("a hat", A), ("a hat", B)], spans=[(7, 12), (99, 120)]), None, None)
    assert phrases(shown) == [("a hat", (0,))]
    assert [piece.boxes for piece in shown.answers[0].loose] == [(1,)]


def test_marks_say_whose_a_box_is() -> None:
    one = shown_case(case("", [("", A)], truth=[("", A)]), None, None)
    assert {box.mark for box in one.boxes} == {"1", "T"}
    two = shown_case(
        case("", [("", A)], truth=[("", A), ("", B)], others=[Answer("b", "", [("", A), ("", C)])]), None, None
    )
    assert {box.mark for box in two.boxes} == {"A", "B1", "B2", "T1", "T2"}


def test_endless_answers_have_an_end() -> None:
    shown = shown_case(case("x" * (LONGEST + 5), [("x", A)] * (MOST_BOXES + 7)), None, None)
    assert len(shown.boxes) == MOST_BOXES
    assert shown.answers[0].left == 7
    assert "6,005 characters" in "".join(piece.text for piece in shown.answers[0].pieces)
    assert len(shown.words) < 2 * LONGEST


def test_scores_are_read_as_numbers_or_as_a_dash() -> None:
    assert [shown_case(case("", [], score=s), None, None).answers[0].score for s in (None, 0.5, float("nan"))] == [
        "", "0.500", "–",
    ]  # fmt: skip


def test_steep_pictures_are_drawn_less_steep() -> None:
    for size in ((1, 10**9), (10**9, 1), (640, 480)):
        shown = shown_case(case("", []), size, None)
        assert max(shown.width, shown.height) == 1000
        assert min(shown.width, shown.height) > 100
