from __future__ import annotations

from pathlib import Path

import pytest

from twist_scout.data.records import read_examples, render_messages
from twist_scout.labelling import LabelledBox, LabelledPicture, Labels
from twist_scout.labelling.formats import jsonl

from .conftest import Labelled, Written


def test_records_are_read_back_and_their_pictures_found(labelled: Labelled, written: Written) -> None:
    out = written("jsonl")
    examples = list(read_examples(out / "records.jsonl"))
    assert [(example.id, len(example.boxes)) for example in examples] == [
        ("label:1.png:dog", 2),
        ("label:1.png:red car", 1),
        ("label:a b/ü&#.png:red car", 1),
    ]
    boxes = [box.box for picture in labelled.labels.pictures for box in picture.boxes]
    assert [box for example in examples for box in example.boxes] == boxes
    assert all((out / example.image).is_file() for example in examples)
    assert render_messages(examples[0])[1]["content"] == "The dogs [[6,14,47,83; 52,0,100,100]]."
    assert examples[0].meta["scores"] == [0.9, 0.5]


def test_a_folder_with_its_pictures_can_be_moved(labelled: Labelled) -> None:
    (file,) = jsonl.write(labelled.labels, labelled.place(labelled.folder.parent))
    assert b'"image":"photos/1.png"' in (file.content or b"")


@pytest.mark.parametrize("label", ["<box:9>", "a <box: b", "x" * 150])
def test_no_label_is_taken_for_a_reference(label: str, tmp_path: Path, labelled: Labelled) -> None:
    picture = LabelledPicture("1.png", 9, 9, (LabelledBox(0, (0.0, 0.0, 9.0, 9.0), label),))
    (file,) = jsonl.write(Labels((label,), (picture,)), labelled.place(tmp_path))
    (tmp_path / "r.jsonl").write_bytes(file.content or b"")
    (example,) = read_examples(tmp_path / "r.jsonl")
    assert example.meta["name"] == label
    assert "scores" not in example.meta
