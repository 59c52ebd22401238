"""Scenes to pixels: a picture, the object index of every pixel, and full silhouette areas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw

from twist_scout.toyworld.drawing.backgrounds import VARIATIONS, paint_background
from twist_scout.toyworld.drawing.categories import sketch_of
from twist_scout.toyworld.drawing.colors import WHITE

OUTLINE = 0.012
"""Width of the white outline, as a share of the picture's side."""

_SHADOW_COLOR = (60, 60, 90)
_SHADOW_STRENGTH = 36  # of 255
_COVERAGE = 60  # of 255


@dataclass(frozen=True)
class Placed:
    """An object in a scene; its box is xyxy in [0, 1] of the picture, outline included.

    The drawing fills the box exactly, so the caller keeps the category's aspect.
    """

    category: str
    color: str
    x1: float
    y1: float
    x2: float
    y2: float
    flip: bool = False


@dataclass(frozen=True)
class Drawing:
    """A rendered scene.

    Attributes:
        image: RGB picture (size, size).
        ids: uint8 (size, size); 0 = background, k = k-th placed object, outline included.
        areas: pixels of each object's full silhouette, as if nothing stood in front of it.
    """

    image: Image.Image
    ids: np.ndarray
    areas: tuple[int, ...]


def draw_scene(placed: Sequence[Placed], background: str, *, seed: int, size: int, antialias: int = 2) -> Drawing:
    """Draw objects back to front on a background.

    Args:
        placed: the objects; later ones stand in front. At most 255.
        background: one of `BACKGROUNDS`.
        seed: picks the variant of the background; same arguments, same pixels.
        size: side of the picture in pixels.
        antialias: the scene is drawn this many times larger and reduced.

    Raises:
        ValueError: an unknown name, a box outside the picture or without area, or a bad size.
    """
    if size < 1 or antialias < 1:
        raise ValueError(f"size and antialias must be at least 1, got {size} and {antialias}")
    if len(placed) > 255:
        raise ValueError(f"at most 255 objects fit the id map, got {len(placed)}")
    side = size * antialias
    variation = int(np.random.default_rng(seed).integers(VARIATIONS))
    image = paint_background(background, variation, side).copy()
    ids = np.zeros((size, size), dtype=np.uint8)
    areas = [_draw_object(image, ids, k, item, antialias) for k, item in enumerate(placed, 1)]
    if antialias > 1:
        image = image.reduce(antialias)
    return Drawing(image, ids, tuple(areas))


def _draw_object(image: Image.Image, ids: np.ndarray, index: int, item: Placed, antialias: int) -> int:
    """Draw one object on `image` (enlarged) and `ids` (final size); return its full area."""
    if not (-1e-6 <= item.x1 < item.x2 <= 1 + 1e-6 and -1e-6 <= item.y1 < item.y2 <= 1 + 1e-6):
        box = (item.x1, item.y1, item.x2, item.y2)
        raise ValueError(f"the box of a {item.category} must lie in [0, 1] with area, got {box}")
    side = image.width
    sketch = sketch_of(item.category, item.color)
    low = np.array([item.x1, item.y1]) * side
    extent = np.array([item.x2, item.y2]) * side - low
    # A tiny object keeps at least half of its box for the drawing itself.
    outline = max(1, min(round(OUTLINE * side), int(extent.min() / 4)))
    # Whole-pixel centres lie half a pixel inside the box's edges.
    inner = np.maximum(extent - 2 * outline - 1, 0.5)
    unit = sketch.points
    if item.flip:
        unit = np.stack([1 - unit[:, 0], unit[:, 1]], axis=1)
    points = (low + outline + unit * inner).round(2)

    bounds = tuple(pairwise((0, *sketch.ends)))
    flat = list(map(tuple, points.tolist()))
    polygons = [flat[a:b] for a, b in bounds]

    # The mask's window starts and ends on final pixels, so that both grids agree.
    left, top = (max(0, int(v) // antialias * antialias) for v in low)
    right, bottom = (min(side, -(-(int(v) + 2) // antialias) * antialias) for v in low + extent)
    local = (points - (left, top)).tolist()
    window = list(map(tuple, local))
    mask = Image.new("L", (right - left, bottom - top))
    pen = ImageDraw.Draw(mask)
    for (a, b), solid in zip(bounds, sketch.solid, strict=True):
        if solid:
            pen.polygon(window[a:b], 255)
    grown = _dilate(np.asarray(mask), outline)

    stencil = Image.fromarray(grown)
    shadow = Image.fromarray((grown & _SHADOW_STRENGTH).astype(np.uint8))
    image.paste(_SHADOW_COLOR, (left, top + max(1, outline // 2)), shadow)
    image.paste(WHITE, (left, top), stencil)
    pen = ImageDraw.Draw(image)
    for polygon, fill in zip(polygons, sketch.fills, strict=True):
        pen.polygon(polygon, fill)
    # A final pixel is the object's from a quarter of coverage on: thin tips keep their end.
    covered = np.asarray(stencil.reduce(antialias)) >= _COVERAGE
    row, column = top // antialias, left // antialias
    height, width = covered.shape
    ids[row : row + height, column : column + width][covered] = index
    return int(np.count_nonzero(covered))


def _dilate(mask: np.ndarray, radius: int) -> np.ndarray:
    """Grow a 0/255 mask (H, W) by a disc of `radius` pixels."""
    height, width = mask.shape
    padded = np.zeros((height + 2 * radius, width + 2 * radius), dtype=np.uint8)
    padded[radius : radius + height, radius : radius + width] = mask
    grown = mask.copy()
    for dy, dx in _ring(radius):
        y, x = radius + dy, radius + dx
        np.bitwise_or(grown, padded[y : y + height, x : x + width], out=grown)
    return grown


@lru_cache(maxsize=64)
def _ring(radius: int) -> tuple[tuple[int, int], ...]:
    """Offsets whose union of shifts closes the disc of `radius` around any 2-pixel stroke."""
    offsets: set[tuple[int, int]] = set()
    for r in {radius, (radius + 1) // 2}:
        turns = np.linspace(0, 2 * np.pi, 8 if r < 3 else 16, endpoint=False)
        offsets.update((round(r * float(np.sin(t))), round(r * float(np.cos(t)))) for t in turns)
    return tuple(sorted(offsets - {(0, 0)}))
