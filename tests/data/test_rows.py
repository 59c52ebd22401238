from __future__ import annotations

from pathlib import Path

import pytest

from twist_scout.data.rows import read_json, read_rows, values_of
from twist_scout.errors import BadInput, BadRecord


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.jsonl", '\ufeff{"a": 1}\n\n{"a": 2}\n', [(1, {"a": 1}), (3, {"a": 2})]),
        ("a.json", '[{"a": 1},\n {"a": 2}]', [(1, {"a": 1}), (2, {"a": 2})]),
        ("a.json", '{"a": 1}\n{"a": 2}\n', [(1, {"a": 1}), (2, {"a": 2})]),
        ("a.csv", 'a,b\n1,"x\ny"\n2,z\n', [(3, {"a": "1", "b": "x\ny"}), (4, {"a": "2", "b": "z"})]),
        ("a.tsv", "a\tb\n1\tx\n", [(2, {"a": "1", "b": "x"})]),
    ],
)
def test_rows_with_their_numbers(tmp_path: Path, name: str, content: str, expected: object) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    assert list(read_rows(tmp_path / name)) == expected


def test_a_column_may_hold_a_whole_picture(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"image\n{'x' * 1_000_000}\n")
    ((_, row),) = read_rows(tmp_path / "a.csv")
    assert len(row["image"]) == 1_000_000


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.jsonl", b'{"a": 1}\n{"a"', "line 2: not JSON"),
        ("a.jsonl", b'{"a": 1}\n[]\n', "line 2: not a JSON object"),
        ("a.json", b'[{"a": 1}, 3]', "line 2: .*not a JSON object"),
        ("a.json", b'[{"a": 1}', "cannot be read as JSON"),
        ("a.jsonl", b'{"a": "\xff"}', "not UTF-8"),
        ("a.jsonl", b"[" * 100_000, "line 1: not JSON"),
    ],
)
def test_damage_is_one_sentence(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput, match=words):
        list(read_rows(tmp_path / name))


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    for read in (read_json, lambda path: list(read_rows(path))):
        with pytest.raises(BadInput, match=r"no\.json.* cannot be read"):
            read(tmp_path / "no.json")
        with pytest.raises(BadInput, match="cannot be read"):
            read(tmp_path)


def test_a_wrong_value_names_its_line() -> None:
    with pytest.raises(BadRecord, match=r"a\.jsonl, line 7"), values_of(Path("a.jsonl"), 7):
        int("x")
