"""Every answer is read, read in part, or not read, and the counts add up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twist_scout.boxes.box import Box
from twist_scout.boxes.dialects import get_dialect, known_dialects
from twist_scout.boxes.frame import PaddedSquare
from twist_scout.errors import BadConfig, BadInput
from twist_scout.evaluation.reading import NO_BOX, AnswerReader, ReadingTally, read_answer


@pytest.mark.parametrize(
    ("text", "status", "boxes", "reason"),
    [
        ("A dog [[0,0,50,100]].", "parsed", 1, None),
        ("[[0,0,50,100; 1,2,3,4]] and [[0,0,1,1]]", "parsed", 3, None),
        ("[[0,0,50,100]] or [[1,2,3]]", "partial", 1, "3 numbers instead of 4"),
        ("[[0,0,50,100; 9,9,1,1]]", "partial", 1, "inverted"),
        ("[[0,0,50,900]]", "failed", 0, "outside 0 to 100"),
        ("[[0,0,50,10", "failed", 0, "never closed"),
        ("It is on the left.", "failed", 0, NO_BOX),
        ("", "failed", 0, NO_BOX),
    ],
)
def test_the_three_ends_of_an_answer(text: str, status: str, boxes: int, reason: str | None) -> None:
    found = read_answer(text, get_dialect("scout"))
    assert (found.status, len(found.boxes)) == (status, boxes)
    assert (found.reason is None) if reason is None else (reason in (found.reason or ""))


def test_with_a_frame_boxes_are_those_of_the_original_picture() -> None:
    codec, frame = get_dialect("shikra"), PaddedSquare(200, 100)
    assert read_answer("[0,0.25,1,0.75]", codec).boxes == (Box(0, 0.25, 1, 0.75),)
    assert read_answer("[0,0.25,1,0.75]", codec, frame).boxes == (Box(0, 0, 1, 1),)
    assert AnswerReader("shikra").read("[0,0.25,1,0.75]", (200, 100)).boxes == (Box(0, 0, 1, 1),)
    assert AnswerReader("shikra", "stretched").read("[0,0.25,1,0.75]", (200, 100)).boxes == (Box(0, 0.25, 1, 0.75),)


def test_a_reader_of_pixels_needs_the_size() -> None:
    assert AnswerReader("pixels").read("[10, 10, 20, 20]", (100, 50)).boxes == (Box(0.1, 0.2, 0.2, 0.4),)
    with pytest.raises(BadInput, match="needs the size"):
        AnswerReader("pixels").read("[10, 10, 20, 20]", None)
    with pytest.raises(BadConfig, match="klingon"):
        AnswerReader("klingon")


def test_reasons_of_one_kind_are_counted_together() -> None:
    tally, codec = ReadingTally(), get_dialect("scout")
    for text in ("[[1,2,3]]", "[[1,2]]", "[[a,0,1,1]]", "[[0,0,1,1]]", "no box"):
        tally.add(read_answer(text, codec))
    assert tally.reasons()[0] == ("the box has 3 numbers instead of 4", 2)
    assert tally.to_dict() == {"parsed": 1, "partial": 0, "failed": 4}


hostile = st.text(alphabet=st.sampled_from('[](),;<>{}|"0159.-+eE １２NaNbox_2d\n:\ud800')) | st.text()


@given(st.lists(hostile, max_size=5), st.sampled_from(known_dialects()))
def test_any_text_ends_as_one_of_three_and_the_counts_add_up(texts: list[str], dialect: str) -> None:
    tally, reader = ReadingTally(), AnswerReader(dialect)
    for text in texts:
        found = reader.read(text, (640, 480))
        tally.add(found)
        assert bool(found.boxes) == (found.status != "failed")
        assert (found.reason is None) == (found.status == "parsed")
    assert tally.total == len(texts) == sum(tally.to_dict().values())
