"""A recording canvas: drawing functions put primitives on it, the renderer plays them back.

Every primitive becomes a polygon in the drawing function's own coordinates (any unit, y down,
square pixels). `Canvas.sketch` then moves the whole drawing to the unit box of its silhouette,
so that a drawing always fills its box exactly, whatever numbers its author used.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from twist_scout.toyworld.drawing.colors import Paint

Point = tuple[float, float]


@dataclass(frozen=True)
class Sketch:
    """A recorded drawing.

    Attributes:
        points: float (N, 2), all polygon corners, silhouette box = [0, 1] x [0, 1].
        ends: end index into `points` of each polygon, in drawing order.
        fills: paint of each polygon.
        solid: whether each polygon is part of the silhouette (otherwise an inner detail).
        parts: name of the part that each polygon belongs to, or an empty string.
        anchors: named points in the same coordinates: where a hand holds, where one sits.
        extent: width and height of the silhouette in the drawing's own units.
    """

    points: np.ndarray
    ends: tuple[int, ...]
    fills: tuple[Paint, ...]
    solid: tuple[bool, ...]
    parts: tuple[str, ...]
    anchors: Mapping[str, Point]
    extent: Point

    @property
    def aspect(self) -> float:
        """Width / height of the silhouette as drawn."""
        return self.extent[0] / self.extent[1]

    @cached_property
    def mirrored(self) -> np.ndarray:
        """The points (N, 2) with left and right exchanged."""
        return np.stack([1 - self.points[:, 0], self.points[:, 1]], axis=1)

    @cached_property
    def bounds(self) -> tuple[tuple[int, int], ...]:
        """Start and end index into `points` of each polygon."""
        return tuple(pairwise((0, *self.ends)))

    @cached_property
    def silhouette(self) -> tuple[tuple[int, int], ...]:
        """The bounds of the solid polygons."""
        return tuple(bound for bound, solid in zip(self.bounds, self.solid, strict=True) if solid)

    @cached_property
    def paints(self) -> frozenset[Paint]:
        """Every paint that is used."""
        return frozenset(self.fills)


class Canvas:
    """Collects the primitives of one object, back to front.

    Every method takes `detail`: a detail lies inside the silhouette and does not widen it.
    """

    def __init__(self) -> None:
        self._polygons: list[np.ndarray] = []
        self._fills: list[Paint] = []
        self._solid: list[bool] = []
        self._parts: list[str] = []
        self._part = ""
        self._anchors: dict[str, Point] = {}

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """What is drawn inside belongs to the part ``name``, such as ``hat``."""
        before, self._part = self._part, name
        yield
        self._part = before

    def anchor(self, name: str, point: Point) -> None:
        """Name a point."""
        self._anchors[name] = point

    def polygon(self, points: Sequence[Point], fill: Paint, *, detail: bool = False) -> None:
        """A straight-edged filled polygon."""
        self._add(np.asarray(points, dtype=float), fill, detail)

    def blob(self, points: Sequence[Point], fill: Paint, *, detail: bool = False) -> None:
        """A filled shape whose outline runs smoothly through `points` (closed Catmull-Rom)."""
        knots = np.asarray(points, dtype=float)
        before, after = np.roll(knots, 1, axis=0), np.roll(knots, -1, axis=0)
        self._add(_spline(before, knots, after, np.roll(knots, -2, axis=0), 6), fill, detail)

    def ellipse(
        self,
        center: Point,
        rx: float,
        ry: float,
        fill: Paint,
        *,
        angle: float = 0.0,
        detail: bool = False,
    ) -> None:
        """A filled ellipse with radii `rx`, `ry`, turned by `angle` degrees."""
        self.pie(center, rx, ry, 0.0, 360.0, fill, angle=angle, detail=detail)

    def pie(
        self,
        center: Point,
        rx: float,
        ry: float,
        start: float,
        end: float,
        fill: Paint,
        *,
        angle: float = 0.0,
        detail: bool = False,
    ) -> None:
        """The part of an ellipse from `start` to `end` degrees (clockwise, 0 = right)."""
        turns = np.radians(np.linspace(start, end, 29))
        xs, ys = rx * np.cos(turns), ry * np.sin(turns)
        c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        corners = np.stack([center[0] + c * xs - s * ys, center[1] + s * xs + c * ys], axis=1)
        self._add(corners, fill, detail)

    def rectangle(
        self,
        x1: float,
        y1: float,
        x2: float,
        y2: float,
        fill: Paint,
        *,
        radius: float = 0.0,
        detail: bool = False,
    ) -> None:
        """A filled rectangle with rounded corners."""
        r = min(radius, (x2 - x1) / 2, (y2 - y1) / 2)
        if r <= 0:
            self.polygon([(x1, y1), (x2, y1), (x2, y2), (x1, y2)], fill, detail=detail)
            return
        corners: list[np.ndarray] = []
        spots = [(x2 - r, y2 - r, 0), (x1 + r, y2 - r, 90), (x1 + r, y1 + r, 180)]
        for cx, cy, start in [*spots, (x2 - r, y1 + r, 270)]:
            turns = np.radians(np.linspace(start, start + 90, 6))
            corners.append(np.stack([cx + r * np.cos(turns), cy + r * np.sin(turns)], axis=1))
        self._add(np.concatenate(corners), fill, detail)

    def stroke(
        self,
        points: Sequence[Point],
        width: float,
        fill: Paint,
        *,
        end_width: float | None = None,
        detail: bool = False,
    ) -> None:
        """A thick smooth line through `points` with round ends, tapering to `end_width`."""
        knots = np.asarray(points, dtype=float)
        if len(knots) > 2:
            first, last = 2 * knots[0] - knots[1], 2 * knots[-1] - knots[-2]
            run = np.concatenate([first[None], knots, last[None]])
            smooth = _spline(run[:-3], run[1:-2], run[2:-1], run[3:], 6)
            knots = np.concatenate([smooth, knots[-1:]])
        along = np.gradient(knots, axis=0)
        along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
        across = np.stack([-along[:, 1], along[:, 0]], axis=1)
        half = np.linspace(width, width if end_width is None else end_width, len(knots)) / 2
        left, right = knots + across * half[:, None], knots - across * half[:, None]
        turns = np.radians(np.linspace(90, -90, 9))[1:-1, None]
        tip = np.cos(turns) * along[-1] + np.sin(turns) * across[-1]
        root = -np.cos(turns) * along[0] - np.sin(turns) * across[0]
        corners = [left, knots[-1] + tip * half[-1], right[::-1], knots[0] + root * half[0]]
        self._add(np.concatenate(corners), fill, detail)

    def sketch(self) -> Sketch:
        """Freeze the drawing, moved to the unit box of its silhouette.

        Raises:
            ValueError: nothing but details was drawn.
        """
        body = [p for p, solid in zip(self._polygons, self._solid, strict=True) if solid]
        if not body:
            raise ValueError("a drawing needs at least one primitive that is not a detail")
        corners = np.concatenate(body)
        low, high = corners.min(axis=0), corners.max(axis=0)
        points = (np.concatenate(self._polygons) - low) / (high - low)
        points.setflags(write=False)
        ends = tuple(int(n) for n in np.cumsum([len(p) for p in self._polygons]))
        extent = (float(high[0] - low[0]), float(high[1] - low[1]))
        anchors = {
            name: (float((x - low[0]) / (high[0] - low[0])), float((y - low[1]) / (high[1] - low[1])))
            for name, (x, y) in self._anchors.items()
        }
        return Sketch(points, ends, tuple(self._fills), tuple(self._solid), tuple(self._parts), anchors, extent)

    def _add(self, corners: np.ndarray, fill: Paint, detail: bool) -> None:
        self._polygons.append(corners)
        self._fills.append(fill)
        self._solid.append(not detail)
        self._parts.append(self._part)


def _spline(p0: np.ndarray, p1: np.ndarray, p2: np.ndarray, p3: np.ndarray, steps: int) -> np.ndarray:
    """Catmull-Rom points from each p1 towards its p2; arrays (K, 2) -> (K * steps, 2)."""
    t = np.linspace(0.0, 1.0, steps, endpoint=False)[None, :, None]
    a, b, c, d = (p[:, None, :] for p in (p0, p1, p2, p3))
    run: np.ndarray = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    return run.reshape(-1, 2)
