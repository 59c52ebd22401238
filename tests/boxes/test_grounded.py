"""Laws of `GroundedText`, and answers read from end to end."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twist_scout.boxes import Box, Frame, GroundedText, PaddedSquare, Phrase, Stretched
from twist_scout.errors import BadConfig

SENTENCES = st.lists(
    st.sampled_from(
        [
            "Step 1: ",
            "Step 2: ",
            "Find the red car ",
            "a dog",
            ", got ",
            " and ",
            ". ",
            "So the answer is ",
            "[[1,2,30,40]]",
            "[[1,2,30,40; 5,6,7,8]]",
            ", ",
            "[[1,2,30",
            "[[3,2,1,0]]",
            "[[1,2,3,4; 9]]",
            "]]",
            "[",
            "\n",
        ]
    ),
    max_size=15,
).map("".join)
ANY_TEXT = st.one_of(st.text(), st.text(alphabet=st.characters()), SENTENCES)


def shape(grounded: GroundedText) -> list[tuple[str, list[Box]]]:
    return [(phrase.text, phrase.boxes) for phrase in grounded.phrases]


@pytest.mark.parametrize(
    ("text", "expected", "why"),
    [
        ("Find the lamp [[1,2,3,4]].", [("the lamp", 1)], "one phrase, one box"),
        ("two tall boys [[1,2,3,4]], [[5,6,7,8]]", [("two tall boys", 2)], "groups in a row"),
        ("two boys [[1,2,3,4; 5,6,7,8]]", [("two boys", 2)], "one group"),
        ("two boys [[1,2,3,4]] and [[5,6,7,8]]", [("two boys", 2)], "'and' without a noun"),
        (
            "A red car [[1,2,3,4]] and a blue dog [[5,6,7,8]]",
            [("A red car", 1), ("a blue dog", 1)],
            "'and' with a noun",
        ),
        ("[[1,2,3,4]]", [("", 1)], "only a box"),
        ("Step 1: [[1,2,3,4]]", [("", 1)], "a header is no phrase"),
        ("a lamp [[1,2,3]], [[1,2,3,4]]", [("a lamp", 1)], "over an unreadable group"),
        ("a lamp [[1,2,3]]", [], "nothing readable, no phrase"),
        ("a lamp [[1,2,3]] and a mug [[1,2,3,4]]", [("a mug", 1)], "not over its words"),
        ("no boxes", [], "no boxes"),
    ],
)
def test_phrases(text: str, expected: list[tuple[str, int]], why: str) -> None:
    found = [(phrase.text, len(phrase.boxes)) for phrase in GroundedText.parse(text).phrases]
    assert found == expected, why


def test_a_whole_answer() -> None:
    text = (
        "Sure. Step 1: Find the girl [[10,20,40,90]]. Step 2: Check what she holds, got the kite "
        "[[35,5,60,30]]. Step 3: The girl [[10,20,40,90]] holds a kite. "
        "Step 4: So the answer is kite [[35,5,60,30]]."
    )
    grounded = GroundedText.parse(text)
    assert [phrase.text for phrase in grounded.phrases] == [
        "the girl",
        "the kite",
        "The girl",
        "kite",
    ]
    assert [step.number for step in grounded.steps] == [1, 2, 3, 4]
    assert [len(step.phrases) for step in grounded.steps] == [1, 1, 1, 1]
    assert grounded.steps[0].text == "Find the girl [[10,20,40,90]]."
    assert grounded.boxes[1] == Box(0.35, 0.05, 0.6, 0.3)
    assert grounded.answer == "kite"
    assert not grounded.rejected
    assert grounded.unread == []
    assert grounded.mode == "grounding"
    assert grounded.plain.endswith("Step 3: The girl holds a kite. Step 4: So the answer is kite.")
    assert grounded.render() == text


def test_a_rejection() -> None:
    grounded = GroundedText.parse(
        "Step 1: Find the cow. Step 2: There is a mug [[1,2,3,4]] in the image, not a cow. This question is invalid."
    )
    assert grounded.rejected
    assert [len(step.phrases) for step in grounded.steps] == [0, 1]


def test_a_cut_off_answer_keeps_what_came_before() -> None:
    grounded = GroundedText.parse("the mug [[1,2,3,4]] and the jug [[50,6")
    assert shape(grounded) == [("the mug", [Box(0.01, 0.02, 0.03, 0.04)])]
    (unread,) = grounded.unread
    assert (unread.text, unread.start, unread.reason) == (
        "[[50,6",
        32,
        "the brackets are never closed",
    )
    assert grounded.plain == "the mug and the jug"


@given(ANY_TEXT, st.from_type(Frame))
def test_any_text_is_read_and_every_offset_fits(text: str, frame: Frame) -> None:
    grounded = GroundedText.parse(text, frame=frame)
    assert grounded.text == text
    end = 0
    for phrase in grounded.phrases:
        assert text[phrase.start : phrase.end] == phrase.text
        assert end <= phrase.start <= phrase.end <= phrase.boxes_start < phrase.boxes_end
        assert phrase.boxes
        end = phrase.boxes_end
    for piece in grounded.unread:
        assert text[piece.start :].startswith(piece.text)
        assert piece.text
        assert piece.reason
    in_steps = [phrase for step in grounded.steps for phrase in step.phrases]
    assert in_steps == grounded.phrases[len(grounded.phrases) - len(in_steps) :]
    json.loads(json.dumps(grounded.to_dict(640, 480)))
    assert isinstance(grounded.answer, str)
    assert isinstance(grounded.rejected, bool)


@given(ANY_TEXT)
def test_rendering_keeps_phrases_boxes_and_plain_text(text: str) -> None:
    grounded = GroundedText.parse(text)
    again = GroundedText.parse(grounded.render())
    assert shape(again) == shape(grounded)
    assert again.plain == grounded.plain
    assert again.render() == grounded.render()


@st.composite
def canonical_texts(draw: st.DrawFn) -> str:
    """Texts whose boxes are written as SCOUT writes them, one group to a phrase."""
    pieces = [draw(st.sampled_from(["", "Step 1: ", "Sure. Step 4: "]))]
    for _ in range(draw(st.integers(0, 4))):
        pieces.append(draw(st.sampled_from(["Find the car ", "; a dog left of a man ", ", x"])))
        corners = st.tuples(*[st.integers(0, 100)] * 4).map(
            lambda c: (min(c[0], c[2]), min(c[1], c[3]), max(c[0], c[2]), max(c[1], c[3]))
        )
        group = draw(st.lists(corners, min_size=1, max_size=3))
        pieces.append("[[" + "; ".join(",".join(map(str, box)) for box in group) + "]]")
    return "".join(pieces) + draw(st.sampled_from([".", "", " Step 9: So the answer is dog."]))


@given(canonical_texts())
def test_canonical_text_is_rendered_as_it_is(text: str) -> None:
    grounded = GroundedText.parse(text)
    assert grounded.unread == []
    assert grounded.render() == text
    assert GroundedText.parse(grounded.render()) == grounded


@given(st.lists(st.from_type(Box), min_size=1, max_size=4), st.from_type(Frame))
def test_boxes_survive_writing_and_reading_in_any_frame(boxes: list[Box], frame: Frame) -> None:
    text = "two mugs"
    grounded = GroundedText(text, [Phrase(text, boxes, 0, len(text))], [])
    back = GroundedText.parse(grounded.render(frame=frame), frame=frame)
    assert [phrase.text for phrase in back.phrases] == [text]
    for read, box in zip(back.boxes, boxes, strict=True):
        for value, truth, margin in zip(read.as_tuple(), box.as_tuple(), _resolutions(frame) * 2, strict=True):
            assert value == pytest.approx(truth, abs=margin)


def _resolutions(frame: Frame) -> tuple[float, float]:
    """How much of the original image one hundredth of the model's picture covers, in x and in y."""
    shown = frame.to_model(Box(0, 0, 1, 1))
    return 0.0101 / (shown.x2 - shown.x1), 0.0101 / (shown.y2 - shown.y1)


