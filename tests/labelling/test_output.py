"""Whatever happens, nothing of the user's is lost: neither pictures nor labels that were corrected by hand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from twist_scout.errors import BadInput
from twist_scout.labelling.formats import OutFile
from twist_scout.labelling.output import LIST, OutFolder


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, shade in (("1.png", 10), ("2.gif", 20)):
        Image.new("RGB", (6, 4), (shade, 0, 0)).save(folder / name)
    (tmp_path / "out").mkdir()
    return folder


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def files(text: bytes = b"one") -> list[OutFile]:
    return [
        OutFile("data.yaml", text),
        OutFile("images/1.png", None, "1.png"),
        OutFile("labels/1.txt", text),
        OutFile("images/2.png", None, "2.gif", convert=True),
    ]


def test_files_links_and_conversions(photos: Path, tmp_path: Path) -> None:
    before, out = tree(photos), tmp_path / "out"
    assert OutFolder(out, photos).write("yolo", files()) == 4
    assert (out / "images" / "1.png").is_symlink()
    assert (out / "images" / "1.png").read_bytes() == before["1.png"]
    with Image.open(out / "images" / "2.png") as picture:
        assert (picture.format, picture.size) == ("PNG", (6, 4))
    moved = tmp_path / "moved"
    moved.mkdir()
    os.rename(out, moved / "out")
    os.rename(photos, moved / "photos")
    assert (moved / "out" / "images" / "1.png").read_bytes() == before["1.png"]  # moved together, links hold
    assert tree(moved / "photos") == before


def test_copies_do_not_need_the_folder(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    OutFolder(out, photos).write("yolo", files())
    OutFolder(out, photos, copy=True).write("yolo", files())
    assert not (out / "images" / "1.png").is_symlink()
    assert (out / "images" / "1.png").read_bytes() == (photos / "1.png").read_bytes()


def test_writing_again_changes_nothing_and_touches_nothing(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    OutFolder(out, photos).write("yolo", files())
    first, times = tree(out), {p: p.stat().st_mtime_ns for p in out.rglob("*.txt")}
    OutFolder(out, photos).write("yolo", files())
    assert tree(out) == first
    assert {p: p.stat().st_mtime_ns for p in out.rglob("*.txt")} == times


def test_what_a_hand_changed_is_not_written_over(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    OutFolder(out, photos).write("yolo", files())
    (out / "labels" / "1.txt").write_text("corrected")
    before = tree(out)
    OutFolder(out, photos).write("voc", [OutFile("other.xml", b"x")])  # other formats are not held up
    with pytest.raises(BadInput, match=r"labels/1.txt was changed.*--overwrite"):
        OutFolder(out, photos).write("yolo", files(b"two"))
    after = tree(out)
    assert {name: after[name] for name in before if name != LIST} == {n: c for n, c in before.items() if n != LIST}
    OutFolder(out, photos, overwrite=True).write("yolo", files(b"two"))
    assert (out / "labels" / "1.txt").read_bytes() == b"two"


def test_a_hand_that_did_what_is_wanted_anyway_is_no_obstacle(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    OutFolder(out, photos).write("yolo", files())
    (out / "labels" / "1.txt").write_bytes(b"two")
    OutFolder(out, photos).write("yolo", files(b"two"))


def test_files_of_pictures_that_are_gone_go_too_unless_a_hand_changed_them(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    more = [OutFile("labels/3.txt", b"x"), OutFile("labels/4.txt", b"x"), OutFile("images/3.png", None, "1.png")]
    OutFolder(out, photos).write("yolo", [*files(), *more])
    (out / "labels" / "4.txt").write_text("mine")
    OutFolder(out, photos).write("yolo", files())
    assert set(tree(out)) == {LIST, "data.yaml", "images/1.png", "images/2.png", "labels/1.txt", "labels/4.txt"}
    assert (photos / "1.png").is_file()


def test_a_kill_between_two_files_does_not_look_like_a_hand(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    OutFolder(out, photos).write("yolo", files())
    put = OutFolder._put

    def killed(self: OutFolder, file: OutFile) -> None:
        put(self, file)
        if file.path == "data.yaml":
            raise KeyboardInterrupt

    monkeypatch.setattr(OutFolder, "_put", killed)
    with pytest.raises(KeyboardInterrupt):
        OutFolder(out, photos).write("yolo", files(b"two"))
    monkeypatch.undo()
    OutFolder(out, photos).write("yolo", files(b"three"))
    assert (out / "data.yaml").read_bytes() == (out / "labels" / "1.txt").read_bytes() == b"three"


def test_pictures_that_lie_where_they_belong_stay_there(tmp_path: Path, photos: Path) -> None:
    """The user's folder may be ``images`` of the data set: then it is neither linked to itself nor ever cleared."""
    images = tmp_path / "data" / "images"
    images.parent.mkdir()
    os.rename(photos, images)
    before, place = tree(images), OutFolder(tmp_path / "data", images)
    place.write("yolo", [OutFile("images/1.png", None, "1.png"), OutFile("labels/1.txt", b"x")])
    assert tree(images) == before
    assert not (images / "1.png").is_symlink()
    place.write("yolo", [])  # the picture could not be read this time
    assert tree(images) == before
    with pytest.raises(BadInput, match="needs another name or kind"):
        place.write("yolo", [OutFile("images/2.png", None, "2.gif", convert=True)])
    assert tree(images) == before


def test_pictures_of_another_data_set_are_not_replaced(tmp_path: Path, photos: Path) -> None:
    there = tmp_path / "out" / "images" / "1.png"
    there.parent.mkdir()
    there.write_bytes(b"somebody's")
    with pytest.raises(BadInput, match="not written by this command"):
        OutFolder(tmp_path / "out", photos).write("yolo", files())
    assert there.read_bytes() == b"somebody's"


def test_a_list_that_names_files_elsewhere_is_not_believed(tmp_path: Path, photos: Path) -> None:
    (tmp_path / "out" / LIST).write_text('{"yolo": {"../photos/1.png": ["picture"]}}')
    OutFolder(tmp_path / "out", photos).write("yolo", [])
    assert (photos / "1.png").is_file()
    (tmp_path / "out" / LIST).write_text("[]")
    with pytest.raises(BadInput, match="it is not known what was changed"):
        OutFolder(tmp_path / "out", photos).write("yolo", [])
