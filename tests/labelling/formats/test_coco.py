from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

import numpy as np
import pytest

from twist_scout.evaluation.localization import read_subset
from twist_scout.scout.exporters.base import Reading
from twist_scout.scout.exporters.coco import COCO

from .conftest import Labelled, Written


def test_the_file_is_what_the_format_asks_for(labelled: Labelled, written: Written) -> None:
    content = json.loads((written("coco") / "instances.json").read_text())
    assert [image["file_name"] for image in content["images"]] == ["1.png", "2.png", "a b/ü&#.png"]
    assert [image["id"] for image in content["images"]] == [1, 2, 3]
    assert [(c["id"], c["name"]) for c in content["categories"]] == [(1, "dog"), (2, "red car"), (3, "owl")]
    assert [annotation["id"] for annotation in content["annotations"]] == [1, 2, 3, 4]
    first = content["annotations"][0]
    assert first == {
        "id": 1,
        "image_id": 1,
        "category_id": 1,
        "bbox": [4.0, 6.5, 26.25, 33.5],
        "area": 879.38,
        "iscrowd": 0,
        "segmentation": [],
        "score": 0.9,
    }
    for annotation in content["annotations"]:
        image = content["images"][annotation["image_id"] - 1]
        x, y, width, height = annotation["bbox"]
        assert 0 <= x < x + width <= image["width"]
        assert 0 <= y < y + height <= image["height"]


def test_supervision_reads_the_same_boxes(labelled: Labelled, written: Written) -> None:
    supervision = pytest.importorskip("supervision")
    data = supervision.DetectionDataset.from_coco(str(labelled.folder), str(written("coco") / "instances.json"))
    assert data.classes == list(labelled.labels.classes)
    for picture in labelled.labels.pictures:
        found = data.annotations[str((labelled.folder / picture.name).resolve())]
        assert found.class_id.tolist() == [box.label for box in picture.boxes]
        assert found.xyxy == pytest.approx(np.array([box.box for box in picture.boxes]).reshape(-1, 4), abs=0.011)
    assert len(list(data)) == 3  # the pictures themselves open


def test_pycocotools_reads_it(written: Written) -> None:
    pycocotools = pytest.importorskip("pycocotools.coco")
    with contextlib.redirect_stdout(io.StringIO()):
        data = pycocotools.COCO(str(written("coco") / "instances.json"))
    assert sorted(data.getImgIds()) == [1, 2, 3]
    assert len(data.loadAnns(data.getAnnIds(imgIds=[1], catIds=[1]))) == 2


def test_our_own_readers_read_it(labelled: Labelled, written: Written) -> None:
    file = written("coco") / "instances.json"
    queries = read_subset(file, max_objects=None).queries
    assert [(query.image, query.name) for query in queries] == [
        ("1.png", "dog"),
        ("1.png", "dog"),
        ("1.png", "red car"),
        ("a b/ü&#.png", "red car"),
    ]
    examples = list(COCO.read(file, Reading(images=Path())))
    assert [example.meta["name"] for example in examples] == ["dog", "red car", "red car"]
    assert [len(example.boxes) for example in examples] == [2, 1, 1]
