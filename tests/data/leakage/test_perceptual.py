"""A copy of a photo is near it, another photo is far from it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from twist_scout.data.leakage.perceptual import BITS, THRESHOLD, HashIndex, mirrored_hash, perceptual_hash
from twist_scout.errors import BadImage

Photo = Callable[..., Image.Image]


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    data = io.BytesIO()
    image.convert("RGB").save(data, "JPEG", quality=quality)
    return Image.open(io.BytesIO(data.getvalue()))


COPIES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "half the size": lambda image: image.resize((image.width // 2, image.height // 2)),
    "twice the size": lambda image: image.resize((image.width * 2, image.height * 2)),
    "squashed to a square": lambda image: image.resize((224, 224)),
    "recompressed": lambda image: jpeg(image, 30),
    "grey": lambda image: image.convert("L"),
    "small, grey and recompressed": lambda image: jpeg(image.convert("L").resize((200, 200)), 50),
    "with less contrast": lambda image: Image.blend(image, Image.new("RGB", image.size, (128, 128, 128)), 0.3),
}


def distance(one: np.ndarray | None, other: np.ndarray | None) -> int:
    assert one is not None
    assert other is not None
    return int((one != other).sum())


@pytest.mark.parametrize("change", COPIES)
def test_a_copy_is_near(photo: Photo, change: str) -> None:
    for seed in range(20):
        original = photo(seed)
        assert distance(perceptual_hash(original), perceptual_hash(COPIES[change](original))) <= THRESHOLD


def test_others_are_far(photo: Photo) -> None:
    hashes = [perceptual_hash(photo(seed)) for seed in range(60)]
    distances = [distance(a, b) for n, a in enumerate(hashes) for b in hashes[:n]]
    assert min(distances) > 2 * THRESHOLD
    assert 55 < np.mean(distances) < 73  # half of the bits


def test_a_mirror_image_is_near_the_mirrored_hash_alone(photo: Photo) -> None:
    for seed in range(20):
        original = photo(seed)
        turned = perceptual_hash(ImageOps.mirror(original))
        assert distance(mirrored_hash(original), turned) <= 2
        assert distance(perceptual_hash(original), turned) > THRESHOLD


def test_a_file_has_the_hash_of_its_picture(photo: Photo, tmp_path: Path) -> None:
    """JPEGs are decoded at a fraction of their size, turned as their EXIF says."""
    original = photo(1, 1600, 1200)
    expected = perceptual_hash(original)
    original.save(tmp_path / "a.png")
    original.save(tmp_path / "a.jpg", quality=95)
    exif = Image.Exif()
    exif[0x0112] = 6
    original.rotate(90, expand=True).save(tmp_path / "turned.jpg", quality=95, exif=exif)
    for name in ("a.png", "a.jpg", "turned.jpg"):
        assert distance(perceptual_hash(tmp_path / name), expected) <= 4


@pytest.mark.parametrize("color", ["black", "white", (120, 130, 140)])
def test_a_plain_picture_has_none(color: object, tmp_path: Path) -> None:
    assert perceptual_hash(Image.new("RGB", (100, 100), color)) is None  # type: ignore[arg-type]


def test_what_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8 no")
    with pytest.raises(BadImage, match=r"a\.jpg"):
        perceptual_hash(tmp_path / "a.jpg")
    with pytest.raises(BadImage, match="does not exist"):
        perceptual_hash(tmp_path / "no.jpg")


@given(known=st.integers(1, 30), queries=st.integers(0, 20), seed=st.integers(0, 99))
def test_the_index_finds_the_nearest(known: int, queries: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    table, asked = rng.random((known, BITS)) < 0.5, rng.random((queries, BITS)) < 0.5
    numbers, distances = HashIndex(table).nearest(asked)
    exact = (asked[:, None] != table[None]).sum(-1).reshape(queries, known)
    assert (distances == exact.min(axis=1, initial=BITS)).all()
    assert (exact[np.arange(queries), numbers] == distances).all()


def test_photos_of_four_data_sets_are_told_apart(shared: Path) -> None:
    """786 photos; COCO's photos of 2014 that came again in 2017 are the only pairs below the threshold."""
    folders = ("coco128", "flickr8k", "refcoco_photos", "coco_val2014_100")
    files = [path for folder in folders for path in sorted((shared / folder).rglob("*.jpg"))]
    hashes = np.array([perceptual_hash(path) for path in files])
    photos = [found[0] if (found := re.search(r"\d{12}", path.stem)) else path.stem for path in files]
    signs = np.where(hashes, 1.0, -1.0)
    distances = np.triu((BITS - signs @ signs.T) / 2, 1) + np.tril(np.full((len(files),) * 2, BITS))
    pairs = np.argwhere(distances <= 2 * THRESHOLD)
    assert len(files) == 786
    assert len(pairs) == 44
    assert all(photos[one] == photos[other] for one, other in pairs)
    assert distances[tuple(pairs.T)].max() <= THRESHOLD
    mirrored = np.where(np.array([mirrored_hash(path) for path in files]), 1.0, -1.0)
    assert ((BITS - signs @ mirrored.T) / 2).min() > THRESHOLD
