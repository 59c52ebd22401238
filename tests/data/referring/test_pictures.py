from __future__ import annotations

from pathlib import Path

import pytest

from twist_scout.data.referring.pictures import find_picture

COCO = "COCO_train2014_000000580957.jpg"


@pytest.mark.parametrize(
    ("name", "file"),
    [
        (COCO, COCO),
        (f"data/coco/train2014/{COCO}", COCO),
        (COCO, f"train2014/{COCO}"),
        (COCO, "train2017/000000580957.jpg"),
        (COCO, "val2017/000000580957.jpg"),
        ("COCO_train2014_000000580957_16.jpg", COCO),
        ("000000580957.jpg", f"train2014/{COCO}"),
        ("000000580957.jpg", "images/000000580957.jpg"),
        ("sub\\a.png", "sub/a.png"),
        ("/nfs/coco/a.png", "a.png"),
        ("/sub/a.png", "sub/a.png"),
    ],
)
def test_a_picture_is_found_under_its_other_names(tmp_path: Path, name: str, file: str) -> None:
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).touch()
    assert find_picture(name, tmp_path) == tmp_path / file


@pytest.mark.parametrize("name", ["../a.png", "sub/../../a.png", "", ".", "b.png", "COCO_train2014_000000580958.jpg"])
def test_no_other_picture_is(tmp_path: Path, name: str) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / COCO).touch()
    (tmp_path / "a.png").touch()
    assert find_picture(name, tmp_path / "root") is None


def test_names_that_no_file_can_have_are_not_found(tmp_path: Path) -> None:
    for name in ("a" * 5_000 + ".jpg", "a\0.jpg", "\ud800.jpg", ""):
        assert find_picture(name, tmp_path) is None
