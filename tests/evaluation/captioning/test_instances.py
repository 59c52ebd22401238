from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from twist_scout.errors import BadInput, BadRecord
from twist_scout.evaluation.captioning import TrueObject, captioning_records, read_annotations
from twist_scout.evaluation.predictions import Predictions, read_predictions

CONTENT: dict[str, Any] = {
    "images": [
        {"id": 12, "file_name": "val/COCO_000000000012.jpg", "width": 640, "height": 480},
        {"id": 7, "file_name": "val/seven.jpg", "width": 10, "height": 20},
    ],
    "categories": [{"id": 3, "name": "cat"}, {"id": 1, "name": "dog"}],
    "annotations": [
        {"id": 1, "image_id": 12, "category_id": 3, "bbox": [1, 2, 30, 40], "area": 600.5, "iscrowd": 0, "segmentation": [[1]]},
        {"id": 2, "image_id": 12, "category_id": 1, "bbox": [0, 0, 5, 5], "iscrowd": 1, "segmentation": {"counts": [1]}},
    ],
}  # fmt: skip


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    (tmp_path / "instances.json").write_text(json.dumps(CONTENT))
    return tmp_path / "instances.json"


def predicted(tmp_path: Path, *rows: dict[str, Any]) -> Predictions:
    (tmp_path / "p.jsonl").write_text("".join(json.dumps({"text": "", **row}) + "\n" for row in rows))
    return read_predictions(tmp_path / "p.jsonl")


def test_coco_is_read_in_its_own_order_and_to_the_digit(truth: Path) -> None:
    read = read_annotations(truth)
    assert read.classes == ("dog", "cat")
    assert [image.id for image in read.images] == ["7", "12"]
    assert read.images[1].objects == (
        TrueObject("cat", (1.0, 2.0, 30.0, 40.0), 600.5),
        TrueObject("dog", (0.0, 0.0, 5.0, 5.0), None, crowd=True),
    )


@pytest.mark.parametrize(
    "row",
    [
        {"id": 12},
        {"id": "12"},
        {"id": "000012"},
        {"id": "COCO_000000000012.jpg"},
        {"id": "COCO_000000000012"},
        {"id": "val/COCO_000000000012.jpg"},
        {"id": "elsewhere\\COCO_000000000012.jpg"},
        {"id": "caption 1", "image": "COCO_000000000012.jpg"},
        {"id": "caption 1", "image": "12"},
    ],
)
def test_a_prediction_finds_its_image(row: dict[str, Any], truth: Path, tmp_path: Path) -> None:
    records, joined = captioning_records(read_annotations(truth), predicted(tmp_path, row))
    assert [record.prediction for record in records] == [None, ""]
    assert (joined.matched, joined.missing, joined.unknown) == (("12",), ("7",), ())
    (only,), _ = captioning_records(read_annotations(truth), predicted(tmp_path, row), only_predicted=True)
    assert (only.id, only.width, only.image) == ("12", 640, "val/COCO_000000000012.jpg")


def test_predictions_for_no_image_are_told(truth: Path, tmp_path: Path) -> None:
    _, joined = captioning_records(read_annotations(truth), predicted(tmp_path, {"id": 7}, {"id": "other"}))
    assert joined.unknown == ("other",)
    with pytest.raises(BadInput, match=r"No id of .* is in the truth"):
        captioning_records(read_annotations(truth), predicted(tmp_path, {"id": "other"}))
    with pytest.raises(BadInput, match=r"'7' and 'seven\.jpg' are both about image 7"):
        captioning_records(read_annotations(truth), predicted(tmp_path, {"id": 7}, {"id": "seven.jpg"}))


def test_a_name_of_two_images_is_none(tmp_path: Path) -> None:
    content = {**CONTENT, "images": [{**row, "file_name": f"{row['id']}/same.jpg"} for row in CONTENT["images"]]}
    (tmp_path / "i.json").write_text(json.dumps(content))
    read = read_annotations(tmp_path / "i.json")
    with pytest.raises(BadInput, match="No id"):
        captioning_records(read, predicted(tmp_path, {"id": "same.jpg"}))
    assert captioning_records(read, predicted(tmp_path, {"id": "7/same.jpg"}))[1].matched == ("7",)


def test_drawn_scenes_are_truth_too(tmp_path: Path) -> None:
    row = {"image": "a.png", "width": 240, "height": 200, "objects": [{"name": "bus", "box": [10, 20, 40, 60]}]}
    (tmp_path / "truth.jsonl").write_text(json.dumps(row) + "\n")
    read = read_annotations(tmp_path / "truth.jsonl")
    assert read.images[0].objects == (TrueObject("bus", (10.0, 20.0, 30.0, 40.0)),)
    assert captioning_records(read, predicted(tmp_path, {"id": "a"}))[1].matched == ("a.png",)
    (tmp_path / "truth.jsonl").write_text(json.dumps(row) + '\n{"image": "b.png"}\n')
    with pytest.raises(BadRecord, match="line 2: no drawn scene"):
        read_annotations(tmp_path / "truth.jsonl")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"categories": None}, "not in COCO's form"),
        ({"annotations": [{"id": 9, "image_id": 1, "category_id": 1, "bbox": [0, 0, 1, 1]}]}, "annotation 9 is of image 1"),
        ({"annotations": [{"id": 9, "image_id": 7, "category_id": 2, "bbox": [0, 0, 1, 1]}]}, "of category 2"),
        ({"annotations": [{"id": 9, "image_id": 7, "category_id": 1, "bbox": [0, 0, 1]}]}, "not in COCO's form"),
        ({"annotations": [{"id": 9, "image_id": 7, "category_id": 1, "bbox": None}]}, "not in COCO's form"),
        ({"images": [{"id": 1, "file_name": "x"}]}, "not in COCO's form"),
        ({"images": [{"id": 1, "width": 0, "height": 4}], "annotations": []}, "a side of 0 pixels"),
    ],
)  # fmt: skip
def test_what_is_not_coco_is_said(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    (tmp_path / "i.json").write_text(json.dumps({**CONTENT, **change}))
    with pytest.raises(BadInput, match=message):
        read_annotations(tmp_path / "i.json")


@pytest.mark.parametrize("text", ["", "[", "[1, 2]", '{"images": []}', "\x00"])
def test_nor_is_any_other_file(text: str, tmp_path: Path) -> None:
    (tmp_path / "i.json").write_text(text)
    with pytest.raises(BadInput, match=r"i\.json"):
        read_annotations(tmp_path / "i.json")
    with pytest.raises(BadInput, match="cannot be read"):
        read_annotations(tmp_path / "none.json")
