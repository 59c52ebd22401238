"""Answers as words and boxes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twist_scout.app.shown import MOST_BOXES, SECOND, Shown, shown
from twist_scout.boxes.box import Box
from twist_scout.boxes.dialects import get_dialect
from twist_scout.boxes.grounded import GroundedText

STEPS = "Well. Step 1: Find the dog [[10,20,30,40]]. Step 2: The dog [[10,20,30,40]] and a cat [[50,50,60,60]] play."


def show(text: str, dialect: str = "scout", *, second: bool = False) -> Shown:
    return shown(GroundedText.parse(text, dialect=dialect), (200, 100), second=second)


def words(found: Shown) -> list[str]:
    return ["".join(piece.text for piece in line.pieces) for line in found.lines]


def test_steps_are_lines_whose_phrases_name_their_boxes() -> None:
    found = show(STEPS)
    assert [line.number for line in found.lines] == [None, 1, 2]
    assert words(found) == ["Well.", "Find the dog.", "The dog and a cat play."]
    assert [line.boxes for line in found.lines] == [(), (0,), (0, 1)]


def test_the_same_box_is_drawn_once_in_pixels() -> None:
    first, second = sorted(show(STEPS).boxes, key=lambda box: box.index)
    assert (first.x, first.y, first.width, first.height) == (20, 20, 40, 20)
    assert (second.x, second.y, second.width, second.height) == (100, 50, 20, 10)
    assert first.name == "1: the dog"


def test_the_second_answer_has_numbers_of_its_own_and_the_same_colours() -> None:
    one, other = show(STEPS), show(STEPS, second=True)
    assert {box.index + SECOND for box in one.boxes} == {box.index for box in other.boxes}
    assert {box.color for box in one.boxes} == {box.color for box in other.boxes}
    assert {box.look for box in other.boxes} == {"second"}


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        ("scout", "A dog [[10,20,30,40]] and a cat [[50,50,60,60]]."),
        ("shikra", "A dog[0.100,0.200,0.300,0.400] and a cat[0.500,0.500,0.600,0.600]."),
        ("cogvlm", "A dog [[100,200,300,400]] and a cat [[500,500,600,600]]."),
        (
            "qwen-vl",
            "<ref>A dog</ref><box>(100,200),(300,400)</box> and <ref>a cat</ref><box>(500,500),(600,600)</box>.",
        ),
        (
            "internvl",
            "<ref>A dog</ref><box>[[100,200,300,400]]</box> and <ref>a cat</ref><box>[[500,500,600,600]]</box>.",
        ),
        (
            "kosmos-2",
            "<phrase>A dog</phrase><object><patch_index_0195><patch_index_0393></object> and "
            "<phrase>a cat</phrase><object><patch_index_0528><patch_index_0627></object>.",
        ),
    ],
)
def test_every_dialect_leaves_the_same_words(dialect: str, text: str) -> None:
    found = show(text, dialect)
    assert words(found) == ["A dog and a cat."]
    assert [piece.text for line in found.lines for piece in line.pieces if piece.boxes] == ["A dog", "a cat"]


def test_without_a_picture_there_is_nothing_to_draw() -> None:
    found = shown(GroundedText.parse(STEPS), None)
    assert not found.boxes
    assert not any(line.boxes for line in found.lines)


def test_boxes_that_nobody_could_tell_apart_are_counted_and_not_drawn() -> None:
    boxes = [Box(n / 1000, 0.1, n / 1000 + 0.5, 0.9) for n in range(MOST_BOXES + 7)]
    found = show(f"Dots {get_dialect('internvl').render(boxes)}.", "internvl")
    assert (len(found.boxes), found.left) == (MOST_BOXES, 7)
    assert "7 more boxes are not drawn" in str(found.to_dict()["words"])


def test_what_is_no_box_is_told() -> None:
    assert "Not readable as boxes" in str(show("A dog [[1,2,3]].").to_dict()["words"])


@given(st.text(alphabet=st.sampled_from("<>&\"'[]0123456789,; Step:.aé\x00\u202e"), max_size=80), st.booleans())
def test_no_word_of_a_model_becomes_html(text: str, second: bool) -> None:
    made = show(f"{text} <script>x</script> dog [[10,20,30,40]]", second=second).to_dict()
    for piece in (str(made["words"]), str(made["drawing"])):
        assert "<script" not in piece
        assert {tag.lower() for tag in re.findall(r"</?([a-zA-Z]+)", piece)} <= {
            "ol", "li", "span", "sup", "p", "code", "div", "svg", "g", "title", "rect", "text",
        }  # fmt: skip


@given(st.text(max_size=200))
def test_any_text_can_be_shown(text: str) -> None:
    found = show(text)
    assert all(piece.text or piece.boxes for line in found.lines for piece in line.pieces)
