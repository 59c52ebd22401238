"""Scenes: what is in a picture, before a single pixel is drawn.

A scene is sampled from a seed and is the exact truth about its picture: which objects, in which colour and size, and
where. Drawing it (:mod:`twist_scout.toyworld.drawing`) adds what only pixels know: which part of each object can be seen.

Two streams of seeds never meet: ``split="train"`` and ``split="test"``. Some (category, colour) pairs are kept out of the
first altogether, so that a score on them says what was generalised and not remembered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image

from twist_scout.boxes.box import Box
from twist_scout.toyworld.drawing import BACKGROUNDS, CATEGORIES, COLORS, Placed, draw_scene

Split = Literal["train", "test"]

#: Geometric mean of width and height as a share of the picture's side. The gaps make the three words unambiguous.
SIZES: dict[str, tuple[float, float]] = {
    "small": (0.19, 0.24),
    "medium": (0.30, 0.37),
    "large": (0.45, 0.55),
}

#: (category, colour) pairs that no training picture contains.
HELD_OUT_PAIRS: frozenset[tuple[str, str]] = frozenset(
    {
        ("person", "orange"),
        ("dog", "purple"),
        ("cat", "green"),
        ("bird", "brown"),
        ("car", "pink"),
        ("bus", "blue"),
        ("apple", "yellow"),
        ("umbrella", "red"),
    }
)

MAX_OBJECTS = 4
#: An object of which less than this share can be seen is not put into a scene.
MIN_VISIBLE = 0.55
_STREAM: dict[str, int] = {"train": 0x7EAC4, "test": 0x7E57}


@dataclass(frozen=True, slots=True)
class SceneObject:
    """One thing in a scene.

    Attributes:
        category: a key of ``CATEGORIES``, a COCO class name.
        color: a key of ``COLORS``.
        size: ``small``, ``medium`` or ``large``.
        placed: its full (unoccluded) box in [0, 1], and whether it is mirrored.
        box: what can be seen of it, in [0, 1] of the picture.
        visible: share of its silhouette that no later object covers, in (0, 1].
    """

    category: str
    color: str
    size: str
    placed: Placed
    box: Box
    visible: float

    @property
    def pair(self) -> tuple[str, str]:
        """(category, colour)."""
        return (self.category, self.color)

    @property
    def held_out(self) -> bool:
        """Whether its pair is one of :data:`HELD_OUT_PAIRS`."""
        return self.pair in HELD_OUT_PAIRS


@dataclass(frozen=True, slots=True)
class Scene:
    """Objects from back to front on a background; a value that redraws to the same pixels every time."""

    seed: int
    split: str
    background: str
    objects: tuple[SceneObject, ...]

    @property
    def held_out(self) -> bool:
        """Whether any object is one of :data:`HELD_OUT_PAIRS`."""
        return any(o.held_out for o in self.objects)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A drawn scene.

    Attributes:
        image: RGB picture, ``size`` x ``size``.
        ids: (size, size) uint8; 0 is background, k the k-th object of the scene.
        boxes: visible pixel boxes (x1, y1, x2, y2), right and bottom exclusive, one per object.
    """

    image: Image.Image
    ids: np.ndarray
    boxes: tuple[tuple[int, int, int, int], ...]


#: Side, in pixels, of the drawing from which a scene's visible boxes are measured.
_TRUTH_SIZE = 240


def sample_scene(seed: int, *, split: Split = "test", held_out: bool = False, objects: int | None = None) -> Scene:
    """Draw the lots for one scene.

    Args:
        seed: any non-negative integer; the same seed gives the same scene for ever.
        split: which of the two streams of scenes the seed counts in.
        held_out: put exactly one held-out (category, colour) pair into the scene; only for ``split="test"``.
        objects: how many, 1 to ``MAX_OBJECTS``; by lot if not given.

    Raises:
        ValueError: a held-out scene was asked of the training stream, or there is no such number of objects.
    """
    if objects is not None and not 1 <= objects <= MAX_OBJECTS:
        raise ValueError(f"a scene has 1 to {MAX_OBJECTS} objects, not {objects}")
    if held_out and split == "train":
        raise ValueError("held-out pairs are never sampled for training: use split='test'")
    rng = np.random.default_rng([_STREAM[split], int(held_out), seed])
    while True:
        background = BACKGROUNDS[rng.integers(len(BACKGROUNDS))]
        specs = _sample_specs(rng, held_out, objects)
        placed = [_place(rng, category, color, size) for category, color, size in specs]
        if _crowded(placed):
            continue
        ids, areas = _measure(placed, background, seed)
        seen = tuple(
            _seen(spec, where, ids == k + 1, areas[k])
            for k, (spec, where) in enumerate(zip(specs, placed, strict=True))
        )
        if all(o is not None and o.visible >= MIN_VISIBLE for o in seen):
            return Scene(seed, split, background, tuple(o for o in seen if o is not None))


