from __future__ import annotations

import os
from pathlib import Path

import pytest

from twist_scout.errors import BadConfig, BadImage
from twist_scout.scout.image_references import ImageReferences


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "a.JPG").write_bytes(b"one picture")
    (folder / "b").mkdir()
    (folder / "b" / "a.JPG").write_bytes(b"another one")
    return folder


def test_below_the_folder_it_is_relative_and_elsewhere_whole(tmp_path: Path, pictures: Path) -> None:
    assert ImageReferences(tmp_path).name(str(pictures / "a.JPG")) == "pictures/a.JPG"
    assert ImageReferences(tmp_path / "out").name(str(pictures / "a.JPG")) == str(pictures / "a.JPG")


def test_where_the_run_was_started_does_not_matter(
    tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = ImageReferences(tmp_path / "out").name(str(pictures / "a.JPG"))
    monkeypatch.chdir(pictures)
    assert ImageReferences(tmp_path / "out").name("a.JPG") == expected
    monkeypatch.chdir(tmp_path)
    assert ImageReferences("out").name(os.path.join("pictures", "a.JPG")) == expected


def test_copies_keep_their_names_apart_and_are_made_once(tmp_path: Path, pictures: Path) -> None:
    references = ImageReferences(tmp_path / "out", copy=True)
    one, other = (references.name(str(pictures / part)) for part in ("a.JPG", "b/a.JPG"))
    assert one != other
    assert one.startswith("images/a-")
    assert one.endswith(".jpg")
    assert (tmp_path / "out" / one).read_bytes() == b"one picture"
    assert (tmp_path / "out" / other).read_bytes() == b"another one"
    before = (tmp_path / "out" / one).stat()
    assert references.name(str(pictures / "a.JPG")) == one
    assert (tmp_path / "out" / one).stat().st_ino == before.st_ino
    (tmp_path / "out" / one).write_bytes(b"half")  # as a full disk leaves it
    references.name(str(pictures / "a.JPG"))
    assert (tmp_path / "out" / one).read_bytes() == b"one picture"
    assert len(list((tmp_path / "out" / "images").iterdir())) == 2


def test_a_picture_that_is_not_there_is_its_items_trouble_and_no_room_is_everybodys(
    tmp_path: Path, pictures: Path
) -> None:
    with pytest.raises(BadImage, match=r"gone.png cannot be copied \(No such file"):
        ImageReferences(tmp_path / "out", copy=True).name(str(pictures / "gone.png"))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "images").write_text("a file where the folder should be")
    with pytest.raises(BadConfig, match="cannot be written"):
        ImageReferences(tmp_path / "out", copy=True).name(str(pictures / "a.JPG"))
