"""Scenes to pixels: a picture, the object and the part of every pixel, and full silhouette areas.

Two domains show the same truth: ``picture``, coloured stickers on a setting, and ``diagram``, an uncoloured line drawing
on squared paper.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Literal

import numpy as np
from PIL import Image, ImageDraw

from twist_scout.toyworld.drawing.backgrounds import VARIATIONS, paint_background, paint_paper
from twist_scout.toyworld.drawing.canvas import Sketch
from twist_scout.toyworld.drawing.categories import Figure, sketch_of
from twist_scout.toyworld.drawing.colors import HAIRS, RGB, SKINS, WHITE, Palette, Slot

Domain = Literal["picture", "diagram"]

OUTLINE = 0.01
"""Width of the white outline, as a share of the picture's side."""

_SHADOW_COLOR = (60, 60, 90)
_SHADOW = [0] * 255 + [36]  # how much of it, of 255, where the stencil is 255
_COVERAGE = 60  # of 255
_LINE: RGB = (52, 60, 84)
_PALE: RGB = (252, 252, 250)


@dataclass(frozen=True)
class Placed:
    """An object in a scene; its box is xyxy in [0, 1] of the picture, outline included.

    The drawing fills the box exactly, so the caller keeps the sketch's aspect.

    Attributes:
        colors: slot -> colour name: ``body`` of a thing, ``hat, shirt, trousers, dress`` of a person.
        figure: pose and clothes of a person.
        looks: which skin and hair a person has.
    """

    category: str
    colors: Mapping[str, str]
    x1: float
    y1: float
    x2: float
    y2: float
    flip: bool = False
    figure: Figure | None = None
    looks: tuple[int, int] = (0, 0)

    @property
    def sketch(self) -> Sketch:
        """Its recorded drawing."""
        return sketch_of(self.category, self.figure)

    def anchor(self, name: str) -> tuple[float, float]:
        """Where in the picture a named point of the drawing lies, in [0, 1]."""
        x, y = self.sketch.anchors[name]
        if self.flip:
            x = 1 - x
        return (self.x1 + x * (self.x2 - self.x1), self.y1 + y * (self.y2 - self.y1))


@dataclass(frozen=True)
class Drawing:
    """A rendered scene.

    Attributes:
        image: RGB picture (size, size); ``None`` where only the truth was measured.
        ids: uint8 (size, size); 0 = background, k = k-th placed object, outline included.
        parts: uint8 (size, size); 0 = no part, p = the p-th of ``part_names``.
        part_names: (k, name) of every part that some pixel shows, k counted from 0.
        areas: pixels of each object's full silhouette, as if nothing stood in front of it.
        part_areas: the same of each part, as if nothing but the object itself stood in front of it.
    """

    image: Image.Image | None
    ids: np.ndarray
    parts: np.ndarray
    part_names: tuple[tuple[int, str], ...]
    areas: tuple[int, ...]
    part_areas: tuple[int, ...]


@dataclass
class _Work:
    """A drawing under way."""

    size: int
    antialias: int
    domain: Domain
    image: Image.Image | None
    ids: np.ndarray
    parts: np.ndarray
    names: list[tuple[int, str]] = field(default_factory=list)
    areas: list[int] = field(default_factory=list)
    part_areas: list[int] = field(default_factory=list)


def draw_scene(
    placed: Sequence[Placed], setting: str, *, seed: int, size: int, antialias: int = 2, domain: Domain = "picture"
) -> Drawing:
    """Draw objects back to front in a setting.

    Args:
        placed: the objects; later ones stand in front. At most 255.
        setting: one of `SETTINGS`.
        seed: picks the variant of the setting; same arguments, same pixels.
        size: side of the picture in pixels.
        antialias: the scene is drawn this many times larger and reduced.
        domain: coloured picture or line diagram.

    Raises:
        ValueError: an unknown name, a box outside the picture or without area, or a bad size.
    """
    if size < 1 or antialias < 1:
        raise ValueError(f"size and antialias must be at least 1, got {size} and {antialias}")
    if len(placed) > 255:
        raise ValueError(f"at most 255 objects fit the id map, got {len(placed)}")
    variation = int(np.random.default_rng(seed).integers(VARIATIONS))
    side = size * antialias
    image = paint_background(setting, variation, side) if domain == "picture" else paint_paper(variation, side)
    work = _work(size, antialias, domain, image.copy())
    for k, item in enumerate(placed):
        _draw_object(work, k, item)
    if antialias > 1:
        work.image = image_of(work).reduce(antialias)
    return _finished(work)


