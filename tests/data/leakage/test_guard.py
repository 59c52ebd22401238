"""A picture of an evaluation set is found by its name, its file or its look, whatever lists the set."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageOps

from twist_scout.data.leakage import LeakageGuard, find_leaks
from twist_scout.data.leakage.reading import listed_pictures
from twist_scout.data.records import Example, write_examples
from twist_scout.errors import BadConfig, BadInput

Photo = Callable[..., Image.Image]
COCO = "COCO_val2014_000000000042.jpg"


def rows(path: Path, *values: Any) -> Path:
    path.write_text("".join(json.dumps(value) + "\n" for value in values))
    return path


def coco(path: Path) -> Path:
    file = path / "instances_val2014.json"
    file.write_text(json.dumps({"images": [{"id": 42, "file_name": COCO}], "annotations": [], "categories": []}))
    return file


def lvis(path: Path) -> Path:
    file = path / "lvis_v1_val.json"
    file.write_text(json.dumps({"images": [{"id": 42, "coco_url": "http://x.org/train2017/000000000042.jpg"}]}))
    return file


def karpathy(path: Path) -> Path:
    file = path / "dataset_coco.json"
    images = [
        {"filename": COCO, "split": "test", "filepath": "val2014", "cocoid": 42},
        {"filename": "COCO_train2014_000000000009.jpg", "split": "train", "cocoid": 9},
        {"filename": "COCO_val2014_000000000010.jpg", "split": "restval", "cocoid": 10},
    ]
    file.write_text(json.dumps({"images": images, "dataset": "coco"}))
    return file


def shikra(path: Path) -> Path:
    train = {"img_path": "COCO_train2014_000000000009.jpg", "split": "train"}
    return rows(path / "rec.jsonl", train, {"img_path": COCO, "split": "validation"}, {"img_path": COCO})


def qwen(path: Path) -> Path:
    return rows(path / "refcoco_val.jsonl", {"image": f"data/coco/train2014/{COCO}"})


def refer(path: Path) -> Path:
    refs = [
        {"image_id": 42, "file_name": "COCO_val2014_000000000042_7.jpg", "split": "testB"},
        {"image_id": 9, "file_name": "COCO_train2014_000000000009_7.jpg", "split": "train"},
    ]
    (path / "refs(unc).p").write_bytes(pickle.dumps(refs, 2))
    return path / "refs(unc).p"


def ids(path: Path) -> Path:
    (path / "val.txt").write_text("42\n")
    return path / "val.txt"


def folder(path: Path) -> Path:
    (path / "val").mkdir()
    (path / "val" / COCO).touch()
    return path / "val"


def table(path: Path) -> Path:
    (path / "val.csv").write_text(f"image,caption\n{COCO},x\n")
    return path / "val.csv"


@pytest.mark.parametrize("make", [coco, lvis, karpathy, shikra, qwen, refer, ids, folder, table])
def test_whatever_lists_an_evaluation_set(make: Callable[[Path], Path], tmp_path: Path) -> None:
    guard = LeakageGuard([make(tmp_path)])
    assert list(guard.sizes.values()) == [1]  # the training split does not count
    match = guard.find("somewhere/train2017/000000000042.jpg")
    assert match is not None
    assert (match.by, match.key) == ("id", "coco:42")
    assert "coco:42" in str(match)
    assert guard.refuses("COCO_train2014_000000000042_3.jpg")
    for other in ("000000000043.jpg", "000000000009.jpg", "42.jpg", "dog.jpg"):
        assert guard.find(other) is None


def test_cocos_photos_are_known_by_flickrs_ids(tmp_path: Path) -> None:
    file = tmp_path / "instances.json"
    address = "http://farm3.staticflickr.com/2145/1861401504_e46f53623a_z.jpg"
    file.write_text(json.dumps({"images": [{"id": 42, "file_name": COCO, "flickr_url": address}]}))
    assert LeakageGuard([file]).refuses("flickr30k-images/1861401504.jpg")


def test_cocos_photos_are_known_under_visual_genomes_names(tmp_path: Path) -> None:
    (tmp_path / "image_data.json").write_text(json.dumps([{"image_id": 7, "coco_id": 42, "flickr_id": 1}]))
    guard = LeakageGuard([coco(tmp_path)], visual_genome=tmp_path / "image_data.json")
    assert guard.refuses("VG_100K/7.jpg")
    assert not guard.refuses("VG_100K/8.jpg")
    assert not LeakageGuard([coco(tmp_path)]).refuses("VG_100K/7.jpg")


def save(image: Image.Image, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)
    return path


def test_copies_under_other_names_are_found_by_hash_alone(photo: Photo, tmp_path: Path) -> None:
    originals = [photo(seed) for seed in range(8)]
    for seed, image in enumerate(originals):
        save(image, tmp_path / "val" / f"v{seed}.png")
    copies = {
        "resized.jpg": (originals[0].resize((160, 120)), 0),
        "square.jpg": (originals[1].resize((224, 224)), 1),
        "grey.png": (originals[2].convert("L"), 2),
        "mirrored.jpg": (ImageOps.mirror(originals[3]), 3),
        "other.jpg": (photo(99), None),
        "plain.png": (Image.new("RGB", (64, 64), "red"), None),
    }
    paths = {name: save(image, tmp_path / "train" / name) for name, (image, _) in copies.items()}
    (tmp_path / "train" / "broken.jpg").write_bytes(b"no")
    by_name, by_hash = LeakageGuard([tmp_path / "val"]), LeakageGuard([tmp_path / "val"], hashes=True)
    assert by_hash.hashed == 8
    for name, (_, seed) in copies.items():
        assert by_name.find(paths[name]) is None
        match = by_hash.find(paths[name])
        assert (match.item if match else None) == (None if seed is None else f"v{seed}.png")
        if match:
            assert (match.by, match.mirrored) == ("hash", name == "mirrored.jpg")
    assert by_hash.find(tmp_path / "train" / "broken.jpg") is None
    assert by_hash.find("not/there.jpg") is None
    assert by_hash.unhashed["training"] == 3  # plain, broken, missing
    report = find_leaks([tmp_path / "train"], by_hash)
    assert [leak.image for leak in report.leaks] == sorted(
        name for name, (_, seed) in copies.items() if seed is not None
    )


def test_the_same_file_is_the_same_picture_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / "dog.jpg").touch()
    guard = LeakageGuard([rows(tmp_path / "val.jsonl", {"image": "dog.jpg"})])
    match = guard.find(tmp_path / "sub" / ".." / "dog.jpg")
    assert match is None  # there is no folder sub
    (tmp_path / "sub").mkdir()
    match = guard.find(tmp_path / "sub" / ".." / "dog.jpg")
    assert match is not None
    assert match.by == "file"
    (tmp_path / "sub" / "dog.jpg").touch()
    assert guard.find(tmp_path / "sub" / "dog.jpg") is None  # another dog


def test_a_report_lists_every_picture_once_with_its_records(tmp_path: Path) -> None:
    messages = [{"role": "user", "content": "?"}, {"role": "assistant", "content": "!"}]
    images = ["a.jpg", COCO, "b.jpg", COCO, "train2017/000000000042.jpg"]
    write_examples(
        tmp_path / "train.jsonl",
        [
            Example(id=str(n), image=image, width=4, height=4, task="rec", messages=messages)
            for n, image in enumerate(images)
        ],
    )
    report = find_leaks([tmp_path / "train.jsonl"], LeakageGuard([ids(tmp_path)]))
    assert (report.pictures, report.records) == (4, 5)
    assert [(leak.image, leak.line, leak.records) for leak in report.leaks] == [(COCO, 2, 2), (images[4], 5, 1)]
    assert json.loads(json.dumps(report.to_dict()))["leaks"][0]["match"]["key"] == "coco:42"


def test_the_training_split_of_training_data_is_looked_at(tmp_path: Path) -> None:
    data = rows(tmp_path / "train.jsonl", {"img_path": COCO, "split": "train"})
    assert len(find_leaks([data], LeakageGuard([ids(tmp_path)])).leaks) == 1


@pytest.mark.parametrize("content", ["", "{}", '{"images": 3}', '{"images": []}', '{"a": 1}\n', "[]", "[[1]]"])
@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.p"])
def test_what_lists_no_pictures_is_one_sentence(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(BadInput, match=name.replace(".", r"\.")):
        LeakageGuard([tmp_path / name])


def test_nothing_to_compare_with(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="nothing to compare"):
        LeakageGuard([])
    with pytest.raises(BadInput, match="does not exist"):
        LeakageGuard([tmp_path / "no"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match="lists no pictures"):
        LeakageGuard([tmp_path / "empty"])
    with pytest.raises(BadInput, match="compared by hash"):
        LeakageGuard([ids(tmp_path)], hashes=True)


def test_pictures_come_with_their_files(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / COCO).touch()
    (picture,) = listed_pictures(coco(tmp_path), [tmp_path / "photos"])
    assert picture.path == tmp_path / "photos" / COCO


def test_real_photos_that_are_in_two_data_sets(shared: Path) -> None:
    """COCO's 2014 validation and 2017 training photos overlap; so do Flickr8k and Flickr30k."""
    guard = LeakageGuard([shared / "coco_val2014_100" / "instances.json", shared / "refcoco_photos" / "images"])
    report = find_leaks([shared / "coco128"], guard)
    assert (report.pictures, len(report.leaks)) == (128, 44)
    flickr = LeakageGuard([shared / "flickr30k_entities" / "val_phrases.jsonl"])
    assert len(find_leaks([shared / "flickr8k" / "captions.jsonl"], flickr).leaks) == 111
    assert not find_leaks([shared / "coco128"], flickr).leaks


def test_real_photos_by_their_look_alone(shared: Path, tmp_path: Path) -> None:
    for number, path in enumerate(sorted((shared / "coco128").rglob("*.jpg"))):
        (tmp_path / f"renamed{number}.jpg").symlink_to(path)
    folders = [shared / "coco_val2014_100" / "images", shared / "refcoco_photos" / "images"]
    report = find_leaks([tmp_path], LeakageGuard(folders, hashes=True))
    assert (len(report.leaks), report.hashed) == (44, 259)
    assert all(leak.match.by == "hash" and leak.match.distance is not None for leak in report.leaks)
