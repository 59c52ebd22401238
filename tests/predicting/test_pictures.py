from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from twist_scout.errors import BadImage, BadInput
from twist_scout.predicting.pictures import PictureFolder, loaded, usual_folder
from twist_scout.predicting.questions import Question


def picture(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 6)).save(path)
    return path


@pytest.mark.parametrize(
    ("place", "name", "data"),
    [
        ("a.jpg", "a.jpg", "truth.jsonl"),
        ("images/a.jpg", "a.jpg", "truth.jsonl"),
        ("JPEGImages/a.jpg", "a.jpg", "."),
        ("VOC2007/JPEGImages/a.jpg", "a.jpg", "."),
        ("val2017/000000000009.jpg", "000000000009.jpg", "annotations/instances_val2017.json"),
        ("val2014/COCO_val2014_000000000009.jpg", "val2017/000000000009.jpg", "annotations/lvis.json"),
        ("art/images/7.jpg", "art/7.jpg", "."),
    ],
)
def test_pictures_are_found_where_they_usually_are(tmp_path: Path, place: str, name: str, data: str) -> None:
    picture(tmp_path / place)
    path = tmp_path / data
    path.parent.mkdir(exist_ok=True)
    if path.suffix:
        path.write_text("")
    folder = PictureFolder(usual_folder(path, [None, name]))
    found = folder.load(name)
    assert isinstance(found, Image.Image)
    assert found.size == (8, 6)


def test_a_picture_that_is_not_there_or_damaged_is_said(tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_bytes(b"\xff\xd8 cut")
    folder = PictureFolder(tmp_path)
    missing, damaged, outside = (folder.load(name) for name in ("none.jpg", "bad.jpg", "../../etc/passwd"))
    assert isinstance(missing, BadImage)
    assert isinstance(damaged, BadImage)
    assert isinstance(outside, BadImage)
    assert "none.jpg is not in" in str(missing)
    assert "bad.jpg" in str(damaged)
    assert "is not in" in str(outside)


def test_a_wrong_folder_is_found_out_before_the_model_is_loaded(tmp_path: Path) -> None:
    questions = [Question(str(n), f"{n}.jpg", "x") for n in range(3)]
    with pytest.raises(BadInput, match=r"None of the first 3 pictures \(0\.jpg\)"):
        PictureFolder(tmp_path).check(questions)
    picture(tmp_path / "2.jpg")
    PictureFolder(tmp_path).check(questions)
    PictureFolder(tmp_path).check([Question("1", None, "x")])


def test_batches_come_in_order_with_their_pictures(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    batches = [[Question("1", "a.jpg", "x"), Question("2", "a.jpg", "y")], [Question("3", None, "x")]]
    (first, shown), (second, none) = loaded(batches, PictureFolder(tmp_path))
    assert (first, second) == tuple(batches)
    assert shown[0] is shown[1]
    assert none == [None]
    assert list(loaded([], PictureFolder(tmp_path))) == []
