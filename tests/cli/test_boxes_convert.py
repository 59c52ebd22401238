"""``twist-scout boxes convert``."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from twist_scout.cli import main


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Lets a test say what stands on stdin: ``type_in(typed, "...")``."""
    return monkeypatch


def type_in(monkeypatch: pytest.MonkeyPatch, text: str | bytes) -> None:
    raw = text if isinstance(text, bytes) else text.encode()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(raw)))


def test_lines_of_text(typed: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    type_in(typed, "a dog [[10,9,79,100]]\n\nno box\r\nthe cat [[1,2,3,4]] and [[5,6")
    assert main(["boxes", "convert", "--from", "scout", "--to", "qwen-vl"]) == 0
    out, err = capfd.readouterr()
    assert out == (
        "<ref>a dog</ref><box>(100,90),(789,999)</box>\n\nno box\r\n<ref>the cat</ref><box>(10,20),(30,40)</box> and [[5,6"
    )
    assert err == "lines: 4, boxes converted: 2, pieces not readable: 1\n"


def test_jsonl_keeps_other_keys_and_uses_the_size_of_each_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    records = [
        {"id": 7, "text": '{"bbox_2d": [0, 0, 322, 238], "label": "dog"}', "width": 640, "height": 480, "score": 0.5},
        {"id": "ö", "text": '{"bbox_2d": [0, 0, 238, 322], "label": "dog"}', "width": 480, "height": 640},
        {"id": 9, "text": "No dog."},
    ]
    file = tmp_path / "answers.jsonl"
    file.write_text("\n".join(map(json.dumps, records)))
    assert main(["boxes", "convert", "--from", "qwen2.5-vl", "--to", "scout", str(file)]) == 0
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert lines == [
        {**records[0], "text": "dog [[0,0,50,50]]"},
        {**records[1], "text": "dog [[0,0,50,50]]"},
        records[2],
    ]


def test_an_answer_of_several_lines(typed: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    type_in(typed, '```json\n[\n\t{"bbox_2d": [0, 0, 500, 500], "label": "dog"}\n]\n```\n')
    assert main(["boxes", "convert", "--from", "qwen3-vl", "--to", "scout"]) == 0
    assert capfd.readouterr().out == "dog [[0,0,50,50]]\n"


def test_an_answer_in_json_is_no_record(typed: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    type_in(typed, '{"bbox_2d": [0, 0, 500, 500], "label": "dog"}')
    assert main(["boxes", "convert", "--from", "qwen3-vl", "--to", "scout"]) == 0
    assert capfd.readouterr().out == "dog [[0,0,50,50]]"


def test_json_lists_phrases_boxes_and_what_could_not_be_read(
    typed: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    type_in(typed, "a dog [0.5,0.5,1,1] and [0.1,0.2,0.3]\n")
    size = ["--width", "640", "--height", "480"]
    assert main(["boxes", "convert", "--from", "shikra", "--to", "scout", "--json", *size]) == 0
    assert json.loads(capfd.readouterr().out) == {
        "text": "a dog [[50,50,100,100]] and [0.1,0.2,0.3]",
        "phrases": [{"text": "a dog", "boxes": [[320.0, 240.0, 640.0, 480.0]]}],
        "unit": "pixels",
        "unread": [{"text": "[0.1,0.2,0.3]", "start": 24, "reason": "the box has 3 numbers instead of 4"}],
    }
    type_in(typed, "a dog [[50,50,100,100]]")
    assert main(["boxes", "convert", "--from", "scout", "--to", "ferret", "--json"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert (found["unit"], found["phrases"][0]["boxes"]) == ("fractions", [[0.5, 0.5, 1.0, 1.0]])


def test_frames_can_be_overruled(typed: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    size = ["--width", "640", "--height", "480"]
    type_in(typed, "[[50,50,100,88]]")
    assert main(["boxes", "convert", "--from", "scout", "--from-frame", "padded", "--to", "ferret", *size]) == 0
    assert capfd.readouterr().out == "[500, 500, 1000, 1000]"
    type_in(typed, "[[50,50,100,100]]")
    limit = ["--max-pixels", "100000"]
    assert main(["boxes", "convert", "--from", "scout", "--to", "qwen2.5-vl", *limit, *size, "--json"]) == 0
    assert '"bbox_2d": [182, 126, 364, 252]' in json.loads(capfd.readouterr().out)["text"]


def test_half_a_surrogate_pair_comes_through_as_an_escape(
    typed: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    type_in(typed, '{"text": "\\ud800 [[1,2,3,4]]"}')
    assert main(["boxes", "convert", "--from", "scout", "--to", "ferret"]) == 0
    assert json.loads(capfd.readouterr().out) == {"text": "\ud800 [10, 20, 30, 40]"}


@pytest.mark.parametrize(
    ("arguments", "text", "message"),
    [
        (["--from", "klingon", "--to", "scout"], "", "no box dialect 'klingon'"),
        (["--from", "scout", "--to", "scout", "--to-frame", "round"], "", "no frame 'round'"),
        (
            ["--from", "scout", "--to", "pixels"],
            "a dog [[1,2,3,4]]",
            "stdin, line 1: the dialect 'pixels' needs the size",
        ),
        (["--from", "scout", "--to", "pixels", "--width", "3"], "", "both --width and --height"),
        (["--from", "scout", "--to", "ferret"], '{"text": "a"}\n{"text": 3}', 'stdin, line 2: no "text"'),
        (["--from", "scout", "--to", "ferret"], '{"text": "a"}\n{"text": "b"', "stdin, line 2: not valid JSON"),
        (["--from", "scout", "--to", "ferret"], b"a\n\xff", "stdin, line 2: not UTF-8"),
        (["--from", "scout", "--to", "ferret", "nowhere.jsonl"], "", "nowhere.jsonl cannot be read"),
    ],
)
def test_mistakes_are_named(
    typed: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    arguments: list[str],
    text: str | bytes,
    message: str,
) -> None:
    type_in(typed, text)
    assert main(["boxes", "convert", *arguments]) == 2
    assert message in capfd.readouterr().err


def test_lines_before_a_bad_one_are_printed(typed: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    type_in(typed, '{"text": "[[1,2,3,4]]"}\n{"text": 3}')
    assert main(["boxes", "convert", "--from", "scout", "--to", "ferret"]) == 2
    assert capfd.readouterr().out == '{"text": "[10, 20, 30, 40]"}\n'


def test_nothing_in_nothing_out(typed: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    type_in(typed, "")
    assert main(["boxes", "convert", "--from", "scout", "--to", "qwen3-vl"]) == 0
    assert capfd.readouterr().out == ""
