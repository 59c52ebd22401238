"""Boxes with a known truth, real ones where the annotations are at hand, and mistakes to make."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from twist_scout.boxes.doctor import Joined, Row

Corners = tuple[float, float, float, float]
Write = Callable[[Corners, int, int], str]
SHARED = Path(__file__).resolve().parents[4] / "shared" / "data" / "refcoco"


def random_truth(count: int) -> list[tuple[Corners, tuple[int, int]]]:
    """Boxes of 10 to 60 % of pictures of many shapes."""
    rng = random.Random(0)
    truth = []
    for _ in range(count):
        width, height = rng.randrange(200, 900), rng.randrange(200, 900)
        w, h = width * rng.uniform(0.1, 0.6), height * rng.uniform(0.1, 0.6)
        x, y = rng.uniform(0, width - w), rng.uniform(0, height - h)
        truth.append(((x, y, x + w, y + h), (width, height)))
    return truth


def real_truth(count: int) -> list[tuple[Corners, tuple[int, int]]]:
    """Boxes of RefCOCOg; skips the test where its annotations are not at hand."""
    file = SHARED / "REC_refcocog_umd_val.jsonl"
    if not file.exists():
        pytest.skip("needs the RefCOCOg annotations")
    records = [json.loads(line) for line in file.read_text().splitlines()]
    return [(tuple(r["bbox"]), (r["width"], r["height"])) for r in random.Random(0).sample(records, count)]


@pytest.fixture(params=["random", "real"])
def truth(request: pytest.FixtureRequest) -> list[tuple[Corners, tuple[int, int]]]:
    return random_truth(120) if request.param == "random" else real_truth(120)


@pytest.fixture
def random_boxes() -> list[tuple[Corners, tuple[int, int]]]:
    return random_truth(120)


@pytest.fixture
def predict() -> Callable[..., Joined]:
    """Predictions written in some way: exact, or noisy and now and then of another thing."""

    def make(
        truth: list[tuple[Corners, tuple[int, int]]], write: Write, noise: float = 0.0, wrong: float = 0.0
    ) -> Joined:
        rng = random.Random(1)
        rows: list[Row] = []
        for number, (box, (width, height)) in enumerate(truth):
            given = _blurred(box, (width, height), noise, rng)
            if rng.random() < wrong:
                other, (w, h) = rng.choice(truth)
                given = (other[0] / w * width, other[1] / h * height, other[2] / w * width, other[3] / h * height)
            rows.append(Row(str(number), write(given, width, height), (box,), (width, height)))
        return Joined(tuple(rows))

    return make


def _blurred(box: Corners, size: tuple[int, int], noise: float, rng: random.Random) -> Corners:
    edges: list[Any] = []
    for axis in (0, 1):
        extent = box[axis + 2] - box[axis]
        low, high = sorted(
            min(max(box[axis + 2 * end] + rng.gauss(0, noise) * extent, 0), size[axis]) for end in (0, 1)
        )
        edges.append((low, high))
    (x1, x2), (y1, y2) = edges
    return x1, y1, x2, y2