def measure_scene(placed: Sequence[Placed], *, size: int) -> Drawing:
    """What `draw_scene` knows about who can be seen where, without painting a picture."""
    work = _work(size, 1, "picture", None)
    for k, item in enumerate(placed):
        _draw_object(work, k, item)
    return _finished(work)


def image_of(work: _Work | Drawing) -> Image.Image:
    """The picture of a drawing that has one.

    Raises:
        ValueError: it was measured only.
    """
    if work.image is None:
        raise ValueError("this drawing was measured and not painted: use draw_scene")
    return work.image


def _work(size: int, antialias: int, domain: Domain, image: Image.Image | None) -> _Work:
    empty = np.zeros((size, size), dtype=np.uint8)
    return _Work(size, antialias, domain, image, empty, empty.copy())


def _finished(work: _Work) -> Drawing:
    return Drawing(work.image, work.ids, work.parts, tuple(work.names), tuple(work.areas), tuple(work.part_areas))


def _draw_object(work: _Work, index: int, item: Placed) -> None:
    """Draw one object on the picture (enlarged) and on the maps (final size)."""
    if not (-1e-6 <= item.x1 < item.x2 <= 1 + 1e-6 and -1e-6 <= item.y1 < item.y2 <= 1 + 1e-6):
        box = (item.x1, item.y1, item.x2, item.y2)
        raise ValueError(f"the box of a {item.category} must lie in [0, 1] with area, got {box}")
    antialias, side = work.antialias, work.size * work.antialias
    sketch = item.sketch
    low = np.array([item.x1, item.y1]) * side
    extent = np.array([item.x2, item.y2]) * side - low
    # A tiny object keeps at least half of its box for the drawing itself.
    outline = max(1, min(round(OUTLINE * side), int(extent.min() / 4)))
    # Whole-pixel centres lie half a pixel inside the box's edges.
    inner = np.maximum(extent - 2 * outline - 1, 0.5)
    unit = sketch.mirrored if item.flip else sketch.points
    points = (low + outline + unit * inner).round(2)

    # The mask's window starts and ends on final pixels, so that both grids agree.
    left, top = (max(0, int(v) // antialias * antialias) for v in low)
    right, bottom = (min(side, -(-(int(v) + 2) // antialias) * antialias) for v in low + extent)
    local = points - (left, top)
    mask = Image.new("L", (right - left, bottom - top))
    _fill(mask, [(polygon, 255) for polygon in _split(local, sketch.silhouette)])
    stencil = Image.fromarray(_dilate(_pixels(mask), outline))
    if work.image is not None:
        _paint(work, item, _split(points, sketch.bounds), stencil, (left, top), outline)

    # A final pixel is the object's from a quarter of coverage on: thin tips keep their end.
    covered = _pixels(stencil.reduce(antialias)) >= _COVERAGE
    row, column = top // antialias, left // antialias
    here = (slice(row, row + covered.shape[0]), slice(column, column + covered.shape[1]))
    # Later objects have higher numbers, so the maximum is what stands in front.
    np.maximum(work.ids[here], covered.view(np.uint8) * np.uint8(index + 1), out=work.ids[here])
    work.parts[here] *= (~covered).view(np.uint8)
    work.areas.append(int(np.count_nonzero(covered)))
    if any(sketch.parts):
        _map_parts(work, index, sketch, _split(local / antialias - 0.5 * (1 - 1 / antialias), sketch.bounds), here)


def _split(points: np.ndarray, bounds: tuple[tuple[int, int], ...]) -> list[memoryview]:
    """Polygons as x, y, x, y, ... in single precision: a buffer of floats is what Pillow reads soonest."""
    flat = points.astype(np.float32).ravel().data
    return [flat[2 * a : 2 * b] for a, b in bounds]


def _pixels(image: Image.Image) -> np.ndarray:
    """A grey picture as uint8 (height, width): ``np.asarray`` without its detour through the array interface."""
    return np.frombuffer(image.tobytes(), np.uint8).reshape(image.height, image.width)


def _fill(image: Image.Image, polygons: Iterable[tuple[memoryview, int | RGB]]) -> None:
    """Fill polygons one over another: what ``ImageDraw.polygon`` does, each ink looked up once."""
    pen = ImageDraw.Draw(image).draw
    inks: dict[int | RGB, int] = {}
    for polygon, color in polygons:
        ink = inks.get(color)
        if ink is None:
            ink = inks[color] = pen.draw_ink(color)
        pen.draw_polygon(polygon, ink, 1)


def _map_parts(work: _Work, index: int, sketch: Sketch, polygons: list[memoryview], here: tuple[slice, slice]) -> None:
    """Paint which part each pixel shows, polygon over polygon, as the eye sees them."""
    names = sorted(set(sketch.parts) - {""})
    codes = {"": 0} | {name: n for n, name in enumerate(names, 1)}
    height, width = (s.stop - s.start for s in here)
    map_ = Image.new("L", (width, height))
    drawn = zip(polygons, sketch.parts, sketch.solid, strict=True)
    _fill(map_, [(polygon, codes[part]) for polygon, part, solid in drawn if solid or part])
    shown = _pixels(map_)
    first = len(work.names)
    visible = (shown > 0) & (work.ids[here] == index + 1)
    work.parts[here][visible] = (shown[visible] + first).astype(np.uint8)
    work.names.extend((index, name) for name in names)
    work.part_areas.extend(int(n) for n in np.bincount(shown.ravel(), minlength=len(names) + 1)[1 : len(names) + 1])


def _paint(
    work: _Work,
    item: Placed,
    polygons: list[memoryview],
    stencil: Image.Image,
    corner: tuple[int, int],
    outline: int,
) -> None:
    image = image_of(work)
    sketch, (left, top) = item.sketch, corner
    if work.domain == "diagram":
        pen = ImageDraw.Draw(image)
        image.paste(_LINE, corner, stencil)
        line = max(1, outline // 2)
        for polygon, solid in zip(polygons, sketch.solid, strict=True):
            if solid:
                pen.polygon(polygon, _PALE, outline=_LINE, width=line)
            else:
                pen.line([*polygon, *polygon[:2]], fill=_LINE, width=max(1, line // 2))
        return
    image.paste(_SHADOW_COLOR, (left, top + max(1, outline // 2)), stencil.point(_SHADOW))
    image.paste(WHITE, corner, stencil)
    palettes = {slot: _palette(name) for slot, name in item.colors.items()}
    skin, hair = item.looks
    palettes |= {"skin": SKINS[skin], "hair": HAIRS[hair]}
    colors = {fill: fill.resolve(palettes) if isinstance(fill, Slot) else fill for fill in sketch.paints}
    _fill(image, [(polygon, colors[fill]) for polygon, fill in zip(polygons, sketch.fills, strict=True)])


@cache
def _palette(name: str) -> Palette:
    return Palette.of(name)


def _dilate(mask: np.ndarray, radius: int) -> np.ndarray:
    """Grow a 0/255 mask (H, W) by a disc of `radius` pixels."""
    height, width = mask.shape
    # All rows, with room around them, as the bits of one long integer: to shift the mask is then to shift a number.
    room = width + 2 * radius
    room += -room % 8
    padded = np.zeros((height + 2 * radius, room), dtype=np.uint8)
    padded[radius : radius + height, radius : radius + width] = mask
    bits = int.from_bytes(np.packbits(padded).tobytes(), "big")
    grown = bits
    for dy, dx in _ring(radius):
        shift = dy * room + dx
        grown |= bits << shift if shift > 0 else bits >> -shift
    count = padded.size // 8
    # What a shift pushes past the first pixel lies in the margin, which is cut off.
    kept = (grown & ((1 << padded.size) - 1)).to_bytes(count, "big")
    rows = np.unpackbits(np.frombuffer(kept, np.uint8)).reshape(padded.shape)
    return rows[radius : radius + height, radius : radius + width] * np.uint8(255)


@lru_cache(maxsize=64)
def _ring(radius: int) -> tuple[tuple[int, int], ...]:
    """Offsets whose union of shifts closes the disc of `radius` around any 2-pixel stroke."""
    offsets: set[tuple[int, int]] = set()
    for r in {radius, (radius + 1) // 2}:
        turns = np.linspace(0, 2 * np.pi, 8 if r < 3 else 16, endpoint=False)
        offsets.update((round(r * float(np.sin(t))), round(r * float(np.cos(t)))) for t in turns)
    return tuple(sorted(offsets - {(0, 0)}))
