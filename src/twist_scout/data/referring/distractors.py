"""Distractors: how many other things of the same class are in the picture. The more, the harder an expression is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from twist_scout.boxes.box import corner_iou
from twist_scout.data.records import PixelBox
from twist_scout.data.referring.expression import ReferringExpression, corners_of
from twist_scout.data.rows import read_json
from twist_scout.errors import BadInput, first_line

#: IoU from which an annotation is taken for the thing that an expression means.
SAME = 0.9


@dataclass(frozen=True, slots=True)
class Thing:
    """An annotation of a picture.

    Attributes:
        id: of the annotation.
        category: of its class.
        box: (x1, y1, x2, y2) in pixels.
    """

    id: Any
    category: Any
    box: PixelBox


def others_of_the_class(things: Iterable[Thing], category: Any) -> int:
    """How many things there are besides one of the given class."""
    return max(sum(thing.category == category for thing in things) - 1, 0)


class Surroundings:
    """Everything that is annotated in pictures, from a COCO annotation file; crowds are no single things and left out.

    Args:
        content: the file's content, with ``annotations``.
        name: what to call it in messages.

    Raises:
        BadInput: it is not in COCO's layout.
    """

    def __init__(self, content: Mapping[str, Any], name: str | Path) -> None:
        self._things: dict[str, list[Thing]] = defaultdict(list)
        try:
            for row in content["annotations"]:
                if not row.get("iscrowd"):
                    thing = Thing(row.get("id"), row.get("category_id"), _corners(row.get("bbox")))
                    self._things[str(row["image_id"])].append(thing)
        except (TypeError, KeyError, AttributeError) as error:
            raise BadInput(f"{name} is no COCO annotation file ({first_line(error)}).") from error

    @classmethod
    def read(cls, path: str | Path) -> Surroundings:
        """From a file such as ``instances_train2014.json``.

        Raises:
            BadInput: it cannot be read, or is no COCO annotation file.
        """
        content = read_json(Path(path))
        if not isinstance(content, dict):
            raise BadInput(f"{path} is no COCO annotation file: it has no annotations.")
        return cls(content, path)

    def things(self, image_id: Any) -> list[Thing]:
        """What is annotated in a picture."""
        return self._things.get(str(image_id), [])

    def distractors(self, expression: ReferringExpression) -> int | None:
        """How many other things of its class there are beside the one that an expression means; None where it is not found.

        It is found by its annotation's id, else as the annotation with nearly the same box.
        """
        things = self.things(expression.meta.get("image_id"))
        ann_id = expression.meta.get("ann_id")
        meant = next((thing for thing in things if ann_id is not None and str(thing.id) == str(ann_id)), None)
        if meant is None and things:
            best = max(things, key=lambda thing: corner_iou(thing.box, expression.box))
            meant = best if corner_iou(best.box, expression.box) >= SAME else None
        return None if meant is None else others_of_the_class(things, meant.category)


def _corners(box: Any) -> PixelBox:
    """The corners of an annotation; a box without area, which is nobody's, where it has none that can be used."""
    try:
        x1, y1, x2, y2 = corners_of(box)
    except ValueError:
        return (0.0, 0.0, 0.0, 0.0)
    return (x1, y1, x2, y2)


def with_distractors(
    expressions: Iterable[ReferringExpression], surroundings: Surroundings
) -> Iterator[ReferringExpression]:
    """The same expressions with ``meta["distractors"]`` where it can be told."""
    for expression in expressions:
        found = surroundings.distractors(expression)
        known = expression if found is None else replace(expression, meta={**expression.meta, "distractors": found})
        yield known
