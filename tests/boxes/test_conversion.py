"""Converting texts between dialects and frames."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twist_scout.boxes import Box, Frame, PaddedSquare, SmartResized, Stretched, known_dialects
from twist_scout.boxes.conversion import convert, read_items, view_of
from twist_scout.boxes.dialects import dialect_frame, get_dialect
from twist_scout.errors import BadConfig, BadInput

SIZE = (640, 480)
SENTENCE = "Step 1: Find the small dog {}. Step 2: See two men {} and a hat: {}. So the answer is red."
COARSE = {"kosmos-2", "pin", "llava"}  # hundredths of a picture are too fine for these


def frame_of(name: str) -> Frame:
    return dialect_frame(name, width=SIZE[0], height=SIZE[1])


@st.composite
def groups(draw: st.DrawFn) -> str:
    """One or two boxes as SCOUT writes them."""
    edge = st.integers(0, 100)
    boxes = []
    for _ in range(draw(st.integers(1, 2))):
        (x1, x2), (y1, y2) = (sorted(draw(st.tuples(edge, edge))) for _ in "xy")
        boxes.append(f"{x1},{y1},{x2},{y2}")
    return f"[[{'; '.join(boxes)}]]"


@pytest.mark.parametrize("name", [name for name in known_dialects() if name not in COARSE])
@given(a=groups(), b=groups(), c=groups())
def test_there_and_back_is_the_same_text(name: str, a: str, b: str, c: str) -> None:
    for text in (SENTENCE.format(a, b, c), f"the dog {a}, two men {b}", a, "No boxes.", ""):
        there = convert(text, "scout", name, target_frame=frame_of(name))
        back = convert(there.text, name, "scout", source_frame=frame_of(name))
        assert back.text == text
        assert back.unread == there.unread == ()


@pytest.mark.parametrize("source", known_dialects())
@pytest.mark.parametrize("target", known_dialects())
def test_boxes_and_phrases_survive_between_any_two_dialects(source: str, target: str) -> None:
    box = Box(0.25, 0.375, 0.75, 0.8125)
    frame = frame_of(source)
    text = convert("the dog [[25,38,75,81]]", "scout", source, target_frame=frame).text
    result = convert(text, source, target, source_frame=frame, target_frame=frame_of(target))
    items, unread = read_items(result.text, get_dialect(target, frame_of(target)), frame_of(target))
    assert unread == []
    assert [item.phrase for item in items] == ["the dog"]
    assert items[0].boxes[0].iou(box) > 0.75


def test_the_frames_are_applied() -> None:
    left_half = convert(
        "[0.5,0.5,1,1]", "shikra", "pixels", source_frame=PaddedSquare(640, 480), target_frame=Stretched(SIZE)
    )
    assert left_half.text == "[320, 240, 640, 480]"
    small = SmartResized(640, 480, max_pixels=200_000)
    shown = convert("[320, 240, 640, 480]", "pixels", "qwen2.5-vl", source_frame=Stretched(SIZE), target_frame=small)
    assert f"[252, 182, {small.model_size[0]}, {small.model_size[1]}]" in shown.text


def test_a_list_in_json_becomes_words_with_boxes() -> None:
    objects = '{"bbox_2d": [0, 0, 322, 238], "label": "pepper"},\n\t{"bbox_2d": [322, 238, 644, 476], "label": "dog"}'
    answer = f"Here:\n```json\n[\n\t{objects}\n]\n```\nDone."
    result = convert(answer, "qwen2.5-vl", "scout", source_frame=frame_of("qwen2.5-vl"))
    assert result.text == "Here:\npepper [[0,0,50,50]], dog [[50,50,100,100]]\nDone."


def test_a_space_inside_a_tag_still_separates_words() -> None:
    caption = (
        "<ref> Woman</ref><box>(451,379),(731,806)</box> and<ref> her dog</ref><box>(219,424),(576,896)</box> playing"
    )
    assert convert(caption, "qwen-vl", "scout").text == "Woman [[45,38,73,81]] and her dog [[22,42,58,90]] playing"


def test_the_same_phrase_twice_in_a_list_is_one_phrase_with_two_boxes() -> None:
    answer = "<loc0000><loc0000><loc0512><loc0512> cat ; <loc0512><loc0512><loc1023><loc1023> cat"
    assert convert(answer, "paligemma", "scout").text == "cat [[0,0,50,50; 50,50,100,100]]"


def test_what_cannot_be_read_stays_and_is_listed() -> None:
    result = convert("a dog [[1,2,3]] and a cat [[10,20,30,40]]", "scout", "ferret")
    assert result.text == "a dog [[1,2,3]] and a cat [100, 200, 300, 400]"
    assert [(piece.text, piece.reason) for piece in result.unread] == [
        ("[[1,2,3]]", "the box has 3 numbers instead of 4")
    ]


@given(text=st.text(), source=st.sampled_from(known_dialects()), target=st.sampled_from(known_dialects()))
def test_no_text_raises(text: str, source: str, target: str) -> None:
    convert(text, source, target, source_frame=frame_of(source), target_frame=frame_of(target))


@pytest.mark.parametrize("unit", ["the dog [[1,2,3,4]] ", "[[1,2,3,4]]", "[[", "a dog "])
def test_converting_takes_time_linear_in_the_text(unit: str) -> None:
    begin = time.process_time()
    convert(unit * (100_000 // len(unit)), "scout", "kosmos-2")
    assert time.process_time() - begin < 5  # a quadratic one takes minutes


def test_a_size_that_is_needed_and_unknown_is_asked_for() -> None:
    for name in ("pixels", "qwen2.5-vl"):
        with pytest.raises(BadInput, match="because it writes pixels"):
            view_of(get_dialect(name), None)
    with pytest.raises(BadInput, match="padded square"):
        view_of(get_dialect("shikra"), None)
    with pytest.raises(BadInput, match="padded square"):
        view_of(get_dialect("scout"), None, "padded")
    assert isinstance(view_of(get_dialect("qwen2-vl"), None), Stretched)


def test_the_frame_of_a_dialect_can_be_overruled() -> None:
    assert view_of(get_dialect("shikra"), SIZE, "stretched") == Stretched(SIZE)
    assert view_of(get_dialect("scout"), SIZE, "padded") == PaddedSquare(*SIZE)
    assert view_of(get_dialect("qwen2.5-vl"), SIZE, None, 100_000) == SmartResized(*SIZE, max_pixels=100_000)
    with pytest.raises(BadConfig, match="no frame 'round'"):
        view_of(get_dialect("scout"), SIZE, "round")
    with pytest.raises(BadConfig, match="less than one patch"):
        view_of(get_dialect("qwen2.5-vl"), SIZE, None, 10)
