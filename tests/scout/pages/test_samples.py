"""What a page shows of a record is all of it, and in order."""

from __future__ import annotations

from hypothesis import given, settings

from twist_scout.data.records import box_references
from twist_scout.pages.drawing import COLORS
from twist_scout.scout.pages.samples import chips, sample_of, sample_of_reject
from twist_scout.scout.references import without_references
from twist_scout.scout.rejects import Reject

from ..data_set import examples
from ..exporters.strategies import records


@settings(deadline=None)
@given(made=records())
def test_no_word_and_no_box_is_left_out(made) -> None:
    shown = sample_of(made)
    for turn, message in zip(shown.turns, made.messages, strict=True):
        pieces = [piece for line in turn.lines for piece in line.pieces]
        assert [piece.boxes for piece in pieces if piece.boxes] == box_references(message.content)
        numbers = [f"Step {line.number}:" for line in turn.lines if line.number is not None]
        said = "".join(piece.text for piece in pieces) + "".join(numbers)
        assert sorted("".join(said.split())) == sorted("".join(without_references(message.content).split()))
    assert sorted(box.index for box in shown.boxes) == list(range(len(made.boxes)))
    areas = [box.width * box.height for box in shown.boxes]
    assert areas == sorted(areas, reverse=True)


def test_steps_and_phrases_are_told_apart() -> None:
    shown = sample_of(examples()[0])
    question, answer = shown.turns
    assert [line.number for line in answer.lines] == [1, 2, 3, 4]
    assert [(piece.text, piece.boxes) for piece in answer.lines[1].pieces if piece.boxes] == [
        ("the hat", (1,)),
        ("the man", (0,)),
    ]
    assert answer.lines[1].boxes == (1, 0)
    assert question.lines[0].number is None
    assert shown.kind == "attribute"
    assert ("expected", "orange") in shown.facts


def test_many_boxes_use_the_colours_again() -> None:
    one = examples()[1]
    many = one.model_copy(update={"boxes": [(n, n, n + 20, n + 20) for n in range(25)]})
    assert {box.color for box in sample_of(many).boxes} == set(range(COLORS))


def test_a_reject_shows_its_record_or_what_was_written() -> None:
    with_record = sample_of_reject(Reject(item="1", stage="checks", check="boxes", reason="No.", example=examples()[2]))
    assert with_record.rejected
    assert with_record.negative
    bare = sample_of_reject(
        Reject(item="1", question="Who?", stage="answers", check="unreadable", reason="No.", text="Ha.")
    )
    assert (bare.text, bare.turns[0].lines[0].pieces[0].text) == ("Ha.", "Who?")
    assert not sample_of(examples()[0]).rejected


def test_filters_are_those_that_make_a_difference() -> None:
    shown = [sample_of(example) for example in examples()]
    assert chips(shown) == [
        ("task", "scout", 3), ("task", "negative", 1), ("kind", "absent", 1), ("kind", "attribute", 1), ("kind", "where", 1),
    ]  # fmt: skip
    assert chips(shown[:1]) == []
