"""Laws that every dialect of the package obeys."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from twist_scout.boxes import Box, get_dialect, known_dialects, make_frame
from twist_scout.boxes.dialects import Codec, dialect_frame

SIZE = (640, 480)


def codec_of(name: str, width: int = SIZE[0], height: int = SIZE[1]) -> Codec:
    codec = get_dialect(name, dialect_frame(name, width=width, height=height))
    assert isinstance(codec, Codec)
    return codec


CODECS = [codec_of(name) for name in known_dialects()]
ANY_CODEC = st.sampled_from(CODECS)
ANY_BOX = st.from_type(Box)
ANY_BOXES = st.lists(ANY_BOX, min_size=1, max_size=4)
PHRASES = st.lists(st.sampled_from(["the", "red", "dog", "left", "2", "Käse", "狗", "T-shirt"]), min_size=1).map(
    " ".join
)
# Pieces of every dialect, put together at random: far closer to what breaks a reader than st.text().
PIECES = st.lists(
    st.sampled_from(
        r"""[ [[ ] ]] ( ) , ; . 1 0.5 12,30,400,550 (12,30),(400,550) -1 nan 1e309 999 1000 <box> </box> <ref> </ref>
        <|box_start|> <|box_end|> <|object_ref_start|> <|object_ref_end|> <loc_1> <loc_1000> <loc0001> <loc <seg001>
        <phrase> </phrase> <object> </object> <patch_index_0005> <patch_index_9999> </delimiter_of_multi_objects/>
        {"bbox_2d": [[]] [1,2,3,4] "label":"a" 'label':'b' \\" " } { ```json ``` and dog <s> １""".split()
    )
    | st.sampled_from([" ", "\n", "\ud800"]),
    max_size=30,
).map("".join)


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)
@given(boxes=ANY_BOXES)
def test_boxes_come_back_within_the_resolution(codec: Codec, boxes: list[Box]) -> None:
    text = codec.render(boxes)
    spans = codec.find(text)
    assert [span.problem for span in spans] == [None] * len(spans)
    read = [box for span in spans for box in span.boxes]
    assert len(read) == len(boxes)
    for found, box in zip(read, boxes, strict=True):
        assert found.as_tuple() == pytest.approx(box.as_tuple(), abs=codec.resolution + 1e-9)


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)
@given(boxes=ANY_BOXES)
def test_what_was_written_once_is_written_the_same_again(codec: Codec, boxes: list[Box]) -> None:
    text = codec.render(boxes)
    assert codec.render([box for span in codec.find(text) for box in span.boxes]) == text


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)
@given(box=ANY_BOX)
def test_a_box_with_an_extent_keeps_one(codec: Codec, box: Box) -> None:
    (span,) = codec.find(codec.render([box]))
    assert (span.boxes[0].x2 > span.boxes[0].x1) >= (box.x2 > box.x1)
    assert (span.boxes[0].y2 > span.boxes[0].y1) >= (box.y2 > box.y1)


@pytest.mark.parametrize("name", ["pixels", "qwen2.5-vl"])
@given(width=st.integers(20, 5000), height=st.integers(20, 5000), box=ANY_BOX)
def test_pixels_come_back_in_pictures_of_any_size(name: str, width: int, height: int, box: Box) -> None:
    assume(max(width, height) <= 200 * min(width, height))  # smart resizing refuses what is longer
    codec = codec_of(name, width, height)
    (span,) = codec.find(codec.render([box]))
    assert span.boxes[0].as_tuple() == pytest.approx(box.as_tuple(), abs=codec.resolution + 1e-9)


@pytest.mark.parametrize("codec", [codec for codec in CODECS if codec.names_phrases], ids=lambda codec: codec.name)
@given(items=st.lists(st.tuples(PHRASES, ANY_BOXES), min_size=1, max_size=3))
def test_a_list_gives_its_phrases_and_boxes_back(codec: Codec, items: list[tuple[str, list[Box]]]) -> None:
    text = codec.render_list(items)
    spans = codec.find(text)
    for span in spans:
        assert span.problem is None
        assert span.phrase is not None
        assert span.extent[0] <= span.phrase[0] < span.phrase[1] <= span.extent[1]
    read = [(codec.words(text, span), box) for span in spans for box in span.boxes]
    meant = [(phrase, box) for phrase, boxes in items for box in boxes]
    assert [phrase for phrase, _ in read] == [phrase for phrase, _ in meant]
    for (_, found), (_, box) in zip(read, meant, strict=True):
        assert found.as_tuple() == pytest.approx(box.as_tuple(), abs=codec.resolution + 1e-9)


@pytest.mark.parametrize("codec", [codec for codec in CODECS if codec.names_phrases], ids=lambda codec: codec.name)
@given(phrase=PHRASES, boxes=ANY_BOXES)
def test_inside_a_sentence_the_phrase_is_found_and_nothing_else_is_touched(
    codec: Codec, phrase: str, boxes: list[Box]
) -> None:
    before, after = "<s>Look:\n", " . Now it is gone."
    text = before + codec.render_named(phrase, boxes) + after
    spans = codec.find(text)
    assert {codec.words(text, span) for span in spans} == {phrase}
    assert spans[0].extent[0] == len(before)
    assert text[spans[-1].extent[1] :] == after


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)
@given(text=st.one_of(st.text(), st.text(alphabet=st.characters()), PIECES))
def test_any_text_gives_ordered_disjoint_spans(codec: Codec, text: str) -> None:
    done = 0
    for span in codec.find(text):
        first, last = span.extent
        assert done <= first <= span.start < span.end <= last <= len(text)
        assert span.boxes or span.problem
        if span.problem is not None:
            assert len(span.problem) < 120
            span.problem.encode()  # can be printed
        if span.phrase is not None:
            assert first <= span.phrase[0] < span.phrase[1] <= last
            assert codec.words(text, span).strip()
        done = last


TEMPLATES: dict[str, Callable[..., str]] = {
    "scout": "[[{},{},{},{}]]".format,
    "cogvlm": "[[{},{},{},{}]]".format,
    "shikra": "[{},{},{},{}]".format,
    "llava": "[{}, {}, {}, {}]".format,
    "ferret": "[{}, {}, {}, {}]".format,
    "pin": "[{},{},{},{}]".format,
    "pixels": "[{}, {}, {}, {}]".format,
    "kosmos-2": (
        "<object><patch_index_{}><patch_index_{}></delimiter_of_multi_objects/>"
        "<patch_index_{}><patch_index_{}></object>"
    ).format,
    "florence-2": "<loc_{}><loc_{}><loc_{}><loc_{}>".format,
    "paligemma": "<loc{}><loc{}><loc{}><loc{}>".format,
    "qwen-vl": "<box>({},{}),({},{})</box>".format,
    "qwen2-vl": "<|box_start|>({},{}),({},{})<|box_end|>".format,
    "qwen2.5-vl": '{{"bbox_2d": [{}, {}, {}, {}]}}'.format,
    "qwen3-vl": '{{"bbox_2d": [{}, {}, {}, {}]}}'.format,
    "internvl": "<box>[[{}, {}, {}, {}]]</box>".format,
}


@pytest.mark.parametrize("name", known_dialects())
@pytest.mark.parametrize(
    "bad",
    [
        "nan",
        "inf",
        "-inf",
        "1e309",
        "1e2",
        "-700",
        "9" * 400,
        "99999999",
        "１",
        "１２",
        "٣",
        "",
        "x",
        "1.2.3",
        "0x1",
        "--1",
    ],
)
def test_a_bad_number_is_a_problem_and_no_box(name: str, bad: str) -> None:
    spans = codec_of(name).find("the dog " + TEMPLATES[name]("0", "0", bad, "1"))
    assert sum(len(span.boxes) for span in spans) == (1 if name == "kosmos-2" else 0)  # its first pair is fine
    assert any(span.problem for span in spans)
    good = codec_of(name).find("the dog " + TEMPLATES[name]("0", "0", "1", "1"))
    assert [span.problem for span in good] == [None]


UNITS = """[ [[ [[] [[1],[ [[1],[[ ] [[; ( (1,2) (1,2), <box> <box>( <ref> <ref>a</ref> <|box_start|> <loc_1> <loc1> <loc_
<loc1>a <loc1>a; <object> <phrase>a</phrase> <object><patch_index_1> <patch_index_1> </delimiter_of_multi_objects/>
"bbox_2d":[ "bbox_2d":[1,2,3,4] {" "label":" {\\" {"bbox_2d":[1,2,3,4],"label":" [1,2,3,4], ```json[""".split()


# These five use every reader there is; the others share theirs.
READERS = ["qwen3-vl", "internvl", "florence-2", "paligemma", "kosmos-2"]


@pytest.mark.parametrize("name", READERS)
def test_finding_takes_time_linear_in_the_text(name: str) -> None:
    codec = codec_of(name)
    for unit in [*UNITS, "[ ", "[[" + " " * 50, " <loc1> "]:
        text = unit * (50_000 // len(unit))
        for start in ("", '[[<box>{"bbox_2d":[1,2,3,4], "label":"'):
            begin = time.process_time()
            codec.find(start + text)
            assert time.process_time() - begin < 1, unit  # a quadratic reader takes several seconds


@pytest.mark.parametrize("name", READERS)
def test_a_megabyte_of_brackets_takes_less_than_a_second(name: str) -> None:
    codec = codec_of(name)
    for unit in ("[[", "[", "(", "<", "{", "]["):
        text = unit * (1_000_000 // len(unit))
        begin = time.process_time()
        codec.find(text)
        assert time.process_time() - begin < 1, unit


@pytest.mark.parametrize("name", known_dialects())
def test_the_frame_of_the_model_family_can_be_looked_up(name: str) -> None:
    codec = get_dialect(name)
    assert isinstance(codec, Codec)
    kind = type(make_frame(codec.default_frame, width=300, height=200))
    frame = dialect_frame(name, width=300, height=200)
    assert type(frame) is kind
    if codec.needs_size:
        assert frame.model_size is not None
        assert get_dialect(name, frame).find("nothing") == []


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)
def test_a_group_without_boxes_is_empty(codec: Codec) -> None:
    assert codec.render([]) == ""