def test_the_frame_moves_boxes_to_the_original_image() -> None:
    padded = PaddedSquare(300, 200)
    grounded = GroundedText.parse("the mug [[0,50,50,75]]", frame=padded)
    assert grounded.boxes[0].as_tuple() == pytest.approx((0, 0.5, 0.5, 0.875))
    assert grounded.render(frame=padded) == "the mug [[0,50,50,75]]"
    assert grounded.render(frame=Stretched()) == "the mug [[0,50,50,88]]"


def test_boxes_can_be_added_to_plain_words() -> None:
    text = "A mug and a jug."
    phrases = [
        Phrase("A mug", [Box(0, 0, 0.1, 0.1)], 0, 5),
        Phrase("a jug", [Box(0.5, 0, 0.6, 0.1)], 10, 15),
    ]
    grounded = GroundedText(text, phrases, [])
    assert grounded.plain == text
    assert grounded.render() == "A mug [[0,0,10,10]] and a jug [[50,0,60,10]]."
    assert shape(GroundedText.parse(grounded.render())) == shape(grounded)


@pytest.mark.parametrize(
    ("text", "plain", "why"),
    [
        ("The mug [[1,2,3,4]] is red.", "The mug is red.", "one space stays"),
        ("The mug [[1,2,3,4]].", "The mug.", "none before a full stop"),
        ("The mug.[[1,2,3,4]]Then", "The mug. Then", "words stay apart"),
        ("[[1,2,3,4]] is it.", "is it.", "at the beginning"),
        ("mugs [[1,2,3,4]], [[1,2,3,4]] here", "mugs here", "separators of boxes go with them"),
        ("the mug [[1,2,3]] here", "the mug here", "what could not be read goes too"),
        ("- mug [[1,2,3,4]]\n- jug [[1,2,3,4]]", "- mug\n- jug", "lines stay"),
        ("  untouched  words ", "untouched  words", "no boxes, no change inside"),
    ],
)
def test_plain(text: str, plain: str, why: str) -> None:
    assert GroundedText.parse(text).plain == plain, why


