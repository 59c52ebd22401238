"""Lines of JSON about boxes."""

from __future__ import annotations

import pytest

from twist_scout.boxes.jsonl import read_objects, size_of, text_of
from twist_scout.errors import BadRecord


def test_lines_are_numbered_and_blank_ones_skipped() -> None:
    lines = [b'\xef\xbb\xbf{"id": 1}\n', b"\n", b'{"id": 2}']
    assert list(read_objects(lines, "f")) == [(1, {"id": 1}), (3, {"id": 2})]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b'{"id": 1', "f, line 2: not valid JSON"),
        (b"[1, 2]", "f, line 2: not a JSON object"),
        (b'{"id": "\xff"}', "f, line 2: not UTF-8"),
        (b"[" * 100_000, "f, line 2: not valid JSON"),
    ],
)
def test_a_bad_line_is_named_after_the_good_ones_before_it(line: bytes, problem: str) -> None:
    stream = read_objects([b'{"id": 0}', line], "f")
    assert next(stream) == (1, {"id": 0})
    with pytest.raises(BadRecord, match=problem):
        next(stream)


def test_sizes() -> None:
    assert size_of({"width": 3, "height": 4}, "f", 1) == (3, 4)
    assert size_of({}, "f", 1) is None
    for record in ({"width": 3}, {"width": 0, "height": 4}, {"width": "3", "height": 4}, {"width": True, "height": 4}):
        with pytest.raises(BadRecord, match="whole numbers of pixels"):
            size_of(record, "f", 1)


def test_texts() -> None:
    assert text_of({"text": ""}, "f", 1) == ""
    for record in ({}, {"text": None}, {"text": ["a"]}):
        with pytest.raises(BadRecord, match='no "text"'):
            text_of(record, "f", 1)
