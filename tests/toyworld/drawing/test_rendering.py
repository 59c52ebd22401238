"""Laws of rendered scenes: determinism, tight boxes, honest ids, areas and colours."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from twist_scout.toyworld.drawing import (
    BACKGROUNDS,
    CATEGORIES,
    COLORS,
    Drawing,
    Palette,
    Placed,
    draw_scene,
)


def place(category: str, color: str, longest: float, at: tuple[float, float] = (0, 0), flip: bool = False) -> Placed:
    """A placed object whose longer side is `longest` of the picture."""
    aspect = CATEGORIES[category].aspect
    width, height = (longest, longest / aspect) if aspect > 1 else (longest * aspect, longest)
    x, y = at
    return Placed(category, color, x, y, x + width, y + height, flip)


def alone(item: Placed, size: int = 240, antialias: int = 2) -> Drawing:
    return draw_scene([item], "paper", seed=0, size=size, antialias=antialias)


SCENE = [
    place("bus", "purple", 0.6, (0.1, 0.3)),
    place("dog", "brown", 0.4, (0.3, 0.4), flip=True),
    place("apple", "pink", 0.2, (0.75, 0.75)),
]


def test_same_arguments_same_pixels() -> None:
    first = draw_scene(SCENE, "meadow", seed=7, size=96)
    second = draw_scene(SCENE, "meadow", seed=7, size=96)
    assert first.image.tobytes() == second.image.tobytes()
    assert np.array_equal(first.ids, second.ids)
    assert first.areas == second.areas


@pytest.mark.parametrize("background", BACKGROUNDS)
def test_drawing_leaves_the_cached_background_clean(background: str) -> None:
    before = draw_scene([], background, seed=3, size=64).image.tobytes()
    draw_scene(SCENE, background, seed=3, size=64)
    assert draw_scene([], background, seed=3, size=64).image.tobytes() == before


@pytest.mark.parametrize("category", CATEGORIES)
def test_ids_touch_every_side_of_the_placed_box(category: str) -> None:
    for longest, flip, x in product((0.08, 0.2, 0.37, 0.63, 0.9), (False, True), (0.0, 0.031)):
        item = place(category, "red", longest, (x, 0.047), flip)
        rows, columns = np.nonzero(alone(item).ids)
        found = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
        asked = 240 * np.array([item.x1, item.y1, item.x2, item.y2])
        assert np.abs(found - asked).max() <= 1.0, (longest, flip, x)


@pytest.mark.parametrize("category", CATEGORIES)
@pytest.mark.parametrize("pixels", [12, 50, 240])
def test_every_color_draws_at_every_size(category: str, pixels: int) -> None:
    areas = set()
    for color in COLORS:
        drawn = alone(place(category, color, pixels / 240), antialias=1)
        areas.add(drawn.areas[0])
        assert drawn.ids.max() == 1
    assert len(areas) == 1, "the colour must never change the silhouette"


@pytest.mark.parametrize(("category", "color"), list(product(CATEGORIES, COLORS)))
def test_named_color_dominates(category: str, color: str) -> None:
    drawn = alone(place(category, color, 0.9), antialias=1)
    pixels = np.asarray(drawn.image)[drawn.ids == 1].astype(int)
    inside = pixels[(pixels < 255).any(axis=1)]
    shades = np.array(Palette.of(color).shades)
    named = (inside[:, None] == shades[None]).all(axis=-1).any(axis=1)
    assert named.sum() >= 0.6 * len(inside)
    assert named.sum() >= 0.55 * len(pixels)


@pytest.mark.parametrize(("category", "color"), list(product(CATEGORIES, COLORS)))
def test_shrunk_object_still_reads_as_its_color(category: str, color: str) -> None:
    drawn = alone(place(category, color, 0.4), size=120)
    pixels = np.asarray(drawn.image)[drawn.ids == 1].astype(float)
    names = list(COLORS)
    distance = np.linalg.norm(pixels[:, None] - np.array(list(COLORS.values()))[None], axis=-1)
    near = distance.min(axis=1) < 60
    votes = np.bincount(distance[near].argmin(axis=1), minlength=len(names))
    assert names[int(votes.argmax())] == color


@pytest.mark.parametrize("category", CATEGORIES)
def test_outside_the_ids_only_a_faint_shadow_shows(category: str) -> None:
    empty = np.asarray(draw_scene([], "paper", seed=0, size=240).image).astype(int)
    drawn = alone(place(category, "blue", 0.6, (0.1, 0.1)))
    difference = np.abs(np.asarray(drawn.image).astype(int) - empty).max(axis=-1)
    outside = difference[drawn.ids == 0]
    # The shadow, and pixels covered by less than a quarter (a cat's whisker tip is the darkest).
    assert outside.max() <= 70
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
        (Placed("unicorn", "red", 0.1, 0.1, 0.5, 0.5), "paper", "unknown category 'unicorn'"),
        (Placed("dog", "mauve", 0.1, 0.1, 0.5, 0.5), "paper", "unknown colour 'mauve'"),
        (Placed("dog", "red", 0.5, 0.1, 0.5, 0.5), "paper", "the box of a dog"),
        (Placed("dog", "red", 0.7, 0.1, 1.2, 0.5), "paper", "the box of a dog"),
        (Placed("dog", "red", 0.1, float("nan"), 0.5, 0.5), "paper", "the box of a dog"),
        (Placed("dog", "red", 0.1, 0.1, 0.5, 0.5), "moon", "unknown background 'moon'"),
    ],
)
def test_impossible_scenes_are_refused(item: Placed, background: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        draw_scene([item], background, seed=0, size=60)
