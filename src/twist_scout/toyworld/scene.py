"""Scenes: what is in a picture, before a single pixel is drawn.

A scene is sampled from a seed and is the exact truth about its picture: which people and things, in which colours and
sizes, where, and who does what with what. Drawing it (:mod:`twist_scout.toyworld.drawing`) adds what only pixels
know: what of each can be seen.

Two streams of seeds never meet: ``split="train"`` and ``split="test"``. Some (kind, colour) pairs and some (kind,
verb, kind) relations are kept out of the first altogether, and so are pictures of six; ``variant`` asks for them, so
that a score on each says what was generalised and not remembered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image

from twist_scout.boxes.box import Box
from twist_scout.toyworld.casting import HELD_OUT_PAIRS, HELD_OUT_RELATIONS, MAX_OBJECTS, Variant, cast
from twist_scout.toyworld.drawing import (
    CATEGORIES,
    PEOPLE,
    Domain,
    Placed,
    draw_scene,
    image_of,
    measure_scene,
)
from twist_scout.toyworld.placing import crowded, place
from twist_scout.toyworld.staging import Unit, Verb

Split = Literal["train", "test"]
Rng = np.random.Generator

#: An object of which less than this share can be seen is not put into a scene; of a partner in an interaction less may be seen.
MIN_VISIBLE, MIN_VISIBLE_PARTNER = 0.55, 0.35
_STREAM: dict[str, int] = {"train": 0x7EAC5, "test": 0x7E58}
_VARIANTS: dict[Variant, int] = {"plain": 0, "pairs": 1, "relations": 2, "crowded": 3}
#: Side, in pixels, of the drawing from which a scene's visible boxes are measured.
_TRUTH_SIZE = 200
#: Parts smaller than this many pixels there, or mostly hidden, are not spoken of.
_MIN_PART = 24


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a person.

    Attributes:
        name: ``head``, ``hand``, ``hat``, ``shirt``, ``trousers`` or ``dress``.
        color: a garment's colour name.
        box: what can be seen of it, in [0, 1] of the picture (of both hands together).
        visible: share of it that nothing else covers.
    """

    name: str
    color: str | None
    box: Box
    visible: float


@dataclass(frozen=True, slots=True)
class SceneObject:
    """One person or thing in a scene.

    Attributes:
        kind: a key of ``CATEGORIES``: what it is called.
        placed: its full (unoccluded) box in [0, 1], its colours, and whether it is mirrored.
        size: ``small``, ``medium``, ``large``, or an empty string between two of them.
        box: what can be seen of it, in [0, 1] of the picture.
        visible: share of its silhouette that no later object covers, in (0, 1].
        parts: of a person, what can be seen of clothes and body.
    """

    kind: str
    placed: Placed
    size: str
    box: Box
    visible: float
    parts: tuple[Part, ...] = ()

    @property
    def category(self) -> str:
        """Its class in COCO."""
        return CATEGORIES[self.kind].coco

    @property
    def person(self) -> bool:
        """Whether it is a person."""
        return self.kind in PEOPLE

    @property
    def color(self) -> str | None:
        """The colour of a thing; people have none."""
        return self.placed.colors.get("body")

    def wears(self, garment: str) -> str | None:
        """The colour of a garment, or ``None`` where it is not worn or cannot be seen."""
        return next((p.color for p in self.parts if p.name == garment), None)

    @property
    def pair(self) -> tuple[str, str]:
        """(kind, colour); for people the colour of shirt or dress."""
        colors = self.placed.colors
        return (self.kind, colors.get("body") or colors.get("shirt") or colors["dress"])

    @property
    def held_out(self) -> bool:
        """Whether its pair is one of :data:`HELD_OUT_PAIRS`."""
        return self.pair in HELD_OUT_PAIRS


@dataclass(frozen=True, slots=True)
class Interaction:
    """Object ``subject`` is ``verb`` object ``object``: indexes into the scene's objects."""

    subject: int
    verb: Verb
    object: int


@dataclass(frozen=True, slots=True)
class Scene:
    """Objects from back to front in a setting; a value that redraws to the same pixels every time."""

    seed: int
    split: str
    setting: str
    objects: tuple[SceneObject, ...]
    interactions: tuple[Interaction, ...] = ()
    variant: Variant = "plain"

    @property
    def held_out(self) -> bool:
        """Whether it shows anything that training never does."""
        return (
            any(o.held_out for o in self.objects)
            or len(self.objects) >= MAX_OBJECTS
            or any(self.relation_held_out(i) for i in self.interactions)
        )

    def relation_held_out(self, interaction: Interaction) -> bool:
        """Whether training never shows this relation."""
        kinds = (self.objects[interaction.subject].kind, interaction.verb, self.objects[interaction.object].kind)
        return kinds in HELD_OUT_RELATIONS

    def partner(self, subject: int, verb: Verb) -> list[int]:
        """What object ``subject`` is ``verb``."""
        return [i.object for i in self.interactions if i.subject == subject and i.verb == verb]


@dataclass(frozen=True, slots=True)
class Rendered:
    """A drawn scene.

    Attributes:
        image: RGB picture, ``size`` x ``size``.
        ids: (size, size) uint8; 0 is background, k the k-th object of the scene.
        parts: (size, size) uint8; 0 is no part, p the p-th of ``part_names``.
        part_names: (object index, part name).
        boxes: visible pixel boxes (x1, y1, x2, y2), right and bottom exclusive, one per object.
    """

    image: Image.Image
    ids: np.ndarray
    parts: np.ndarray
    part_names: tuple[tuple[int, str], ...]
    boxes: tuple[tuple[int, int, int, int], ...]

    def part_box(self, index: int, name: str) -> tuple[int, int, int, int] | None:
        """Visible pixel box of a part, or ``None`` where nothing of it is seen."""
        if (index, name) not in self.part_names:
            return None
        return _extent(self.parts == self.part_names.index((index, name)) + 1)


