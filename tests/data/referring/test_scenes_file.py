"""The truth of drawn scenes as referring expressions."""

from __future__ import annotations

import json

import pytest

from twist_scout.data.referring import open_referring
from twist_scout.errors import BadRecord

ROW = {
    "image": "test-00000007.png",
    "width": 240,
    "height": 200,
    "split": "test",
    "relations": [],
    "objects": [
        {"name": "dog", "box": [10, 20, 60, 80], "expression": "the dog"},
        {"name": "cat", "box": [100, 20, 160, 80], "expression": "the red cat"},
        {"name": "cat", "box": [170, 20, 230, 80]},
    ],
}


def written(tmp_path, *rows):
    path = tmp_path / "truth.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_every_object_with_an_expression_is_one(tmp_path):
    reader = open_referring(written(tmp_path, ROW))
    assert reader.form == "scenes"
    found = list(reader)
    assert [(e.id, e.expression, e.box) for e in found] == [
        ("test-00000007-0", "the dog", (10, 20, 60, 80)),
        ("test-00000007-1", "the red cat", (100, 20, 160, 80)),
    ]
    assert [e.meta["distractors"] for e in found] == [0, 1]
    assert {(e.width, e.height, e.split) for e in found} == {(240, 200, "test")}


def test_a_scene_without_boxes_is_refused_with_its_line(tmp_path):
    bad = ROW | {"objects": [{"name": "dog", "expression": "the dog"}]}
    with pytest.raises(BadRecord, match="line 2"):
        list(open_referring(written(tmp_path, ROW, bad)))
