from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from twist_scout.errors import BadImage, BadInput
from twist_scout.labelling import folder as module
from twist_scout.labelling.folder import CachedPictures, find_pictures


def picture(path: Path, size: tuple[int, int] = (8, 6)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size).save(path)
    return path


def test_pictures_of_all_folders_in_the_order_of_their_paths(tmp_path: Path) -> None:
    for name in ("b.png", "a/z.JPG", "a/b/1.webp", ".hidden.png", ".git/x.png", "labels/images/b.png"):
        picture(tmp_path / name)
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "phone.HEIC").write_bytes(b"x")
    (tmp_path / "folder.png").mkdir()
    found = find_pictures(tmp_path, leave_out=tmp_path / "labels")
    assert [one.name for one in found.pictures] == ["a/b/1.webp", "a/z.JPG", "b.png"]
    assert all(one.bytes == (tmp_path / one.name).stat().st_size for one in found.pictures)
    assert found.foreign == {".heic": 1}
    assert [one.name for one in find_pictures(tmp_path).pictures][-1] == "labels/images/b.png"


@pytest.mark.skipif(os.name == "nt", reason="such names cannot be made there")
def test_names_that_no_format_could_hold_are_told(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    for name in (b"\xff.png", b"line\nbreak.png"):
        with open(os.fsencode(tmp_path) + b"/" + name, "wb") as file:
            file.write(b"x")
    found = find_pictures(tmp_path)
    assert [one.name for one in found.pictures] == ["a.png"]
    assert found.unnamed == ("\\udcff.png", "line\\nbreak.png")


def test_folders_without_pictures(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="does not exist"):
        find_pictures(tmp_path / "no")
    (tmp_path / "a.heic").write_bytes(b"x")
    with pytest.raises(BadInput, match=r"convert its \.heic files"):
        find_pictures(tmp_path)
    with pytest.raises(BadInput, match="is a file"):
        find_pictures(tmp_path / "a.heic")


def test_each_picture_is_read_once_as_long_as_there_is_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.png", "b.png", "c.png"):
        picture(tmp_path / name, (10, 10))
    (tmp_path / "bad.png").write_bytes(b"no")
    read: list[str] = []
    load = module.load_image
    monkeypatch.setattr(module, "load_image", lambda path: (read.append(path.name), load(path))[1])
    pictures = CachedPictures(tmp_path, kept=2 * 3 * 100)
    for name in ("a.png", "b.png", "a.png", "bad.png", "bad.png", "c.png", "a.png", "b.png"):
        found = pictures.load(name)
        assert isinstance(found, BadImage) is (name == "bad.png")
    assert read == ["a.png", "b.png", "bad.png", "c.png", "b.png"]  # b was used least lately when c came


def test_a_turned_photo_is_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (30, 20)).save(tmp_path / "a.jpg", exif=exif)
    found = CachedPictures(tmp_path).load("a.jpg")
    assert isinstance(found, Image.Image)
    assert found.size == (20, 30)
