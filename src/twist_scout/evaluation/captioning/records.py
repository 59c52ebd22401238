"""What grounded captioning is scored from: a caption, and every annotated object of its picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twist_scout.boxes.box import Box
from twist_scout.boxes.grounded import GroundedText

Rectangle = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class TrueObject:
    """An annotated object, in COCO's own form and to its last digit.

    Attributes:
        name: its class.
        bbox: left, top, width and height in pixels of the original image.
        area: what COCO's size classes go by (that of the segmentation where there is one), in square pixels; None for
            the box's own.
        crowd: whether the box is around many things of a kind; boxes in it are neither right nor wrong.
    """

    name: str
    bbox: Rectangle
    area: float | None = None
    crowd: bool = False


@dataclass(frozen=True, slots=True)
class CaptioningRecord:
    """A grounded caption and what is in its picture.

    Attributes:
        prediction: the caption with its boxes; None where nothing was predicted, so that all objects are missed.
        width: width of the original image in pixels; COCO's size classes are in pixels.
        height: height of the original image in pixels.
        truth: every object, as (class name, box) or as COCO has it.
        id: of the image; empty for its place among the records.
        score: of the caption, for the score policy ``given``.
        image: the picture's file name.
    """

    prediction: str | GroundedText | None
    width: int
    height: int
    truth: Sequence[tuple[str, Box] | TrueObject]
    id: str = ""
    score: float | None = None
    image: str | None = None

    def objects(self) -> list[TrueObject]:
        """The truth in COCO's form."""
        return [thing if isinstance(thing, TrueObject) else self._in_pixels(*thing) for thing in self.truth]

    def _in_pixels(self, name: str, box: Box) -> TrueObject:
        return TrueObject(name, pixel_bbox(box, self.width, self.height))


def pixel_bbox(box: Box, width: int, height: int) -> Rectangle:
    """COCO's form of a box: left, top, width, height in pixels."""
    x1, y1, x2, y2 = box.to_pixels(width, height)
    return x1, y1, x2 - x1, y2 - y1