def test_json_is_in_pixels() -> None:
    grounded = GroundedText.parse("Step 1: a mug [[10,20,30,40]] and [[7]]", mode="grounding")
    record = grounded.to_dict(640, 480)
    mug = {"text": "a mug", "boxes": [[64.0, 96.0, 192.0, 192.0]], "start": 8, "end": 13}
    assert record["phrases"] == [mug]
    assert record["steps"] == [{"number": 1, "text": grounded.steps[0].text, "phrases": [mug]}]
    assert record["unread"] == [{"text": "[[7]]", "start": 34, "reason": "the box has 1 number instead of 4"}]
    assert (record["width"], record["height"], record["mode"]) == (640, 480, "grounding")
    with pytest.raises(ValueError, match="image size"):
        grounded.to_dict(0, 480)


def test_an_unknown_dialect_is_an_error_of_the_caller() -> None:
    with pytest.raises(BadConfig, match="no box dialect"):
        GroundedText.parse("a mug", dialect="klingon")
    with pytest.raises(BadConfig, match="no box dialect"):
        GroundedText.parse("a mug").render("klingon")


def test_a_megabyte_of_open_brackets_is_read_in_less_than_a_second() -> None:
    begin = time.process_time()
    grounded = GroundedText.parse("[[" * 500_000)
    assert time.process_time() - begin < 1
    assert len(grounded.unread) == 1


@pytest.mark.parametrize(
    "unit",
    ["[[1", "[[1,2,3,4]]", "a dog [[1,2,3,4]] and ", "step 1: [[", "[[1],[", "[[1,2,3,4]], "],
)
def test_reading_takes_time_linear_in_the_text(unit: str) -> None:
    text = unit * (200_000 // len(unit))
    begin = time.process_time()
    grounded = GroundedText.parse(text)
    assert grounded.plain is not None
    assert grounded.render() is not None
    assert time.process_time() - begin < 3  # a quadratic reader takes minutes
