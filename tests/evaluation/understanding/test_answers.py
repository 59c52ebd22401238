from __future__ import annotations

import json
from pathlib import Path

import pytest

from twist_scout.errors import BadInput, BadRecord
from twist_scout.evaluation.understanding import read_answers


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", '{"id": "7", "text": "red"}\n\n{"id": 8, "text": "blue", "score": 1}\n'),
        ("a.jsonl", '{"question_id": 7, "prompt": "?", "text": "red"}\n{"question_id": 8, "answer": "blue"}'),
        ("a.json", '{"question_id": 7, "answer": "red"}\n{"question_id": 8, "answer": "blue"}'),
        ("a.json", '[{"question_id": 7, "answer": "red"}, {"questionId": "8", "prediction": "blue"}]'),
        ("a.json", '{"7": "red", "8": "blue"}'),
        ("a.json", '{"acc": 1, "results": {"7": 0}, "outputs": {"7": "red", "8": "blue"}}'),
    ],
)
def test_the_forms_of_many_tools_are_one(tmp_path: Path, name: str, content: str) -> None:
    path = tmp_path / name
    path.write_text(content)
    assert {id: one.text for id, one in read_answers(path).items()} == {"7": "red", "8": "blue"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"id": 1, "text": "a"}\n{"id": 1, "text": "b"}', "line 2: a second answer"),
        ('{"id": 1, "text": "a"}\n{"text": "b"}', 'line 2: no "id"'),
        ('{"id": 1, "text": "a"}\n{"id": 2, "text": 3}', 'line 2: no "text"'),
        ('{"id": 1, "text": "a"}\n[]', "line 2: not a JSON object"),
        ('{"id": 1, "text": "a"}\n{"id":', "line 2: not valid JSON"),
        ('{"id": 1, "text": "a"}\n{"id": true, "text": "x"}', 'line 2: no "id"'),
    ],
)
def test_bad_lines_are_named_or_counted(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(content)
    with pytest.raises(BadRecord, match=words):
        read_answers(path)
    kept = read_answers(path, skip_bad=True)
    assert (list(kept), kept.left_out) == (["1"], 1)
    assert kept.first_problem is not None
    assert words in kept.first_problem


def test_other_documents_are_refused(tmp_path: Path) -> None:
    for content in ("3", '{"outputs": [1]}'):
        path = tmp_path / "a.json"
        path.write_text(content)
        with pytest.raises(BadInput, match="no file of answers"):
            read_answers(path)
    with pytest.raises(BadInput, match="cannot be read"):
        read_answers(tmp_path / "missing.json")
    path.write_text(json.dumps([{"id": 1, "text": "a"}, 5]))
    with pytest.raises(BadRecord, match="line 2"):
        read_answers(path)


def test_ids_can_always_be_printed(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": "\\ud800", "text": "\\ud800"}')
    assert list(read_answers(path)) == ["?"]
