from __future__ import annotations

import json
from pathlib import Path

import pytest

from twist_scout.errors import TwistScoutError
from twist_scout.evaluation.localization import read_subset


def test_pictures_with_one_to_three_annotations_are_kept(instances: Path) -> None:
    subset = read_subset(instances)
    assert (subset.dataset, subset.images, subset.all_images) == ("coco", 2, 4)
    assert [q.id for q in subset.queries] == ["1", "2", "3", "4"]
    assert [q.image for q in read_subset(instances, max_objects=1).queries] == ["a.jpg"]
    assert len(read_subset(instances, max_objects=None).queries) == 8


def test_drawn_scenes_are_read_too(tmp_path: Path) -> None:
    row = {
        "image": "test-1.png",
        "width": 240,
        "height": 240,
        "objects": [{"name": "dog", "box": [10, 20, 110.5, 220]}, {"name": "cat", "box": [0, 0, 50, 50]}],
    }
    (tmp_path / "truth.jsonl").write_text(json.dumps(row) + "\n")
    subset = read_subset(tmp_path)
    assert subset.dataset == "toyworld"
    assert [(q.id, q.name, q.area) for q in subset.queries] == [
        ("test-1-0", "dog", 20100.0),
        ("test-1-1", "cat", 2500.0),
    ]
    assert subset.queries == read_subset(tmp_path / "truth.jsonl").queries


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("nothing.json", None, "does not exist"),
        ("a.json", "[1, 2]", "it is a list"),
        ("a.json", "{", "cut short"),
        ("a.json", "{}", "no list of categories"),
        ("a.jsonl", '{"image": 3}\n', "line 1"),
        ("a.jsonl", '{"image": "a", "width": 2, "height": 2, "objects": [{"name": "x", "box": [1]}]}', "line 1"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(tmp_path: Path, name: str, text: str | None, message: str) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(TwistScoutError, match=message):
        read_subset(tmp_path / name)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TwistScoutError, match=r"neither Pascal VOC's Annotations nor truth\.jsonl"):
        read_subset(tmp_path)


def test_real_annotations(real_instances: Path) -> None:
    content = json.loads(real_instances.read_text())
    counts: dict[int, int] = {}
    for annotation in content["annotations"]:
        counts[annotation["image_id"]] = counts.get(annotation["image_id"], 0) + 1
    few = {id for id, count in counts.items() if count <= 3}
    subset = read_subset(real_instances)
    assert subset.images == len(few)
    assert {q.id for q in subset.queries} == {str(a["id"]) for a in content["annotations"] if a["image_id"] in few}
