from __future__ import annotations

from pathlib import Path

import pytest

from twist_scout.errors import BadInput
from twist_scout.evaluation.localization import read_subset
from twist_scout.evaluation.localization.voc_files import parse_xml

BOMB = '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]><annotation>&c;</annotation>'


def test_objects_of_the_test_split_are_queries(voc: Path) -> None:
    subset = read_subset(voc)
    assert (subset.dataset, subset.images, subset.all_images) == ("voc", 1, 2)
    dog, person = subset.queries
    assert (dog.id, dog.image, dog.name) == ("000001-1", "000001.jpg", "dog")
    assert dog.box == (48.0, 0.0, 148.0, 100.0)  # counted from 1, the last pixel included
    assert dog.area == 10000.0
    assert dog.resized == (54.0, 2.0, 165.0, 224.0)  # PIN scales the numbers as they stand
    assert (person.name, person.crowd) == ("person", True)  # its head is a part, not an object


@pytest.mark.parametrize("place", ["..", "Annotations", "."])
def test_the_folder_is_found_from_its_parent_and_from_its_files(voc: Path, place: str) -> None:
    assert read_subset((voc / place).resolve()).queries == read_subset(voc).queries


def test_other_splits_and_numbers_of_objects(voc: Path) -> None:
    assert [q.id for q in read_subset(voc, split="trainval").queries] == ["000003-1"]
    every = read_subset(voc, max_objects=None)
    assert [q.name for q in every.queries][2:] == ["tv monitor"] * 4
    with pytest.raises(BadInput, match="the splits here are test, trainval"):
        read_subset(voc, split="val")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOMB, "declares a document type"),
        (BOMB.encode("utf-16"), "declares a document type"),
        ('<!DOCTYPE a SYSTEM "file:///etc/passwd"><annotation/>', "declares a document type"),
        ("<annotation><size>", "no annotation of Pascal VOC"),
        ("", "no annotation of Pascal VOC"),
        ("<annotation><size><width>0</width><height>5</height></size></annotation>", "0 x 5"),
        (
            "<annotation><size><width>9</width><height>5</height></size><object><name>dog</name></object></annotation>",
            "the box of 'dog' is not four numbers",
        ),
        ("<annotation><size><width>9</width><height>5</height></size><object/></annotation>", "no name"),
    ],
)
def test_a_file_that_is_no_annotation_is_named(voc: Path, text: str | bytes, message: str) -> None:
    file = voc / "Annotations" / "000001.xml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(BadInput, match=r"000001\.xml") as caught:
        read_subset(voc)
    assert message in str(caught.value)


def test_a_missing_file_is_named(voc: Path) -> None:
    (voc / "Annotations" / "000002.xml").unlink()
    with pytest.raises(BadInput, match=r"000002\.xml cannot be read"):
        read_subset(voc)


def test_deep_nesting_is_no_trouble() -> None:
    assert parse_xml(b"<a>" * 50_000 + b"</a>" * 50_000).tag == "a"
