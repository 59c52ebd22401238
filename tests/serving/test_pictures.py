from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from twist_scout.errors import BadConfig
from twist_scout.serving.errors import ApiError
from twist_scout.serving.pictures import PictureReader

from .running import data_url, png


def encoded(kind: str, image: Image.Image | None = None) -> bytes:
    file = io.BytesIO()
    (image or Image.new("RGB", (8, 6), "red")).save(file, kind)
    return file.getvalue()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    (folder / "a b").mkdir(parents=True)
    Image.new("RGB", (8, 6), "red").save(folder / "a b" / "c%20d.png")
    Image.new("RGB", (8, 6), "red").save(tmp_path / "secret.png")
    return folder


def reader(root: Path | None = None, largest: int = 10_000, most_bytes: int = 100_000) -> PictureReader:
    return PictureReader(root, largest=largest, most_bytes=most_bytes)


def refused(url: str, words: str, reading: PictureReader, status: int = 400) -> None:
    with pytest.raises(ApiError, match=words) as caught:
        reading.read(url)
    assert caught.value.status == status


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_data_urls_of_every_usual_format_are_read(kind: str) -> None:
    assert reader().read(data_url(encoded(kind), f"image/{kind.lower()}")).size == (8, 6)


def test_a_data_url_may_have_parameters_capitals_and_line_breaks() -> None:
    body = data_url(encoded("PNG")).partition(",")[2]
    url = f"DATA:image/png;charset=utf-8;base64,{body[:20]}\n {body[20:]}"
    assert reader().read(url).size == (8, 6)


def test_pixels_are_those_that_were_sent() -> None:
    values = np.random.default_rng(0).integers(0, 255, (9, 7, 3), dtype=np.uint8)
    read = reader().read(data_url(encoded("PNG", Image.fromarray(values))))
    assert np.array_equal(np.asarray(read), values)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("data:image/png,abc", "starts with data:image/png;base64"),
        ("data:;base64,abc", "starts with"),
        ("data:image/png;base64,a$b", "not base64"),
        ("data:image/png;base64,abc", "not base64"),
        (data_url(b""), "none of JPEG"),
        (data_url(b"no picture"), "none of JPEG"),
        (data_url(encoded("PNG")[:45]), "damaged|none of"),
        (data_url(encoded("JPEG", Image.effect_noise((64, 64), 50).convert("RGB"))[:-900]), "damaged"),
        (png(size=(200, 51)), "10,200|200 x 51"),
        ("http://127.0.0.1/a.png", "not fetched"),
        ("https://example.com/a.png", "not fetched"),
        ("ftp://example.com/a.png", "not fetched"),
        ("gopher:x", "not fetched"),
        ("http://[", "not fetched"),
        ("\ud800:x", "not fetched"),
        ("a.png", "opens no files"),
        ("file:///etc/passwd", "opens no files"),
        ("", "opens no files"),
    ],
)
def test_what_is_no_picture_is_one_clear_sentence(url: str, words: str) -> None:
    refused(url, words, reader())


def test_a_format_whose_decoder_starts_programs_is_not_tried() -> None:
    refused(data_url(encoded("EPS"), "image/png"), "none of", reader())


def test_a_bomb_is_not_decoded() -> None:
    bomb = encoded("PNG", Image.new("1", (40_000, 40_000)))
    assert len(bomb) < 300_000
    refused(data_url(bomb), "pixels", reader(largest=25_000_000))


@pytest.mark.parametrize("name", ["a b/c%20d.png", "./a b/c%20d.png", "file:a%20b/c%2520d.png"])
def test_files_below_the_root_are_read(name: str, root: Path) -> None:
    assert reader(root).read(name).size == (8, 6)


def test_an_absolute_name_inside_the_root_is_read(root: Path) -> None:
    assert reader(root).read((root / "a b" / "c%20d.png").as_uri()).size == (8, 6)
    assert reader(root).read(str(root / "a b" / "c%20d.png")).size == (8, 6)


@pytest.mark.parametrize(
    "name",
    [
        "../secret.png",
        "a b/../../secret.png",
        "file:../secret.png",
        "file:%2e%2e/secret.png",
        "/etc/passwd",
        "file:///etc/passwd",
        "file:////etc/passwd",
        "file://localhost/etc/passwd",
        "missing.png",
        "a b",
        ".",
        "",
        "/",
        "a b/c%20d.png/x",
        "a\0b",
        "a\ud800b",
        "file://[x",
        "file:" + "%00",
        "x" * 5000,
    ],
)
def test_nothing_else_is(name: str, root: Path) -> None:
    refused(name, "no picture", reader(root))
    refused((root.parent / "secret.png").as_uri(), "no picture", reader(root))


@pytest.mark.skipif(os.name != "posix", reason="links and pipes")
def test_links_lead_nowhere(root: Path) -> None:
    (root / "out.png").symlink_to(root.parent / "secret.png")
    (root / "up").symlink_to(root.parent)
    (root / "in.png").symlink_to(root / "a b" / "c%20d.png")
    os.mkfifo(root / "pipe.png")
    for name in ("out.png", "up/secret.png", "in.png", "pipe.png", "up/root/a b/c%20d.png"):
        refused(name, "no picture", reader(root))


@pytest.mark.skipif(os.name != "posix", reason="links")
def test_the_root_itself_may_be_behind_a_link(root: Path) -> None:
    link = root.parent / "link"
    link.symlink_to(root)
    assert reader(link).read("a b/c%20d.png").size == (8, 6)
    assert reader(link).read(str(root / "a b" / "c%20d.png")).size == (8, 6)


def test_a_large_file_is_not_read(root: Path) -> None:
    refused("a b/c%20d.png", "larger than 10 bytes", reader(root, most_bytes=10), status=413)


def test_a_root_that_is_no_folder_is_said_at_once(root: Path) -> None:
    with pytest.raises(BadConfig, match="--image-root"):
        reader(root / "a b" / "c%20d.png")
