from __future__ import annotations

import json

import pytest

from twist_scout.data.dataset import ExampleDataset
from twist_scout.data.records import Example, write_examples
from twist_scout.errors import BadInput, BadRecord


def make(id: str, image: str = "a.png") -> Example:
    messages = [{"role": "user", "content": f"é{id}"}, {"role": "assistant", "content": "x"}]
    return Example(id=id, image=image, width=4, height=4, task="rec", messages=messages)


def test_all_records_of_all_files_in_order_with_their_pictures(tmp_path):
    first, second = tmp_path / "one" / "a.jsonl", tmp_path / "two" / "b.jsonl"
    write_examples(first, [make(str(i)) for i in range(5)])
    write_examples(second, [make("5", "sub/b.png")])
    first.write_text("\n" + first.read_text() + "\n\n")  # blank lines are no records
    data = ExampleDataset([first, second])
    assert [data[i].id for i in range(len(data))] == list("012345")
    assert data[3].messages == make("3").messages
    assert data[0].image == str(tmp_path / "one" / "a.png")
    assert data[5].image == str(tmp_path / "two" / "sub" / "b.png")
    assert ExampleDataset(first, image_root=tmp_path)[0].image == str(tmp_path / "a.png")


def test_a_bad_line_is_found_before_anything_else_happens(tmp_path):
    path = tmp_path / "a.jsonl"
    write_examples(path, [make("1"), make("2")])
    path.write_text(path.read_text() + json.dumps({"id": "3"}) + "\n")
    with pytest.raises(BadRecord, match="line 3"):
        ExampleDataset(path)
    path.write_text("\n")
    with pytest.raises(BadInput, match="No records"):
        ExampleDataset(path)
