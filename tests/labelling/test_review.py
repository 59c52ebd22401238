from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from twist_scout.errors import BadInput
from twist_scout.labelling.review import apply_review, read_review

from .conftest import Labelled


def review(path: Path, *marks: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"review": 1, "wrong": marks}))
    return path


def test_marked_boxes_go_and_their_rivals_are_contested_no_more(labelled: Labelled, tmp_path: Path) -> None:
    file = review(tmp_path / "r.json", {"image": "1.png", "label": "red car", "box": [4, 6.2, 30, 40]})
    labels, removed = apply_review(labelled.labels, read_review(file), 0.7)
    assert removed == 1
    assert [(box.label, box.contested) for box in labels.pictures[0].boxes] == [(0, False), (0, False)]
    assert labels.pictures[1:] == labelled.labels.pictures[1:]


def test_marks_of_other_places_classes_and_pictures_change_nothing(labelled: Labelled, tmp_path: Path) -> None:
    marks = [
        {"image": "1.png", "label": "red car", "box": [4, 6, 30, 20]},
        {"image": "1.png", "label": "owl", "box": [4, 6, 30, 40]},
        {"image": "2.png", "label": "red car", "box": [4, 6, 30, 40]},
    ]
    assert apply_review(labelled.labels, read_review(review(tmp_path / "r.json", *marks)), 0.7) == (labelled.labels, 0)


@pytest.mark.parametrize("text", ["", "[]", '{"review": 2, "wrong": []}', '{"review": 1, "wrong": [{"box": [1, 2]}]}'])
def test_what_is_no_review(text: str, tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(BadInput, match=r"r\.json is no review"):
        read_review(tmp_path / "r.json")
    with pytest.raises(BadInput, match="is no review"):
        read_review(tmp_path / "missing.json")
