"""The registry of things the toy world can draw, named as in COCO."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from twist_scout.toyworld.drawing.animals import draw_bird, draw_cat, draw_dog
from twist_scout.toyworld.drawing.canvas import Canvas, Sketch
from twist_scout.toyworld.drawing.colors import Palette
from twist_scout.toyworld.drawing.people import draw_person
from twist_scout.toyworld.drawing.things import draw_apple, draw_chair, draw_umbrella
from twist_scout.toyworld.drawing.vehicles import draw_boat, draw_bus, draw_car


@dataclass(frozen=True)
class Category:
    """A kind of object: its names, how to draw it, and the width / height of its box."""

    name: str
    plural: str
    aspect: float
    draw: Callable[[Canvas, Palette], None]


def _category(name: str, plural: str, draw: Callable[[Canvas, Palette], None]) -> Category:
    canvas = Canvas()
    draw(canvas, Palette.of("red"))  # the colour never changes the shape
    return Category(name, plural, canvas.sketch().aspect, draw)


CATEGORIES: dict[str, Category] = {
    category.name: category
    for category in (
        _category("person", "people", draw_person),
        _category("dog", "dogs", draw_dog),
        _category("cat", "cats", draw_cat),
        _category("bird", "birds", draw_bird),
        _category("car", "cars", draw_car),
        _category("bus", "buses", draw_bus),
        _category("boat", "boats", draw_boat),
        _category("chair", "chairs", draw_chair),
        _category("apple", "apples", draw_apple),
        _category("umbrella", "umbrellas", draw_umbrella),
    )
}


@lru_cache(maxsize=1024)
def sketch_of(category: str, color: str) -> Sketch:
    """The recorded drawing of a category in a colour.

    Raises:
        ValueError: the category or the colour is unknown.
    """
    if category not in CATEGORIES:
        raise ValueError(f"unknown category {category!r}: use one of {', '.join(CATEGORIES)}")
    canvas = Canvas()
    CATEGORIES[category].draw(canvas, Palette.of(color))
    return canvas.sketch()
