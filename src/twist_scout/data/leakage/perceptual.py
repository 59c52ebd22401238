"""A picture's perceptual hash: nearly the same for a copy that was resized, squashed, recompressed or made grey.

Two hashes of 64 bits that fail on different things: of the *difference* of neighbouring pixels in a tiny grey copy (dHash),
and of the lowest frequencies of its cosine transform against their median (pHash). The distance of two pictures is the
number of bits in which they differ, 0 to 128.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from twist_scout.data.images import load_image

BITS = 128
#: Pictures that differ in no more bits are one picture. On 786 photos of four data sets, 44 of them there twice, copies
#: differ in 3 bits at most and the nearest two different photos in 31 (`benchmarks/perceptual_hash.py`).
THRESHOLD = 14
_SIDE = 32  # of the grey copy that is transformed
_LOW = 8  # frequencies that are kept, each way
#: Contrast, as the standard deviation of grey values 0..255, below which a picture has nothing to be told by.
PLAIN = 4.0
#: Queries that are compared at once.
_BLOCK = 4096


def perceptual_hash(picture: str | Path | Image.Image) -> np.ndarray | None:
    """The hash of a picture.

    Args:
        picture: a file, or an opened picture.

    Returns:
        (128,) booleans; None for a picture so plain that every other plain one would be the same.

    Raises:
        BadImage: it cannot be read.
    """
    grey = _grey(picture)
    pixels = np.asarray(grey.resize((_SIDE, _SIDE), Image.Resampling.BOX), np.float64)
    if pixels.std() < PLAIN:
        return None
    tiny = np.asarray(grey.resize((_LOW + 1, _LOW), Image.Resampling.BOX), np.float64)
    difference = tiny[:, 1:] > tiny[:, :-1]
    low = (_COSINES @ pixels @ _COSINES.T).ravel()
    frequencies = low > np.median(low[1:])  # without the mean brightness
    return np.concatenate([difference.ravel(), frequencies])


def mirrored_hash(picture: str | Path | Image.Image) -> np.ndarray | None:
    """The hash of a picture as its mirror shows it, left for right: the commonest change of training pictures."""
    return perceptual_hash(ImageOps.mirror(_grey(picture)))


class HashIndex:
    """Finds the nearest of some hashes; all are compared, by one matrix product.

    Args:
        known: (known, 128) booleans, at least one.
    """

    def __init__(self, known: np.ndarray) -> None:
        self._table = _signs(known).T

    def nearest(self, queries: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The nearest hash to each query.

        Args:
            queries: (queries, 128) booleans.

        Returns:
            (queries,) numbers of the nearest, and (queries,) distances in bits.
        """
        indexes = np.empty(len(queries), np.int64)
        distances = np.empty(len(queries), np.int64)
        for start in range(0, len(queries), _BLOCK):
            agreement = (
                _signs(queries[start : start + _BLOCK]) @ self._table
            )  # (block, known): bits alike less bits unlike
            best = agreement.argmax(axis=1)
            indexes[start : start + _BLOCK] = best
            distances[start : start + _BLOCK] = (BITS - agreement[np.arange(len(best)), best]) // 2
        return indexes, distances


def _signs(hashes: np.ndarray) -> np.ndarray:
    return np.where(hashes, 1, -1).astype(np.float32)


def _grey(picture: str | Path | Image.Image) -> Image.Image:
    """Upright and grey; of a JPEG only as many pixels are decoded as are needed."""
    if isinstance(picture, Image.Image):
        return picture.convert("L")
    try:
        with Image.open(picture) as opened:
            opened.draft("L", (8 * _SIDE, 8 * _SIDE))
            if opened.format == "JPEG":
                return ImageOps.exif_transpose(opened).convert("L")
    except Exception:  # load_image says what is wrong
        pass
    return load_image(picture).convert("L")


def _cosines(count: int, size: int) -> np.ndarray:
    """The first ``count`` cosines over ``size`` samples, (count, size)."""
    at = (2 * np.arange(size) + 1) * np.pi / (2 * size)
    return np.cos(np.arange(count)[:, None] * at)


_COSINES = _cosines(_LOW, _SIDE)
