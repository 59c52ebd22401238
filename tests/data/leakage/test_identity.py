"""One photo goes by many names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from twist_scout.data.leakage.identity import VisualGenome, keys_of_row, listed_keys, photo_keys
from twist_scout.errors import BadInput


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("COCO_train2014_000000580957.jpg", "coco:580957"),
        ("COCO_val2014_000000580957.jpg", "coco:580957"),
        ("COCO_test2015_000000580957.jpg", "coco:580957"),
        ("COCO_train2014_000000580957_16.jpg", "coco:580957"),
        ("000000580957.jpg", "coco:580957"),
        ("coco/train2017/000000580957.jpg", "coco:580957"),
        ("coco\\val2017\\000000580957.png", "coco:580957"),
        ("images/COCO_train2014_000000580957-1a2b3c4d.jpg", "coco:580957"),  # a copy that this project made
        ("http://images.cocodataset.org/val2017/000000580957.jpg", "coco:580957"),
        ("000000000009.jpg", "coco:9"),
        ("1007129816.jpg", "flickr:1007129816"),
        ("flickr30k-images/36979.jpg", "flickr:36979"),
        ("1007129816_e794419615.jpg", "flickr:1007129816"),
        ("http://farm3.staticflickr.com/2145/1861401504_e46f53623a_z.jpg", "flickr:1861401504"),
        ("2007_000027.jpg", "voc:2007_000027"),
        ("VOC2007/JPEGImages/000012.jpg", "voc:000012"),
        ("VG_100K/2317429.jpg", "vg:2317429"),
        ("gqa/images/2317429.jpg", "vg:2317429"),
        ("VG_100K_2/9.jpg", "vg:9"),
    ],
)
def test_a_name_tells_the_photo(name: str, key: str) -> None:
    assert photo_keys(name) == {key}


@pytest.mark.parametrize(
    "name", ["dog.jpg", "12.jpg", "IMG_0001.jpg", "train-00000042.png", "", "2020-01-01.jpg", "a/b"]
)
def test_other_names_tell_nothing(name: str) -> None:
    assert photo_keys(name) == frozenset()


def test_visual_genomes_folder_counts_only_right_above_the_file() -> None:
    assert photo_keys("vg/flickr30k/2317429.jpg") == {"flickr:2317429"}


def test_addresses_and_ids_beside_a_name_count_too() -> None:
    row = {
        "coco_url": "http://images.cocodataset.org/train2017/000000391895.jpg",
        "flickr_url": "http://farm9.staticflickr.com/8186/8119368305_4e622c8349_z.jpg",
    }
    assert keys_of_row(row, "a.jpg") == {"coco:391895", "flickr:8119368305"}
    assert keys_of_row({"cocoid": 522418, "flickr_id": None}, "a.jpg") == {"coco:522418"}


def test_bare_numbers_are_cocos_or_flickrs() -> None:
    def keys(*lines: str) -> list[set[str]]:
        return [set(found) for _, found in listed_keys(iter(lines))]

    assert keys("580957", "9") == [{"coco:580957"}, {"coco:9"}]
    assert keys("1007129816", "36979") == [{"flickr:1007129816"}, {"flickr:36979"}]
    assert keys("# a list", "", "2007_000027 -1", "000012  1") == [{"voc:2007_000027"}, {"voc:000012"}]
    assert keys("COCO_val2014_000000000042.jpg", "000000000042") == [{"coco:42"}, {"coco:42"}]


def test_visual_genomes_ids_are_tied_to_cocos_and_flickrs(tmp_path: Path) -> None:
    path = tmp_path / "image_data.json"
    rows = [
        {"image_id": 1, "coco_id": None, "flickr_id": None},
        {"image_id": 2317429, "coco_id": 580957, "flickr_id": 4242},
    ]
    path.write_text(json.dumps(rows))
    tie = VisualGenome(path)
    assert tie(photo_keys("VG_100K/2317429.jpg")) == {"vg:2317429", "coco:580957", "flickr:4242"}
    assert tie(photo_keys("VG_100K/1.jpg")) == {"vg:1"}
    assert tie(frozenset()) == frozenset()
    path.write_text("[1, 2]")
    with pytest.raises(BadInput, match=r"image_data\.json"):
        VisualGenome(path)
