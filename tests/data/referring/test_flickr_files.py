"""The phrases of Flickr30k Entities: those with boxes, in order, each with all its boxes and the one around them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from twist_scout.data.referring import open_referring
from twist_scout.errors import BadInput, BadRecord

THING = "<object>{names}<bndbox><xmin>{0}</xmin><ymin>{1}</ymin><xmax>{2}</xmax><ymax>{3}</ymax></bndbox></object>"


def thing(*corners: int, names: str) -> str:
    return THING.format(*corners, names="".join(f"<name>{name}</name>" for name in names.split()))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Sentences").mkdir()
    (tmp_path / "Annotations").mkdir()
    (tmp_path / "Sentences" / "36979.txt").write_text(
        "[/EN#1/people Two men] in front of [/EN#3/other a van] in [/EN#9/scene the yard] .\n"
        "[/EN#2/people/clothing A man] waves .\n"
    )
    things = (
        thing(1, 10, 50, 100, names="1 2"),
        thing(60, 20, 90, 110, names="1"),
        thing(5, 5, 120, 80, names="3"),
        "<object><name>9</name><scene>1</scene><nobndbox>0</nobndbox></object>",
    )
    size = "<size><width>200</width><height>150</height></size>"
    (tmp_path / "Annotations" / "36979.xml").write_text(f"<annotation>{size}{''.join(things)}</annotation>")
    (tmp_path / "val.txt").write_text("36979\n")
    return tmp_path


def test_every_phrase_with_boxes_is_an_expression(folder: Path) -> None:
    reader = open_referring(folder)
    assert reader.form == "flickr"
    men, van, man = reader
    assert [each.id for each in (men, van, man)] == ["36979_0_0", "36979_0_1", "36979_1_0"]
    assert [each.expression for each in (men, van, man)] == ["Two men", "a van", "A man"]
    assert (men.image, men.width, men.height, men.split) == ("36979.jpg", 200, 150, "val")
    assert men.boxes == ((1, 10, 50, 100), (60, 20, 90, 110))
    assert men.box == (1, 10, 90, 110)
    assert (van.boxes, van.box) == ((), (5, 5, 120, 80))
    assert man.meta == {"dataset": "flickr30k", "entity": "2", "kind": "people/clothing"}
    assert reader.tally == {"expressions": 3, "split val": 3}


@pytest.mark.parametrize(
    ("xml", "words"),
    [
        ("<annotation>", "not XML"),
        ("<annotation/>", "does not give the picture's size"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><annotation/>", "no annotation of this data set"),
        ("<annotation><size><width>2</width><height>2</height></size>" + thing(5, 5, 9, 9, names="1") + "</annotation>",
         "outside"),
    ],
)  # fmt: skip
def test_a_bad_annotation_is_named_or_counted(folder: Path, xml: str, words: str) -> None:
    (folder / "Annotations" / "36979.xml").write_text(xml)
    with pytest.raises(BadRecord, match=words):
        list(open_referring(folder))
    lenient = open_referring(folder, skip_bad=True)
    assert list(lenient) == []
    assert lenient.tally["rows left out"] == 1


def test_another_folder_is_none(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no folder of Flickr30k Entities"):
        list(open_referring(tmp_path, form="flickr"))


def test_rows_of_phrases_may_have_several_boxes(tmp_path: Path) -> None:
    row = {"id": 1, "image": "a.jpg", "phrase": "two men", "boxes": [[0, 0, 5, 5], [4, 4, 9, 9]], "size": [10, 10]}
    path = tmp_path / "phrases.jsonl"
    path.write_text(json.dumps(row))
    (found,) = open_referring(path)
    assert (found.boxes, found.box) == (((0, 0, 5, 5), (4, 4, 9, 9)), (0, 0, 9, 9))


def test_phrases_of_public_photos_are_read(shared: Path) -> None:
    reader = open_referring(shared / "flickr8k" / "phrase_boxes.jsonl")
    assert len(list(reader)) == 1_444
    assert reader.form == "phrases"