def sample_scene(seed: int, *, split: Split = "test", variant: Variant = "plain", objects: int | None = None) -> Scene:
    """Draw the lots for one scene.

    Args:
        seed: any non-negative integer; the same seed gives the same scene for ever.
        split: which of the two streams of scenes the seed counts in.
        variant: ``pairs``: one thing in a held-out colour; ``relations``: a held-out relation; ``crowded``: six objects. Only for
            ``split="test"``.
        objects: how many, 1 to ``MAX_OBJECTS`` - 1; by lot if not given.

    Raises:
        ValueError: a held-out variant was asked of the training stream, or there is no such number of objects.
    """
    if variant != "plain" and split == "train":
        raise ValueError("what is held out is never sampled for training: use split='test'")
    if variant == "crowded":
        objects = MAX_OBJECTS
    elif objects is not None and not 1 <= objects < MAX_OBJECTS:
        raise ValueError(
            f"a scene has 1 to {MAX_OBJECTS - 1} objects, not {objects}; variant='crowded' has {MAX_OBJECTS}"
        )
    rng = np.random.default_rng([_STREAM[split], _VARIANTS[variant], seed])
    while True:
        setting, units = cast(rng, variant, objects)
        for _ in range(12):
            scene = _try(rng, setting, units, seed, split, variant)
            if scene is not None:
                return scene


def draw_count(rng: Rng, weights: Sequence[float]) -> int:
    """A number of objects by lot: ``weights[n]`` says how often, relatively, a scene has n + 1."""
    shares = np.array(weights, dtype=float)
    return 1 + int(rng.choice(len(shares), p=shares / shares.sum()))


def render(scene: Scene, size: int = 240, *, antialias: int = 2, domain: Domain = "picture") -> Rendered:
    """Draw a scene at ``size`` x ``size`` pixels.

    Boxes are measured in the drawing itself: the visible silhouette of an object, at this resolution.
    """
    placed = [o.placed for o in scene.objects]
    drawing = draw_scene(placed, scene.setting, seed=scene.seed, size=size, antialias=antialias, domain=domain)
    boxes = tuple(_extent(drawing.ids == k + 1) or (0, 0, 1, 1) for k in range(len(placed)))
    return Rendered(image_of(drawing), drawing.ids, drawing.parts, drawing.part_names, boxes)


def size_word(placed: Placed) -> str:
    """``small``, ``medium`` or ``large``; empty between two of them, where people would argue."""
    mean = ((placed.x2 - placed.x1) * (placed.y2 - placed.y1)) ** 0.5
    if mean <= 0.24:
        return "small"
    if 0.27 <= mean <= 0.36:
        return "medium"
    return "large" if mean >= 0.41 else ""


def _try(rng: Rng, setting: str, units: list[Unit], seed: int, split: str, variant: Variant) -> Scene | None:
    """One attempt to place the units; ``None`` where they hide one another."""
    groups = []
    for unit in units:
        group = place(rng, setting, unit, len(units))
        if group is None:
            return None
        groups.append(group)
    if crowded(groups):
        return None
    # Nearer is lower: what stands lower in the picture is drawn later.
    order = sorted(range(len(groups)), key=lambda n: max(p.y2 for p in groups[n].values()))
    placed: list[Placed] = []
    index: dict[tuple[int, int], int] = {}
    for n in order:
        for member, item in groups[n].items():
            index[n, member] = len(placed)
            placed.append(item)
    drawing = measure_scene(placed, size=_TRUTH_SIZE)
    joined = {index[n, m] for n, unit in enumerate(units) if unit.interactions for m in range(len(unit.members))}
    objects = []
    for k, item in enumerate(placed):
        mask = drawing.ids == k + 1
        extent = _extent(mask)
        if extent is None:
            return None
        visible = min(1.0, float(mask.sum()) / drawing.areas[k])
        if visible < (MIN_VISIBLE_PARTNER if k in joined else MIN_VISIBLE):
            return None
        box = Box.from_pixels(*extent, width=_TRUTH_SIZE, height=_TRUTH_SIZE)
        parts = tuple(_parts(drawing.parts, drawing.part_names, drawing.part_areas, k, item))
        objects.append(SceneObject(item.category, item, size_word(item), box, visible, parts))
    interactions = tuple(
        Interaction(index[n, 0], verb, index[n, m]) for n, unit in enumerate(units) for verb, m in unit.interactions
    )
    return Scene(seed, split, setting, tuple(objects), interactions, variant)


def _parts(
    shown: np.ndarray, names: tuple[tuple[int, str], ...], areas: tuple[int, ...], k: int, item: Placed
) -> list[Part]:
    found = []
    for n, (owner, name) in enumerate(names):
        if owner != k or areas[n] == 0:
            continue
        mask = shown == n + 1
        pixels, extent = int(mask.sum()), _extent(mask)
        if extent is None or pixels < _MIN_PART or pixels < 0.5 * areas[n]:
            continue
        box = Box.from_pixels(*extent, width=_TRUTH_SIZE, height=_TRUTH_SIZE)
        found.append(Part(name, item.colors.get(name), box, min(1.0, pixels / areas[n])))
    return found


def _extent(mask: np.ndarray) -> tuple[int, int, int, int] | None:
    columns, rows = np.flatnonzero(mask.any(0)), np.flatnonzero(mask.any(1))
    if not len(columns):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
