"""The registry of things the toy world can draw: spoken name, COCO class, shape."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from twist_scout.toyworld.drawing import animals, cycles, farm, food, furniture, gear, household, vehicles
from twist_scout.toyworld.drawing.canvas import Canvas, Sketch
from twist_scout.toyworld.drawing.colors import Slots
from twist_scout.toyworld.drawing.people import PEOPLE, Person, Pose, draw_person

Draw = Callable[[Canvas, Slots], None]


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of thing.

    Attributes:
        name: what people of the toy world call it.
        plural: of more than one.
        coco: its class in COCO.
        settings: where it is usually seen.
        draw: how it looks; people are drawn by figure instead.
    """

    name: str
    plural: str
    coco: str
    settings: frozenset[str]
    draw: Draw | None = None


def _thing(name: str, draw: Draw, settings: str, *, coco: str = "", plural: str = "") -> Category:
    return Category(name, plural or f"{name}s", coco or name, frozenset(settings.split()), draw)


_OUTSIDE, _INSIDE = "beach street park lake snow", "room kitchen"
CATEGORIES: dict[str, Category] = {
    category.name: category
    for category in (
        *(
            Category(name, plural, "person", frozenset(f"{_OUTSIDE} {_INSIDE}".split()))
            for name, plural in zip(PEOPLE, ("men", "women", "boys", "girls"), strict=True)
        ),
        _thing("dog", animals.draw_dog, f"{_OUTSIDE} {_INSIDE}"),
        _thing("cat", animals.draw_cat, f"{_INSIDE} street park"),
        _thing("bird", animals.draw_bird, _OUTSIDE),
        _thing("horse", farm.draw_horse, "park beach snow"),
        _thing("cow", farm.draw_cow, "park lake"),
        _thing("sheep", farm.draw_sheep, "park snow", plural="sheep"),
        _thing("elephant", farm.draw_elephant, "park lake"),
        _thing("car", vehicles.draw_car, "street snow"),
        _thing("bus", vehicles.draw_bus, "street", plural="buses"),
        _thing("truck", cycles.draw_truck, "street snow"),
        _thing("boat", vehicles.draw_boat, "lake beach"),
        _thing("bicycle", cycles.draw_bicycle, "street park beach"),
        _thing("motorcycle", cycles.draw_motorcycle, "street"),
        _thing("chair", furniture.draw_chair, f"{_INSIDE} beach"),
        _thing("bench", furniture.draw_bench, "park street lake", plural="benches"),
        _thing("couch", furniture.draw_couch, "room", plural="couches"),
        _thing("bed", furniture.draw_bed, "room"),
        _thing("apple", food.draw_apple, "kitchen park"),
        _thing("banana", food.draw_banana, "kitchen"),
        _thing("pizza", food.draw_pizza, "kitchen"),
        _thing("cake", food.draw_cake, "kitchen room"),
        _thing("plant", household.draw_plant, f"{_INSIDE} street", coco="potted plant"),
        _thing("ball", gear.draw_ball, "beach park room", coco="sports ball"),
        _thing("kite", gear.draw_kite, "beach park snow"),
        _thing("frisbee", gear.draw_frisbee, "beach park"),
        _thing("surfboard", gear.draw_surfboard, "beach lake"),
        _thing("skateboard", gear.draw_skateboard, "street park"),
        _thing("umbrella", gear.draw_umbrella, "beach street lake"),
        _thing("cup", household.draw_cup, "kitchen room"),
        _thing("book", household.draw_book, "room kitchen"),
        _thing("clock", household.draw_clock, "room kitchen"),
        _thing("teddy bear", household.draw_teddy_bear, "room"),
    )
}


@dataclass(frozen=True, slots=True)
class Figure:
    """How a person is drawn: pose, with a hat or without, in a dress or in shirt and trousers."""

    pose: Pose
    hat: bool
    dress: bool


@cache
def sketch_of(category: str, figure: Figure | None = None) -> Sketch:
    """The recorded drawing of a category; of a person, in a figure.

    Raises:
        ValueError: the category is unknown, or a person has no figure.
    """
    if category not in CATEGORIES:
        raise ValueError(f"unknown category {category!r}: use one of {', '.join(CATEGORIES)}")
    canvas = Canvas()
    draw = CATEGORIES[category].draw
    if draw is not None:
        draw(canvas, Slots("body"))
    elif figure is None:
        raise ValueError(f"a {category} is drawn in a figure: say its pose, hat and dress")
    else:
        kind: Person = category  # type: ignore[assignment]  # every category without a drawing is a person
        draw_person(canvas, kind, figure.pose, hat=figure.hat, dress=figure.dress)
    return canvas.sketch()
