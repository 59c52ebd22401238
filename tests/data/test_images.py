from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from twist_scout.data.images import load_image
from twist_scout.errors import BadImage


def encode(image: Image.Image, format: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


@pytest.fixture
def gradient() -> Image.Image:
    y, x = np.mgrid[0:20, 0:30]
    return Image.fromarray(np.stack([x * 8, y * 12, x + y], -1).astype(np.uint8))


@pytest.mark.parametrize("kind", ["path", "str", "bytes", "pil"])
def test_the_same_picture_from_every_kind_of_source(kind, gradient, tmp_path):
    path = tmp_path / "a.png"
    gradient.save(path)
    source = {
        "path": path,
        "str": str(path),
        "bytes": path.read_bytes(),
        "pil": Image.open(path),
    }[kind]
    assert np.array_equal(load_image(source), gradient)


def test_exif_rotation_is_applied_once(gradient, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: rotate by 270 degrees counter-clockwise
    data = encode(gradient, "PNG", exif=exif)
    upright = load_image(data)
    assert upright.size == (20, 30)
    assert np.array_equal(upright, gradient.transpose(Image.Transpose.ROTATE_270))
    assert np.array_equal(load_image(upright), upright)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_a_broken_exif_block_does_not_lose_the_picture(gradient):
    data = encode(gradient, "PNG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\x7f")
    assert np.array_equal(load_image(data), gradient)


@pytest.mark.parametrize("mode", ["L", "P", "1", "CMYK", "YCbCr", "LA", "RGBA", "HSV"])
def test_every_mode_becomes_rgb_of_the_same_size(mode, gradient):
    image = load_image(gradient.convert(mode))
    assert (image.mode, image.size) == ("RGB", gradient.size)


def test_cmyk_jpeg_keeps_its_colours():
    red = Image.new("RGB", (16, 16), (220, 20, 30))
    loaded = load_image(encode(red.convert("CMYK"), "JPEG", quality=95))
    assert np.abs(np.asarray(loaded).astype(int) - np.asarray(red)).max() < 8


@pytest.mark.parametrize("mode", ["I;16", "I;16B", "I"])
def test_sixteen_bits_are_scaled_not_clipped(mode):
    values = np.linspace(0, 65535, 256).round().astype(np.uint16).reshape(16, 16)
    if mode == "I":
        image = Image.fromarray(values.astype(np.int32))
    else:
        raw = values.astype("<u2" if mode == "I;16" else ">u2").tobytes()
        image = Image.frombytes(mode, (16, 16), raw)
    assert image.mode == mode
    loaded = np.asarray(load_image(image))[..., 0]
    assert np.array_equal(loaded.ravel(), np.arange(256))


def test_sixteen_bit_png_file(tmp_path):
    Image.fromarray(np.full((4, 4), 32896, np.uint16)).save(tmp_path / "a.png")
    assert np.unique(load_image(tmp_path / "a.png")).tolist() == [128]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 0.5, 1.0], [0, 128, 255]),  # unit range
        ([0.0, 100.0, 255.0], [0, 100, 255]),  # 8 bits as floats
        ([0.0, 32896.0, 65535.0], [0, 128, 255]),  # 16 bits as floats
        ([-2.0, 0.0, 2.0], [0, 128, 255]),  # no known range: the picture's own
        ([float("nan"), 0.0, 1.0], [0, 0, 255]),  # a hole is black
    ],
)
def test_float_pictures(values, expected):
    image = Image.fromarray(np.array([values], np.float32))
    assert np.asarray(load_image(image))[0, :, 0].tolist() == expected


def test_transparency_is_laid_on_white():
    image = Image.new("RGBA", (2, 1), (255, 0, 0, 0))
    image.putpixel((1, 0), (255, 0, 0, 255))
    assert list(load_image(image).get_flattened_data()) == [(255, 255, 255), (255, 0, 0)]
    palette = Image.new("P", (1, 1), 3)
    palette.info["transparency"] = 3
    assert load_image(palette).getpixel((0, 0)) == (255, 255, 255)


def test_an_animation_gives_its_first_frame():
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "blue")]
    data = encode(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert load_image(data).getpixel((4, 4)) == (255, 0, 0)


def test_the_given_picture_is_left_as_it_was(gradient):
    loaded = load_image(gradient)
    loaded.putpixel((0, 0), (1, 2, 3))
    assert gradient.getpixel((0, 0)) == (0, 0, 0)


def huge_png() -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"hello, this is no picture", "not a picture"),
        (huge_png(), "pixels"),
    ],
)
def test_bad_files_are_named_with_a_remedy(content, words, tmp_path):
    path = tmp_path / "bad.png"
    path.write_bytes(content)
    with pytest.raises(BadImage, match=words) as caught:
        load_image(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_truncated_files(format, gradient, tmp_path):
    big = gradient.resize((200, 200))
    data = encode(big, format)
    path = tmp_path / f"cut.{format.lower()}"
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(BadImage, match=r"cut\.") as caught:
        load_image(path)
    assert "\n" not in str(caught.value)


def test_missing_folder_address_zero_size_and_wrong_type(tmp_path):
    with pytest.raises(BadImage, match="does not exist"):
        load_image(tmp_path / "none.png")
    with pytest.raises(BadImage, match="is a folder"):
        load_image(tmp_path)
    with pytest.raises(BadImage, match="web address"):
        load_image("https://example.com/cat.jpg")
    with pytest.raises(BadImage, match="at least one pixel"):
        load_image(Image.new("RGB", (0, 5)))
    with pytest.raises(BadImage, match="fromarray"):
        load_image(np.zeros((4, 4, 3), np.uint8))  # type: ignore[arg-type]


def test_a_picture_above_the_limit_is_refused_before_a_pixel_is_decoded(gradient):
    data = encode(gradient, "PNG")
    assert load_image(data, largest=600).size == (30, 20)
    head_only = data[: data.index(b"IDAT") + 4]  # its pixels cannot be decoded at all
    with pytest.raises(BadImage, match="30 x 20 pixels and was not decoded"):
        load_image(head_only, largest=599)
