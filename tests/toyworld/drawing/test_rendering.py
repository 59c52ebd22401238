"""Laws of rendered scenes: determinism, tight boxes, honest ids, areas and colours."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from PIL import Image, ImageDraw

from twist_scout.toyworld.drawing import (
    CATEGORIES,
    COLORS,
    PEOPLE,
    SETTINGS,
    Drawing,
    Figure,
    Palette,
    Placed,
    draw_scene,
    measure_scene,
    rendering,
    sketch_of,
)

THINGS = [name for name in CATEGORIES if name not in PEOPLE]
FIGURES = [
    Figure(pose, hat, dress)
    for pose in ("raising", "sitting", "riding")
    for hat in (True, False)
    for dress in (True, False)
]


def place(category: str, color: str, longest: float, at: tuple[float, float] = (0, 0), flip: bool = False) -> Placed:
    """A placed object whose longer side is `longest` of the picture."""
    aspect = sketch_of(category).aspect
    width, height = (longest, longest / aspect) if aspect > 1 else (longest * aspect, longest)
    x, y = at
    return Placed(category, {"body": color}, x, y, x + width, y + height, flip)


def alone(item: Placed, size: int = 240, antialias: int = 2) -> Drawing:
    return draw_scene([item], "park", seed=0, size=size, antialias=antialias)


SCENE = [
    place("bus", "purple", 0.6, (0.1, 0.3)),
    place("dog", "brown", 0.4, (0.3, 0.4), flip=True),
    place("apple", "pink", 0.2, (0.75, 0.75)),
]


def test_same_arguments_same_pixels() -> None:
    first = draw_scene(SCENE, "park", seed=7, size=96)
    second = draw_scene(SCENE, "park", seed=7, size=96)
    assert first.image.tobytes() == second.image.tobytes()
    assert np.array_equal(first.ids, second.ids)
    assert first.areas == second.areas


@pytest.mark.parametrize("background", SETTINGS)
def test_drawing_leaves_the_cached_background_clean(background: str) -> None:
    before = draw_scene([], background, seed=3, size=64).image.tobytes()
    draw_scene(SCENE, background, seed=3, size=64)
    assert draw_scene([], background, seed=3, size=64).image.tobytes() == before


@pytest.mark.parametrize("category", THINGS)
def test_ids_touch_every_side_of_the_placed_box(category: str) -> None:
    for longest, flip, x in product((0.08, 0.2, 0.37, 0.63, 0.9), (False, True), (0.0, 0.031)):
        item = place(category, "red", longest, (x, 0.047), flip)
        rows, columns = np.nonzero(alone(item).ids)
        found = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
        asked = 240 * np.array([item.x1, item.y1, item.x2, item.y2])
        assert np.abs(found - asked).max() <= 1.0, (longest, flip, x)


@pytest.mark.parametrize("category", THINGS)
@pytest.mark.parametrize("pixels", [12, 50, 240])
def test_every_color_draws_at_every_size(category: str, pixels: int) -> None:
    areas = set()
    for color in COLORS:
        drawn = alone(place(category, color, pixels / 240), antialias=1)
        areas.add(drawn.areas[0])
        assert drawn.ids.max() == 1
    assert len(areas) == 1, "the colour must never change the silhouette"


@pytest.mark.parametrize(("category", "color"), list(product(THINGS, COLORS)))
def test_named_color_dominates(category: str, color: str) -> None:
    drawn = alone(place(category, color, 0.9), antialias=1)
    pixels = np.asarray(drawn.image)[drawn.ids == 1].astype(int)
    inside = pixels[(pixels < 255).any(axis=1)]
    shades = np.array(Palette.of(color).shades)
    named = (inside[:, None] == shades[None]).all(axis=-1).any(axis=1)
    # Wheels, a clock's face, pillows and leaves have colours of their own.
    least = 0.15 if category in ("bicycle", "motorcycle", "clock", "bed", "plant") else 0.55
    assert named.sum() >= least * len(inside)


@pytest.mark.parametrize(("category", "color"), list(product(THINGS, COLORS)))
def test_shrunk_object_still_reads_as_its_color(category: str, color: str) -> None:
    drawn = alone(place(category, color, 0.4), size=120)
    pixels = np.asarray(drawn.image)[drawn.ids == 1].astype(float)
    names = list(COLORS)
    distance = np.linalg.norm(pixels[:, None] - np.array(list(COLORS.values()))[None], axis=-1)
    near = distance.min(axis=1) < 60
    votes = np.bincount(distance[near].argmin(axis=1), minlength=len(names))
    assert names[int(votes.argmax())] == color


@pytest.mark.parametrize("category", THINGS)
def test_outside_the_ids_only_a_faint_shadow_shows(category: str) -> None:
    empty = np.asarray(draw_scene([], "park", seed=0, size=240).image).astype(int)
    drawn = alone(place(category, "blue", 0.6, (0.1, 0.1)))
    difference = np.abs(np.asarray(drawn.image).astype(int) - empty).max(axis=-1)
    outside = difference[drawn.ids == 0]
    # The shadow, and pixels covered by less than a quarter (a cat's whisker tip is the darkest).
    assert outside.max() <= 110
    assert np.mean(outside > 45) < 0.0005


def test_flip_mirrors_the_silhouette() -> None:
    item = place("dog", "red", 0.5, (0.25, 0.25))
    plain = alone(item).ids
    mirrored = alone(place("dog", "red", 0.5, (0.25, 0.25), flip=True)).ids
    overlap = (plain[:, ::-1] & mirrored).sum() / (plain[:, ::-1] | mirrored).sum()
    assert overlap > 0.95
    assert (plain & mirrored).sum() / (plain | mirrored).sum() < 0.9


def test_later_objects_cover_earlier_ones() -> None:
    drawn = draw_scene(SCENE, "street", seed=1, size=120)
    for k, item in enumerate(SCENE, 1):
        alone_ids = draw_scene([item], "street", seed=1, size=120).ids
        visible = int((drawn.ids == k).sum())
        assert drawn.areas[k - 1] == int(alone_ids.sum()) >= visible
        assert not ((drawn.ids == k) & (alone_ids == 0)).any()
    last = draw_scene([SCENE[-1]], "street", seed=1, size=120).ids
    assert ((drawn.ids == len(SCENE)) == (last == 1)).all()
    assert int((drawn.ids == 1).sum()) < drawn.areas[0]


@pytest.mark.parametrize("antialias", [1, 2, 3, 4])
def test_sizes_do_not_depend_on_antialias(antialias: int) -> None:
    drawn = draw_scene(SCENE, "lake", seed=2, size=75, antialias=antialias)
    assert drawn.image.size == (75, 75)
    assert drawn.image.mode == "RGB"
    assert drawn.ids.shape == (75, 75)
    assert drawn.ids.dtype == np.uint8


@pytest.mark.parametrize(
    ("item", "background", "reason"),
    [
        (Placed("unicorn", {"body": "red"}, 0.1, 0.1, 0.5, 0.5), "park", "unknown category 'unicorn'"),
        (Placed("dog", {"body": "mauve"}, 0.1, 0.1, 0.5, 0.5), "park", "unknown colour 'mauve'"),
        (Placed("dog", {"body": "red"}, 0.5, 0.1, 0.5, 0.5), "park", "the box of a dog"),
        (Placed("dog", {"body": "red"}, 0.7, 0.1, 1.2, 0.5), "park", "the box of a dog"),
        (Placed("dog", {"body": "red"}, 0.1, float("nan"), 0.5, 0.5), "park", "the box of a dog"),
        (Placed("dog", {"body": "red"}, 0.1, 0.1, 0.5, 0.5), "moon", "unknown setting 'moon'"),
    ],
)
def test_impossible_scenes_are_refused(item: Placed, background: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        draw_scene([item], background, seed=0, size=60)


@pytest.mark.parametrize("kind", PEOPLE)
@pytest.mark.parametrize("figure", FIGURES)
def test_garments_do_not_change_the_silhouette_and_are_mapped(kind: str, figure: Figure) -> None:
    sketch = sketch_of(kind, figure)
    height = 0.9 if sketch.aspect < 1 else 0.9 / sketch.aspect
    garments = ({"hat"} if figure.hat else set()) | ({"dress"} if figure.dress else {"shirt", "trousers"})
    box = (0.05, 0.05, 0.05 + height * sketch.aspect, 0.05 + height)
    ids = []
    for color in ("red", "blue"):
        drawn = alone(Placed(kind, dict.fromkeys(garments, color), *box, figure=figure), antialias=1)
        ids.append(drawn.ids)
        assert garments <= {name for _, name in drawn.part_names}
        assert len(drawn.part_names) == len(drawn.part_areas) == drawn.parts.max()
        assert not drawn.parts[drawn.ids == 0].any()
    assert np.array_equal(*ids)


def test_measuring_knows_what_drawing_shows() -> None:
    drawn, measured = draw_scene(SCENE, "lake", seed=2, size=200, antialias=1), measure_scene(SCENE, size=200)
    assert measured.image is None
    assert np.array_equal(drawn.ids, measured.ids)
    assert drawn.areas == measured.areas


@pytest.mark.parametrize("radius", [1, 2, 3, 7])
@pytest.mark.parametrize("shape", [(1, 1), (5, 8), (13, 30)])
def test_a_mask_grows_by_every_shift_of_it(radius: int, shape: tuple[int, int]) -> None:
    mask = np.where(np.random.default_rng(radius).random(shape) < 0.1, 255, 0).astype(np.uint8)
    mask[0, -1] = 255
    expected = mask.copy()
    for (y, x), (dy, dx) in product(np.argwhere(mask), rendering._ring(radius)):
        if 0 <= y + dy < shape[0] and 0 <= x + dx < shape[1]:
            expected[y + dy, x + dx] = 255
    assert np.array_equal(rendering._dilate(mask, radius), expected)


def test_polygons_are_filled_as_imagedraw_fills_them() -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform(-10, 50, (60, 2)).round(2)
    bounds = tuple((at, at + 6) for at in range(0, 60, 6))
    colors = [tuple(int(c) for c in rng.integers(0, 256, 3)) for _ in bounds]
    ours, theirs = Image.new("RGB", (40, 40)), Image.new("RGB", (40, 40))
    rendering._fill(ours, zip(rendering._split(points, bounds), colors, strict=True))
    for (a, b), color in zip(bounds, colors, strict=True):
        ImageDraw.Draw(theirs).polygon([(float(x), float(y)) for x, y in points[a:b]], color)
    assert ours.tobytes() == theirs.tobytes()