def draw_count(rng: np.random.Generator, weights: Sequence[float]) -> int:
    """A number of objects by lot: ``weights[n]`` says how often, relatively, a scene has n + 1."""
    shares = np.array(weights, dtype=float)
    return 1 + int(rng.choice(len(shares), p=shares / shares.sum()))


def render(scene: Scene, size: int = 240, *, antialias: int = 2) -> Rendered:
    """Draw a scene at ``size`` x ``size`` pixels.

    Boxes are measured in the drawing itself: the visible silhouette of an object, at this resolution.
    """
    drawing = draw_scene(
        [o.placed for o in scene.objects],
        scene.background,
        seed=scene.seed,
        size=size,
        antialias=antialias,
    )
    boxes = tuple(_extent(drawing.ids == k + 1) or (0, 0, 1, 1) for k in range(len(scene.objects)))
    return Rendered(drawing.image, drawing.ids, boxes)


def _sample_specs(rng: np.random.Generator, held_out: bool, count: int | None) -> list[tuple[str, str, str]]:
    """Categories, colours and sizes; look-alikes (same kind or same colour) are common on purpose: they make binding matter."""
    categories, colors, sizes = list(CATEGORIES), list(COLORS), list(SIZES)
    count = count or int(rng.choice([1, 2, 3, 4], p=[0.15, 0.3, 0.3, 0.25]))
    specs: list[tuple[str, str, str]] = []
    if held_out:
        category, color = sorted(HELD_OUT_PAIRS)[rng.integers(len(HELD_OUT_PAIRS))]
        specs.append((category, color, sizes[rng.integers(3)]))
    while len(specs) < count:
        category = categories[rng.integers(len(categories))]
        color = colors[rng.integers(len(colors))]
        lot = rng.random()
        if specs and lot < 0.3:
            category = specs[rng.integers(len(specs))][0]
        elif specs and lot < 0.5:
            color = specs[rng.integers(len(specs))][1]
        size = sizes[rng.choice(3, p=[0.38, 0.37, 0.25])]
        repeated = any((category, color) == (c, k) for c, k, _ in specs)
        too_large = size == "large" and sum(s == "large" for *_, s in specs) >= 2
        if (category, color) in HELD_OUT_PAIRS or repeated or too_large:
            continue
        specs.append((category, color, size))
    order = rng.permutation(len(specs))
    return [specs[i] for i in order]


def _place(rng: np.random.Generator, category: str, color: str, size: str) -> Placed:
    low, high = SIZES[size]
    side = rng.uniform(low, high)
    aspect = CATEGORIES[category].aspect
    width, height = side * aspect**0.5, side / aspect**0.5
    x1 = rng.uniform(0.01, 0.99 - width)
    y1 = rng.uniform(0.01, 0.99 - height)
    return Placed(category, color, x1, y1, x1 + width, y1 + height, bool(rng.random() < 0.5))


def _crowded(placed: list[Placed]) -> bool:
    """Cheap look before drawing: does any pair overlap by more than a third of the smaller box?"""
    for i, a in enumerate(placed):
        for b in placed[:i]:
            width = min(a.x2, b.x2) - max(a.x1, b.x1)
            height = min(a.y2, b.y2) - max(a.y1, b.y1)
            smaller = min((a.x2 - a.x1) * (a.y2 - a.y1), (b.x2 - b.x1) * (b.y2 - b.y1))
            if width > 0 and height > 0 and width * height > smaller / 3:
                return True
    return False


def _measure(placed: list[Placed], background: str, seed: int) -> tuple[np.ndarray, tuple[int, ...]]:
    drawing = draw_scene(placed, background, seed=seed, size=_TRUTH_SIZE, antialias=1)
    return drawing.ids, drawing.areas


def _seen(spec: tuple[str, str, str], placed: Placed, mask: np.ndarray, area: int) -> SceneObject | None:
    extent = _extent(mask)
    if extent is None or area == 0:
        return None
    box = Box.from_pixels(*extent, width=mask.shape[1], height=mask.shape[0])
    return SceneObject(*spec, placed, box, min(1.0, float(mask.sum()) / area))


def _extent(mask: np.ndarray) -> tuple[int, int, int, int] | None:
    columns, rows = np.flatnonzero(mask.any(0)), np.flatnonzero(mask.any(1))
    if not len(columns):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
