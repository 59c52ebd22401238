"""Pictures on pages: small, upright, and never a bomb."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from twist_scout.errors import BadImage
from twist_scout.pages.pictures import LARGEST, PictureReader, shrunk


def test_pictures_are_shrunk_and_never_grown(tmp_path: Path) -> None:
    for size in ((1000, 10), (10, 1000), (40, 30), (800, 600)):
        content, kind = shrunk(Image.new("RGB", size), 400)
        path = tmp_path / "x"
        path.write_bytes(content)
        with Image.open(path) as back:
            assert max(back.size) == min(400, max(size))
            assert f"image/{back.format.lower()}" == kind


def test_a_missing_picture_is_a_reason(tmp_path: Path) -> None:
    reader = PictureReader(tmp_path)
    url, problem = reader.url("nowhere.png")
    assert url is None
    assert "nowhere.png" in problem
    (tmp_path / "secret").write_text("key")
    assert reader.url("secret")[0] is None


def test_the_size_is_that_of_the_upright_original(tmp_path: Path) -> None:
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.new("RGB", (900, 600)).save(tmp_path / "turned.jpg", exif=turned)
    found = PictureReader(tmp_path, side=90).shrunk("turned.jpg")
    assert found.size == (600, 900)
    assert found.url.startswith(f"data:{found.kind};base64,")


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("side", [9_000, 12_000, 60_000])
def test_a_small_file_that_claims_to_be_huge_is_not_decoded(tmp_path: Path, side: int) -> None:
    assert side * side > LARGEST
    (tmp_path / "bomb.png").write_bytes(bomb(side))
    with pytest.raises(BadImage, match="was not decoded"):
        PictureReader(tmp_path).shrunk("bomb.png")


def bomb(side: int) -> bytes:
    """A PNG of a few bytes with the head of a square of that side."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(64))) + chunk(b"IEND", b"")
