from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from twist_scout.errors import BadConfig, BadInput
from twist_scout.predicting.journal import Journal, Line


def line(id: str, text: str = "x", error: str | None = None) -> Line:
    return Line(id, f"{id}.png", text, error=error)


def test_lines_are_json_in_a_fixed_order() -> None:
    assert Line("1", "a.png", "é", -0.12345678).encoded() == (
        '{"id": "1", "image": "a.png", "text": "é", "score": -0.123457}\n'.encode()
    )
    assert Line("1", None, "", error="gone").encoded() == b'{"id": "1", "text": "", "error": "gone"}\n'
    assert json.loads(Line("\ud800", None, "a\nb\u2028").encoded()) == {"id": "\ud800", "text": "a\nb\u2028"}
    assert Line("1", None, "a\nb\u2028").encoded().count(b"\n") == 1


def test_what_was_added_is_there_again(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    with Journal(path) as journal:
        journal.append([line("b"), line("a", error="gone")])
    with Journal(path) as journal:
        assert list(journal.lines) == ["b", "a"]
        assert journal.errors == {"a"}
        journal.finish(["a", "b"])
    assert [json.loads(raw)["id"] for raw in path.read_text().splitlines()] == ["a", "b"]


def test_every_torn_end_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    with Journal(path) as journal:
        journal.append([line("a"), line("b", "ein längerer Text")])
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        with Journal(path) as journal:
            kept = ["a"] if end >= first else []
            assert list(journal.lines) == kept
            journal.append([line("c")])
        assert [json.loads(raw)["id"] for raw in path.read_text().splitlines()] == [*kept, "c"]


def test_damaged_lines_are_counted_and_gone_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    good = line("a").encoded()
    path.write_bytes(b"\0\0\0\n" + good + b'{"id": 5, "text": "x"}\n[]\n' + b"[" * 100_000 + b"\n")
    with Journal(path) as journal:
        assert (list(journal.lines), journal.damaged) == (["a"], 4)
        journal.finish(["a"])
    assert path.read_bytes() == good


def test_an_answer_replaces_an_error_and_not_the_other_way(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_bytes(line("a", "", "gone").encoded() + line("a", "here").encoded() + line("a", "", "gone").encoded())
    with Journal(path) as journal:
        assert json.loads(journal.lines["a"])["text"] == "here"
        assert not journal.errors


def test_two_runs_cannot_write_one_file(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    with Journal(path), pytest.raises(BadConfig, match="Another run is writing"):
        Journal(path)
    Journal(path).close()


def test_a_fresh_start_throws_away(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    with Journal(path) as journal:
        journal.append([line("a")])
    with Journal(path, restart=True) as journal:
        assert not journal.lines
    assert path.read_bytes() == b""


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(BadInput, match="cannot be written"):
        Journal(tmp_path / "p.jsonl")


def test_a_folder_that_is_gone_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="cannot be written"):
        Journal(tmp_path / "file" / "p.jsonl")
