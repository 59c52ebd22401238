"""How well the leakage guard tells photos apart, and how fast.

    python benchmarks/perceptual_hash.py FOLDER... [--index 10000] [--queries 100000]

The photos in the folders are compared with each other and with changed copies of themselves. Two files with one photo's
id in their names (COCO's photos of 2014 came again in 2017) are one photo. The report says how near the nearest different
photos are, which share of the copies the guard's threshold finds, and how long hashing and comparing take.
"""

from __future__ import annotations

import argparse
import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from twist_scout.data.leakage.identity import photo_keys
from twist_scout.data.leakage.perceptual import BITS, THRESHOLD, HashIndex, mirrored_hash, perceptual_hash
from twist_scout.data.leakage.reading import PICTURES

Change = Callable[[Image.Image], Image.Image]


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    data = io.BytesIO()
    image.convert("RGB").save(data, "JPEG", quality=quality)
    return Image.open(io.BytesIO(data.getvalue()))


def cropped(image: Image.Image, share: float) -> Image.Image:
    x, y = round(image.width * share), round(image.height * share)
    return image.crop((x, y, image.width - x, image.height - y))


CHANGES: dict[str, Change] = {
    "half the size": lambda image: image.resize((image.width // 2, image.height // 2)),
    "squashed to 336 x 336": lambda image: image.resize((336, 336)),
    "128 x 96": lambda image: image.resize((128, 96)),
    "JPEG quality 30": lambda image: jpeg(image, 30),
    "JPEG quality 10": lambda image: jpeg(image, 10),
    "grey": lambda image: image.convert("L"),
    "200 x 200, grey, quality 50": lambda image: jpeg(image.convert("L").resize((200, 200)), 50),
    "contrast x 0.7": lambda image: ImageEnhance.Contrast(image).enhance(0.7),
    "brightness x 1.3": lambda image: ImageEnhance.Brightness(image).enhance(1.3),
    "mirrored": ImageOps.mirror,
    "2 % cut off each side": lambda image: cropped(image, 0.02),
    "5 % cut off each side": lambda image: cropped(image, 0.05),
}


def report(folders: list[Path], index: int, queries: int) -> dict[str, Any]:
    """Everything that is measured, JSON-ready."""
    files = [file for folder in folders for file in sorted(folder.rglob("*")) if file.suffix.lower() in PICTURES]
    started = time.perf_counter()
    found = [(file, perceptual_hash(file)) for file in files]
    hashing = (time.perf_counter() - started) / max(1, len(files))
    files = [file for file, code in found if code is not None]
    hashes = np.array([code for _, code in found if code is not None])
    keys = [photo_keys(file.name) or frozenset((str(file),)) for file in files]
    signs = np.where(hashes, 1.0, -1.0)
    distances = ((BITS - signs @ signs.T) / 2).astype(int)
    one, other = np.triu_indices(len(files), 1)
    same = np.array([bool(keys[a] & keys[b]) for a, b in zip(one, other, strict=True)], bool)
    apart, twice = distances[one, other][~same], distances[one, other][same]
    pictures = [Image.open(file).convert("RGB") for file in files]
    return {
        "photos": len(files),
        "pairs of different photos": len(apart),
        "of them at most the threshold apart": int((apart <= THRESHOLD).sum()),
        "nearest different photos, bits": int(apart.min()),
        "pairs of one photo": len(twice),
        "farthest of them, bits": int(twice.max()) if len(twice) else None,
        "threshold": THRESHOLD,
        "found": {name: found_again(pictures, files, hashes, change) for name, change in CHANGES.items()},
        "milliseconds to hash a photo": round(1000 * hashing, 2),
        f"seconds to compare {queries:,} with {index:,}": round(comparing(index, queries), 2),
    }


def found_again(pictures: list[Image.Image], files: list[Path], hashes: np.ndarray, change: Change) -> float:
    """The share of changed copies that are found."""
    hits = 0
    for number, picture in enumerate(pictures):
        code = perceptual_hash(change(picture))
        if code is not None:
            nearest = min((code != hashes[number]).sum(), (code != mirrored_hash(files[number])).sum())
            hits += int(nearest <= THRESHOLD)
    return round(hits / len(pictures), 4)


def comparing(index: int, queries: int) -> float:
    rng = np.random.default_rng(0)
    known = HashIndex(rng.random((index, BITS)) < 0.5)
    asked = rng.random((queries, BITS)) < 0.5
    started = time.perf_counter()
    known.nearest(asked)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--index", type=int, default=10_000, help="evaluation pictures to compare with")
    parser.add_argument("--queries", type=int, default=100_000, help="training pictures to compare")
    arguments = parser.parse_args()
    print(json.dumps(report(arguments.folders, arguments.index, arguments.queries), indent=2))


if __name__ == "__main__":
    main()
