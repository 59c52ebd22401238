from __future__ import annotations

import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twist_scout.evaluation.localization.voc_files import parse_xml, voc_pictures
from twist_scout.labelling import LabelledBox, LabelledPicture, Labels
from twist_scout.labelling.formats import voc
from twist_scout.labelling.formats.base import Place

from .conftest import Labelled, Written


def test_each_picture_has_its_file(labelled: Labelled, written: Written) -> None:
    folder = written("voc") / "Annotations"
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.xml")) == [
        "1.xml",
        "2.xml",
        "a b/ü&#.xml",
    ]
    root = parse_xml((folder / "1.xml").read_bytes())
    assert [child.tag for child in root] == ["folder", "filename", "source", "size", "segmented", *["object"] * 3]
    assert [root.findtext(path) for path in ("folder", "filename", "size/width", "size/height")] == [
        "photos", "1.png", "64", "48",
    ]  # fmt: skip
    corners = [root.findtext(f"object/bndbox/{edge}") for edge in ("xmin", "ymin", "xmax", "ymax")]
    assert corners == ["5", "7", "31", "40"]  # (4, 6.5, 30.25, 40), counted from 1, outwards
    assert parse_xml((folder / "2.xml").read_bytes()).find("object") is None
    nested = parse_xml((folder / "a b" / "ü&#.xml").read_bytes())
    assert (nested.findtext("folder"), nested.findtext("filename")) == ("a b", "ü&#.png")


def test_supervision_reads_the_same_boxes(labelled: Labelled, written: Written) -> None:
    supervision = pytest.importorskip("supervision")
    out = written("voc")
    shutil.copy(labelled.folder / "a b" / "ü&#.png", labelled.folder)  # it does not look into folders below
    shutil.copy(out / "Annotations" / "a b" / "ü&#.xml", out / "Annotations")
    data = supervision.DetectionDataset.from_pascal_voc(str(labelled.folder), str(out / "Annotations"))
    for picture in labelled.labels.pictures:
        found = data.annotations[str(labelled.folder / picture.name.rpartition("/")[2])]
        names = [data.classes[number] for number in found.class_id]
        assert names == [labelled.labels.classes[box.label] for box in picture.boxes]
        assert found.xyxy == pytest.approx(np.array([box.box for box in picture.boxes]).reshape(-1, 4), abs=1)


def test_our_own_reader_reads_it(written: Written) -> None:
    pictures = list(voc_pictures(written("voc")))
    assert [[(query.name, query.box) for query in found] for found in pictures] == [
        [("dog", (4, 6, 31, 40)), ("dog", (33, 0, 64, 48)), ("red car", (4, 6, 30, 40))],
        [],
    ]


number = st.floats(0, 40, allow_nan=False)


@given(number, number, number, number)
def test_a_box_of_whole_pixels_holds_the_box_and_lies_in_the_picture(x1: float, y1: float, w: float, h: float) -> None:
    x2, y2 = min(40.0, x1 + w), min(40.0, y1 + h)
    if x2 <= x1 or y2 <= y1:
        return
    labels = Labels(("dog",), (LabelledPicture("1.png", 40, 40, (LabelledBox(0, (x1, y1, x2, y2), "dog"),)),))
    (file,) = voc.write(labels, Place(Path(), Path()))
    root = parse_xml(file.content or b"")
    left, top, right, bottom = (
        int(root.findtext(f"object/bndbox/{edge}", "")) for edge in ("xmin", "ymin", "xmax", "ymax")
    )
    assert 1 <= left <= right <= 40
    assert 1 <= top <= bottom <= 40
    assert left - 1 <= x1 < x2 <= right
    assert top - 1 <= y1 < y2 <= bottom
    assert right - (left - 1) <= math.ceil(x2 - x1) + 1
