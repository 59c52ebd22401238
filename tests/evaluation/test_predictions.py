"""Prediction files: read whole and in order, joined by id, and mistakes named by file and line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twist_scout.errors import BadInput, BadRecord
from twist_scout.evaluation.predictions import Prediction, Predictions, join, parse_prediction, read_predictions


def lines(path: Path, *rows: Any) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_file_is_read_in_its_order_and_numbers_are_ids_too(tmp_path: Path) -> None:
    path = lines(
        tmp_path / "p.jsonl",
        {"id": 7, "text": "a"},
        {"sent_id": "3", "text": "b", "image": "x.jpg", "score": 1, "more": [1]},
        {"id": "07", "text": ""},
    )
    found = read_predictions(path)
    assert list(found.values()) == [Prediction("7", "a"), Prediction("3", "b", "x.jpg", 1.0), Prediction("07", "")]
    assert list(found) == ["7", "3", "07"]


def test_a_mark_at_the_start_and_blank_lines_are_no_lines(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"id": 1, "text": "a"}\r\n\n  \n{"id": 2, "text": "b"}')
    assert list(read_predictions(path)) == ["1", "2"]


BAD = [
    ('{"id": 1, "text": "a"', "not valid JSON"),
    ("[" * 100_000, "not valid JSON"),
    ("[1]", "not a JSON object"),
    ('{"text": "a"}', 'no "id"'),
    ('{"id": true, "text": "a"}', 'no "id"'),
    ('{"id": 1.5, "text": "a"}', 'no "id"'),
    ('{"id": 1}', 'no "text"'),
    ('{"id": 1, "text": null}', 'no "text"'),
    ('{"id": 1, "text": ["a"]}', 'no "text"'),
    ('{"id": 1, "text": "a", "score": NaN}', "score is not a finite number"),
    ('{"id": 1, "text": "a", "score": 1e309}', "score is not a finite number"),
    ('{"id": 1, "text": "a", "score": 1' + "0" * 400 + "}", "score is not a finite number"),
    ('{"id": 1, "text": "a", "score": "high"}', "score is not a finite number"),
    ('{"id": 0, "text": "b"}', "a second prediction for id '0'"),
    ('{"id": 1, "text": "\xff"}', "not UTF-8"),
]


@pytest.mark.parametrize(("line", "words"), BAD, ids=[words for _, words in BAD])
def test_a_bad_line_is_named_or_counted(tmp_path: Path, line: str, words: str) -> None:
    path = tmp_path / "p.jsonl"
    path.write_bytes(b'{"id": 0, "text": "a"}\n' + line.encode("latin-1") + b'\n{"id": 9, "text": "b"}\n')
    with pytest.raises(BadRecord, match=rf"p\.jsonl, line 2: .*{words}"):
        read_predictions(path)
    lenient = read_predictions(path, skip_bad=True)
    assert list(lenient) == ["0", "9"]
    assert lenient.left_out == 1
    assert words in (lenient.first_problem or "")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "no.jsonl", tmp_path):
        with pytest.raises(BadInput, match="cannot be read"):
            read_predictions(path)


def some(*ids: str) -> Predictions:
    found = Predictions("p.jsonl")
    found.update({id: Prediction(id, "") for id in ids})
    return found


def test_joining_keeps_the_order_of_the_truth_and_counts_both_sides() -> None:
    joined = join(some("c", "x", "a"), ["a", "b", "c"])
    assert (joined.matched, joined.missing, joined.unknown) == (("a", "c"), ("b",), ("x",))


@pytest.mark.parametrize(
    ("ids", "truth", "words"),
    [
        (["x"], ["a"], "No id of p.jsonl is in the truth .*'x' there and 'a'"),
        ([], ["a"], "p.jsonl holds no predictions"),
        (["x"], [], "the truth is empty"),
    ],
)
def test_nothing_in_common_is_a_mistake_and_no_score(ids: list[str], truth: list[str], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        join(some(*ids), truth)


@given(st.sets(st.text(max_size=3)), st.sets(st.text(max_size=3)))
def test_every_id_is_counted_once(ids: set[str], truth: set[str]) -> None:
    if not ids & truth:
        return
    joined = join(some(*ids), truth)
    assert {*joined.matched, *joined.missing} == truth
    assert {*joined.matched, *joined.unknown} == ids
    assert len(joined.matched) + len(joined.missing) == len(truth)


@given(st.one_of(st.binary(max_size=60), st.dictionaries(st.sampled_from(["id", "text", "score"]), st.none() | st.booleans()
    | st.integers() | st.floats() | st.text()).map(lambda value: json.dumps(value).encode())))  # fmt: skip
def test_any_bytes_are_a_prediction_or_a_bad_record(raw: bytes) -> None:
    try:
        found: Prediction | BadRecord = parse_prediction(raw, "p.jsonl", 3)
    except BadRecord as error:
        found = error
    if isinstance(found, BadRecord):
        assert str(found).startswith("p.jsonl, line 3: ")
    else:
        assert isinstance(found.id, str)
        assert isinstance(found.text, str)
