from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from twist_scout.boxes.frame import PaddedSquare, Stretched
from twist_scout.data.records import (
    VERSION,
    Example,
    Message,
    is_confined,
    read_examples,
    render_messages,
    write_examples,
)
from twist_scout.errors import BadInput, BadRecord


def make(**changes) -> dict:
    record = {
        "id": "7",
        "image": "pictures/7.png",
        "width": 200,
        "height": 100,
        "task": "rec",
        "messages": [
            {"role": "user", "content": "Where is the dog?"},
            {"role": "assistant", "content": "The dog <box:0>."},
        ],
        "boxes": [[20, 10, 100, 50]],
    }
    return {**record, **changes}


def answer(content: str) -> list[dict]:
    return [{"role": "user", "content": "q"}, {"role": "assistant", "content": content}]


def test_references_are_written_in_the_dialect():
    example = Example(**make(boxes=[[20, 10, 100, 50], [0, 0, 200, 100]], messages=answer("<box:1,0> x <box:0>")))
    texts = [m["content"] for m in render_messages(example, "scout", Stretched())]
    assert texts == ["q", "[[0,0,100,100; 10,10,50,50]] x [[10,10,50,50]]"]


@pytest.mark.parametrize("frame", ["padded", PaddedSquare, PaddedSquare(200, 100)])
def test_references_are_moved_into_the_frame_that_the_model_sees(frame):
    example = Example(**make())
    assert render_messages(example, "scout", frame)[1] == {
        "role": "assistant",
        "content": "The dog [[10,30,50,50]].",
    }


def test_boxes_up_to_a_pixel_outside_are_cut_off():
    example = Example(**make(boxes=[[-1, -0.5, 201, 101]]))
    assert example.boxes == [(0.0, 0.0, 200.0, 100.0)]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"boxes": [[100, 10, 20, 50]]}, "box 0 .* is inverted"),
        ({"boxes": [[20, 10, 20, 50]]}, "no area"),
        ({"boxes": [[20, 10, 202, 50]]}, "outside the 200 x 100 picture"),
        ({"boxes": [[20, 10, float("nan"), 50]]}, "not a finite number"),
        ({"boxes": [[20, 10, "30", 50]]}, "must be a number"),
        ({"boxes": []}, "there are 0 boxes"),
        ({"messages": answer("<box:0,1>")}, "there are 1 boxes"),
        ({"messages": answer("<box:a>")}, "write <box:0>"),
        ({"messages": answer("<box:0")}, "write <box:0>"),
        ({"messages": answer("  ")}, "empty assistant turn"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "alternate"),
        ({"messages": [{"role": "system", "content": "x"}]}, "alternate"),
        ({"messages": []}, "messages"),
        ({"task": "guessing"}, "not one of rec"),
        ({"width": 0}, "width"),
        ({"width": "200"}, "width"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_invalid_records(changes, words):
    with pytest.raises(ValidationError, match=words):
        Example(**make(**changes))


def test_a_system_turn_and_an_open_question_are_allowed():
    messages = [Message(role="system", content="Be brief."), Message(role="user", content="q")]
    assert len(Example(**make(messages=messages, boxes=[])).messages) == 2


coordinate = st.floats(0, 1)


@given(
    width=st.integers(1, 4000),
    height=st.integers(1, 4000),
    corners=st.lists(st.tuples(coordinate, coordinate, coordinate, coordinate), max_size=4),
    text=st.text(max_size=30).filter(lambda t: "<box:" not in t),
)
def test_files_give_back_what_was_written(width, height, corners, text, tmp_path_factory):
    boxes = [
        (min(a, c) * width, min(b, d) * height, max(a, c) * width, max(b, d) * height)
        for a, b, c, d in corners
        if min(a, c) * width < max(a, c) * width and min(b, d) * height < max(b, d) * height
    ]
    example = Example(
        id="é", image="a.png", width=width, height=height, task="gic", boxes=boxes,
        messages=answer("x" + text), meta={"n": 1, "nested": [None, True]},
    )  # fmt: skip
    path = tmp_path_factory.mktemp("data") / "sub" / "a.jsonl"
    assert write_examples(path, [example, example]) == 2
    assert list(read_examples(path)) == [example, example]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b'{"id": "1", "image"', "not valid JSON"),
        (b"\xff\xfe", "UTF-8"),
        (b"[1, 2]", "the line should be"),
        (json.dumps(make(colour="red")).encode(), "unknown key 'colour'"),
        (
            json.dumps({k: v for k, v in make().items() if k != "image"}).encode(),
            "'image' is missing",
        ),
        (json.dumps(make(boxes=[[3, 2, 1, 4]])).encode(), "inverted"),
        (json.dumps(make(width=2.5)).encode(), "width should be"),
        (json.dumps(make(version="1")).encode(), "version should be"),
        (json.dumps(make(version=0)).encode(), "version: 0 is none that this program knows"),
        (json.dumps({"version": 2, "shape": "round"}).encode(), "version: 2 is none .* install a newer twist-scout"),
        (json.dumps(make(boxes=[[20, 10, float("nan"), 50]])).encode(), "finite"),
    ],
)
def test_a_bad_line_is_named_after_the_good_ones_were_given(line, words, tmp_path):
    path = tmp_path / "a.jsonl"
    good = json.dumps(make()).encode()
    path.write_bytes(good + b"\n\n" + line + b"\n" + good + b"\n")
    stream = read_examples(path)
    assert next(stream) == Example(**make())
    with pytest.raises(BadRecord, match=words) as caught:
        next(stream)
    assert (caught.value.line, caught.value.file) == (3, path)
    assert f"{path}, line 3: " in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_line_says_its_version_and_those_without_are_of_the_first(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(make()) + "\n" + json.dumps(make(version=1)) + "\n")
    old, new = read_examples(path)
    assert old == new
    assert old.version == VERSION == 1
    write_examples(path, [old])
    assert path.read_text().startswith('{"version":1,"id":"7",')


def test_a_missing_file():
    with pytest.raises(BadInput, match="cannot be read"):
        next(read_examples("nowhere/a.jsonl"))


@pytest.mark.parametrize(
    ("image", "inside"),
    [
        ("a.png", True),
        ("sub/a.png", True),
        ("a..b.png", True),
        ("../a.png", False),
        ("sub/../../a.png", False),
        ("/etc/passwd", False),
        ("C:\\a.png", False),
        ("..\\a.png", False),
        ("\\\\host\\share\\a.png", False),
    ],
)
def test_paths_out_of_the_folder_are_refused_on_request(image, inside, tmp_path):
    assert is_confined(image) is inside
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(make(image=image)))
    assert next(read_examples(path)).image == image
    if inside:
        assert next(read_examples(path, confined=True)).image == image
    else:
        with pytest.raises(BadRecord, match="out of the data folder"):
            next(read_examples(path, confined=True))


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.jsonl"
    write_examples(path, [Example(**make())])
    before = path.read_bytes()

    def broken():
        yield Example(**make(id="8"))
        raise RuntimeError("the generator broke")

    with pytest.raises(RuntimeError, match="broke"):
        write_examples(path, broken())
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.jsonl"]


def test_a_reference_may_name_as_many_boxes_as_there_are():
    indexes = ",".join(str(number) for number in range(60))
    example = Example(
        id="1",
        image="a.png",
        width=100,
        height=100,
        task="localization",
        messages=[{"role": "user", "content": "Where?"}, {"role": "assistant", "content": f"Here <box:{indexes}>."}],
        boxes=[(n, 0, n + 1, 1) for n in range(60)],
    )
    assert render_messages(example)[1]["content"].count(";") == 59
