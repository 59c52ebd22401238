from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from twist_scout.labelling.formats import yolo

from .conftest import Labelled, Written


def test_the_layout_is_that_of_ultralytics(labelled: Labelled, written: Written) -> None:
    out = written("yolo")
    data = yaml.safe_load((out / "data.yaml").read_text())
    assert data == {"train": "images", "val": "images", "names": {0: "dog", 1: "red car", 2: "owl"}}
    for picture in labelled.labels.pictures:
        image = out / "images" / picture.name
        with Image.open(image) as opened:
            assert opened.size == (picture.width, picture.height)
        # the reader's own way from a picture to its labels: another folder, another ending
        label = str(image).replace("/images/", "/labels/").rpartition(".")[0] + ".txt"
        rows = [line.split() for line in Path(label).read_text(encoding="utf-8").splitlines()]
        size = np.array([picture.width, picture.height] * 2)
        for (number, *values), box in zip(rows, picture.boxes, strict=True):
            x, y, width, height = np.array(values, dtype=float) * size
            assert int(number) == box.label
            assert (x - width / 2, y - height / 2, x + width / 2, y + height / 2) == pytest.approx(box.box, abs=1e-3)
            assert all(0 <= float(value) <= 1 for value in values)


def test_supervision_reads_the_same_boxes(labelled: Labelled, written: Written) -> None:
    supervision = pytest.importorskip("supervision")
    out = written("yolo")
    for folder in ("images", "labels"):  # it does not look into folders below
        for file in (out / folder / "a b").iterdir():
            shutil.copy(file, out / folder / file.name)
    data = supervision.DetectionDataset.from_yolo(str(out / "images"), str(out / "labels"), str(out / "data.yaml"))
    assert data.classes == list(labelled.labels.classes)
    found = {path.rpartition("/")[2]: one for path, one in data.annotations.items()}
    for picture in labelled.labels.pictures:
        one = found[picture.name.rpartition("/")[2]]
        assert list([] if one.class_id is None else one.class_id) == [box.label for box in picture.boxes]
        assert one.xyxy == pytest.approx(np.array([box.box for box in picture.boxes]).reshape(-1, 4), abs=1e-3)


def test_names_that_yaml_would_read_otherwise(labelled: Labelled) -> None:
    odd = ("yes", "1.5", "a: b", "- x", "ö # no")
    first = next(iter(yolo.write(replace(labelled.labels, classes=odd, pictures=()), labelled.place(labelled.folder))))
    assert tuple(yaml.safe_load(first.content or b"")["names"].values()) == odd


def test_kinds_that_readers_do_not_know_are_converted(labelled: Labelled) -> None:
    picture = replace(labelled.labels.pictures[1], name="a/x.GIF")
    files = list(yolo.write(replace(labelled.labels, pictures=(picture,)), labelled.place(labelled.folder)))
    assert [(file.path, file.convert) for file in files[1:]] == [("images/a/x.png", True), ("labels/a/x.txt", False)]
