"""What is asked for: one query for each annotation of a picture with few of them, as PIN does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from twist_scout.boxes.box import Box, Corners
from twist_scout.errors import BadInput

MAX_OBJECTS = 3
"""A picture with more annotations is left out (§5.1, Table 1)."""


@dataclass(frozen=True, slots=True)
class LocalizationQuery:
    """An object to be found by the name of its class.

    Two objects of one class in one picture are two queries with the same words and different boxes.

    Attributes:
        id: of the annotation (COCO, LVIS); picture and place in the file (``000001-2``) where annotations have none.
        image: the picture's name as the annotations have it.
        name: the class in plain words.
        width: pixels of the original picture.
        height: pixels of the original picture.
        box: x1, y1, x2, y2 in pixels of the original picture, as annotated.
        resized: the box in PIN's square of 224 pixels (`twist_scout.evaluation.localization.frames`).
        area: in pixels of the original picture: the annotation's own where it has one, else the box's.
        crowd: whether the annotation is a crowd (COCO) or difficult (VOC). PIN counts those like any other.
    """

    id: str
    image: str
    name: str
    width: int
    height: int
    box: Corners
    resized: Corners
    area: float
    crowd: bool = False

    @property
    def truth(self) -> Box:
        """The box in fractions of the picture, cut at its border."""
        x1, y1, x2, y2 = self.box
        return Box.from_pixels(
            min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2), width=self.width, height=self.height, clip=True
        )


@dataclass(frozen=True, slots=True)
class LocalizationSubset:
    """The pictures of a data set that have few annotations.

    Attributes:
        dataset: ``coco``, ``lvis``, ``voc`` or ``toyworld``.
        queries: one for each annotation, picture by picture.
        images: how many pictures are in the subset.
        all_images: how many the file has.
        max_objects: the most annotations a picture may have; None: any number.
    """

    dataset: str
    queries: tuple[LocalizationQuery, ...]
    images: int
    all_images: int
    max_objects: int | None = MAX_OBJECTS

    @property
    def rule(self) -> str:
        """Which pictures are in the subset, in words."""
        if self.max_objects is None:
            return "ones with an annotation"
        return f"ones with 1 to {self.max_objects} annotations, crowd and difficult ones counted"


def subset_of(
    dataset: str,
    pictures: Iterable[Sequence[LocalizationQuery]],
    max_objects: int | None = MAX_OBJECTS,
    *,
    path: object = "",
) -> LocalizationSubset:
    """Keep the pictures that have at least one annotation and at most so many.

    Args:
        dataset: its name.
        pictures: the queries of each picture, of pictures without annotations too.
        max_objects: the limit; None: none.
        path: of the annotations, for messages.

    Raises:
        BadInput: no picture is left, or two queries have one id.
    """
    kept: list[LocalizationQuery] = []
    images = total = 0
    for queries in pictures:
        total += 1
        if queries and (max_objects is None or len(queries) <= max_objects):
            images += 1
            kept += queries
    if not kept:
        raise BadInput(
            f"None of the {total:,} pictures of {path or dataset} has 1 to {max_objects or 'any number of'} annotations: "
            "is it the right file?"
        )
    seen: set[str] = set()
    for query in kept:
        if query.id in seen:
            raise BadInput(f"{path or dataset} has two annotations with the id {query.id!r}: answers are joined by id.")
        seen.add(query.id)
    return LocalizationSubset(dataset, tuple(kept), images, total, max_objects)
